import { pods, taskRuns } from "@stint/operator/effects/resources";

import type { ObjectStore } from "./object-store.ts";

/** From now on what belongs to a run goes with it, as the garbage collector sees to it: its children and its pods. */
export function collectAfterRuns(store: ObjectStore): void {
  store.watch(taskRuns, {}, store.resourceVersion, ({ type }) => {
    if (type === "DELETED") queueMicrotask(() => store.collectGarbage([taskRuns, pods]));
  });
}
