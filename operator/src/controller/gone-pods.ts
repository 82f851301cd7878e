// The last that was seen of pods that are gone. The event of a deletion carries a pod's last state, and where the pod failed and
// was deleted within a moment, nothing else says why its attempt ended: it would read PodDeleted, and the cluster would
// pay for the user's failure.
//
//   G1. One pod a live run: that of an attempt whose end the run does not tell yet.
//   G2. It is forgotten once the run tells of that end, and with the run. So memory follows the number of live runs.
import { recordsEndOf } from "../core/attempts.ts";
import type { ObservedRun, OwnedPod } from "../core/world.ts";
import type { GonePods } from "../effects/caches.ts";
import { controllerUid } from "../effects/reading.ts";
import type { Informers } from "./informers.ts";
import { ownerKeyOf } from "./owner.ts";

/** Remembers from now on, by the uid of the run. */
export function rememberGonePods({ runs, pods }: Pick<Informers, "runs" | "pods">): GonePods {
  const byRun = new Map<string, OwnedPod>();

  pods.subscribe({
    delete: (pod) => {
      const run = runs.cache.get(ownerKeyOf(pod, "TaskRun") ?? "");
      const isOpen = run && run.metadata.uid === controllerUid(pod) && !recordsEndOf(run, pod); // G1
      if (isOpen) byRun.set(run.metadata.uid, pod);
    },
  });
  const forget = ({ metadata }: ObservedRun): void => void byRun.delete(metadata.uid);
  runs.subscribe({
    update: (run) => {
      const pod = byRun.get(run.metadata.uid);
      if (pod && recordsEndOf(run, pod)) forget(run); // G2
    },
    delete: forget,
  });
  return byRun;
}
