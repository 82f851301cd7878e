// The ways to fail that are tried on a real cluster. A scenario names its cause, a measurement too, and the page of failures
// lists them all: see page.ts.
import type { FailureReason, LiveReason } from "@stint/crds/conditions";

export interface Cause {
  /** What happens, in a few words. */
  readonly what: string;
  readonly reason: FailureReason | LiveReason;
  /** Where the time that is measured begins; it ends when the run's status tells. */
  readonly from: string;
}

const podEnd = "the container's end";
const windowEnd = "the end of the window of 300 s";
const created = "the run's creation";

export const causes = {
  throws: { what: "the function throws", reason: "TaskError", from: podEnd },
  leaves: { what: "the process leaves without a report", reason: "ExitedWithoutReport", from: podEnd },
  outOfMemory: { what: "the container exceeds its memory limit", reason: "OutOfMemory", from: podEnd },
  childOutOfMemory: {
    what: "a program that the task started exceeds the memory limit",
    reason: "TaskError",
    from: podEnd,
  },
  storage: { what: "the pod exceeds its ephemeral-storage limit", reason: "StorageExceeded", from: podEnd },
  killed: { what: "somebody on the node kills the process", reason: "Killed", from: podEnd },
  deleted: { what: "`kubectl delete pod`", reason: "PodDeleted", from: podEnd },
  drained: { what: "a drain, through the Eviction API", reason: "Evicted", from: podEnd },
  politelyDrained: { what: "a drain, and the process exits 0 on SIGTERM", reason: "Evicted", from: podEnd },
  tainted: { what: "a NoExecute taint on the node", reason: "Evicted", from: podEnd },
  memoryPressure: { what: "memory pressure on the node", reason: "Evicted", from: podEnd },
  diskPressure: { what: "disk pressure on the node", reason: "Evicted", from: podEnd },
  preempted: { what: "the scheduler makes room for a higher priority", reason: "Preempted", from: podEnd },
  preemptedByKubelet: { what: "the kubelet makes room for a critical pod", reason: "Preempted", from: podEnd },
  nodeShutdown: { what: "the node shuts down gracefully", reason: "NodeShutdown", from: podEnd },
  nodeLost: {
    what: "the node is silent",
    reason: "NodeLost",
    from: "the node's silence, to the replacement's pod",
  },
  outOfCpu: { what: "the kubelet has no CPU left for the pod", reason: "NeverStarted", from: podEnd },
  outOfPods: { what: "the kubelet takes no more pods", reason: "NeverStarted", from: podEnd },
  startTimeout: { what: "no node has room in time", reason: "StartTimeout", from: "the end of the start timeout" },
  imageGone: { what: "the image cannot be pulled", reason: "ImagePullFailed", from: windowEnd },
  imageInvalid: { what: "the image's name is invalid", reason: "ImagePullFailed", from: created },
  secretMissing: { what: "a Secret of the environment is missing", reason: "ContainerConfigFailed", from: windowEnd },
  volumeMissing: { what: "a ConfigMap of a volume is missing", reason: "ContainerConfigFailed", from: windowEnd },
  refused: { what: "an admission policy refuses the pod", reason: "PodRejected", from: created },
  quota: { what: "a ResourceQuota is full", reason: "QuotaExceeded", from: created },
} as const satisfies Readonly<Record<string, Cause>>;

export type CauseId = keyof typeof causes;
