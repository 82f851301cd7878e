import { label } from "@stint/crds/labels";
import type { TaskRun } from "@stint/crds/taskrun";
import { taskRuns } from "@stint/operator/effects/resources";

import type { ObjectStore } from "./memory/object-store.ts";

/** The runs that there are, in the order in which they were created. */
export class RunList {
  readonly #runs = new Map<string, TaskRun>();

  /** `changed` is told of every change of any of them. */
  constructor(store: ObjectStore, changed: () => void) {
    store.watch(taskRuns, {}, "0", (event) => {
      if (event.type === "BOOKMARK") return;
      const run = event.object as TaskRun; // what is stored under taskruns
      if (event.type === "DELETED") this.#runs.delete(run.metadata.name);
      else this.#runs.set(run.metadata.name, run);
      changed();
    });
  }

  get(name: string): TaskRun | undefined {
    return this.#runs.get(name);
  }

  all(): readonly TaskRun[] {
    return [...this.#runs.values()];
  }

  /** Names of the runs of its tree, and of all trees that were triggered there: each came after the one that triggered it. */
  familyOf(name: string): ReadonlySet<string> {
    const run = this.get(name);
    if (!run) return new Set();
    const roots = new Set([rootUid(run)]);
    for (const { metadata } of this.all()) {
      const by = metadata.labels?.[label.triggeredBy];
      if (by !== undefined && roots.has(by)) roots.add(metadata.uid);
    }
    const family = this.all().filter((other) => roots.has(rootUid(other)));
    return new Set(family.map(({ metadata }) => metadata.name));
  }
}

function rootUid({ metadata }: TaskRun): string {
  return metadata.labels?.[label.rootUid] ?? metadata.uid;
}
