// Writes to pods by those who schedule, run and evict them. Between a read and its write nothing comes: the API is synchronous.
import { isDeepStrictEqual } from "node:util";

import type { Api } from "../api.ts";
import type { Clock } from "../clock.ts";
import type { Pod, PodStatus } from "./pod.ts";
import { withConditions } from "./pod-status.ts";

/** The pod as it is now; undefined if it is gone, and its name, perhaps, another's. */
export function currentPod(api: Api, { metadata: { namespace, name, uid } }: Pod): Pod | undefined {
  const pod = api.get<Pod>("pods", { namespace, name });
  return pod?.metadata.uid === uid ? pod : undefined;
}

/** Writes what `change` makes of the present status, if that is anything else. */
export function writeStatus(api: Api, pod: Pod, change: (status: PodStatus) => PodStatus): Pod | undefined {
  const current = currentPod(api, pod);
  if (!current) return undefined;
  const status = change(current.status ?? {});
  return isDeepStrictEqual(status, current.status) ? current : api.updateStatus<Pod>("pods", { ...current, status });
}

/** Why somebody disrupts a pod: the reason and the words of its condition. Source: `DisruptionTarget` of Kubernetes. */
const disruptions = {
  PreemptionByScheduler: "default-scheduler: preempting to accommodate a higher priority pod",
  DeletionByTaintManager: "Taint manager: deleting due to NoExecute taint",
  EvictionByEvictionAPI: "Eviction API: evicting",
  DeletionByPodGC: "PodGC: node no longer exists",
} as const;

type DisruptionReason = keyof typeof disruptions;

/** Says in the pod's conditions that it is disrupted. */
export function markDisrupted(api: Api, clock: Clock, pod: Pod, reason: DisruptionReason): void {
  const said = { type: "DisruptionTarget", status: "True", reason, message: disruptions[reason] } as const;
  writeStatus(api, pod, (status) => ({
    ...status,
    conditions: withConditions(status.conditions ?? [], [said], clock.now()),
  }));
}

/** Deletes the pod that `pod` was read as, and no namesake. `graceSeconds` absent: as long as the pod asks for. */
export function deletePod(api: Api, pod: Pod, graceSeconds?: number): void {
  const current = currentPod(api, pod);
  if (!current) return;
  const { namespace, name, uid } = current.metadata;
  const grace = graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds };
  api.delete("pods", { namespace, name }, { uid, ...grace });
}
