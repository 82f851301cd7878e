// How pods come to their ends: for every reason that a pod's end can have, what a kubelet and the rest of a cluster write
// (S75, S298). The operator reads the reason from that, as it would anywhere.
import { FinalReason, InfrastructureReason, UserReason } from "@stint/crds/conditions";
import { encodeTermination } from "@stint/crds/termination";

import type { Exit } from "./pod-states.ts";

const { TimedOut, OutOfMemory, StorageExceeded, Killed, ExitedWithoutReport } = UserReason;
const { ImagePullFailed, ContainerConfigFailed } = FinalReason;

/** The reasons that a pod's end can have. What a function itself does, throwing above all, is no fault. */
export const Fault = {
  TimedOut,
  OutOfMemory,
  StorageExceeded,
  Killed,
  ExitedWithoutReport,
  ...InfrastructureReason,
  ImagePullFailed,
  ContainerConfigFailed,
} as const;
export type Fault = (typeof Fault)[keyof typeof Fault];

interface Said {
  readonly reason: string;
  readonly message: string;
}

/** A pod that comes to its end, in the hands of who ends it. */
export interface DoomedPod {
  /** It is over before any container ran. */
  refuse(reason: string, message: string): void;
  /** Its container cannot be started. */
  wait(reason: string, message: string): void;
  disrupt(reason: string, message: string): void;
  /** Somebody wants the object gone. */
  markDeleted(): void;
  /** The process is gone at once. `said` is the kubelet's word about the pod. */
  exit(exit: Exit, said?: Said): void;
  /** The process is told to end, has its moment, and is gone. */
  leave(said?: Said): Promise<void>;
  /** The object is gone. */
  remove(): void;
  loseNode(): void;
}

interface Ending {
  /** Whether the container runs before, or never does. */
  readonly when: "running" | "starting";
  readonly end: (pod: DoomedPod) => void | Promise<void>;
}

const running = (end: Ending["end"]): Ending => ({ when: "running", end });
const starting = (end: Ending["end"]): Ending => ({ when: "starting", end });

/** Somebody else than the operator ends the pod, after having said so if there is something to say. */
const deleted = (why?: Said) =>
  running(async (pod) => {
    if (why) pod.disrupt(why.reason, why.message);
    pod.markDeleted();
    await pod.leave();
    pod.remove();
  });

const noGateway = encodeTermination({ kind: "lost", call: "POST report" }) ?? "";

export const endings: Readonly<Record<Fault, Ending>> = {
  TimedOut: running((pod) =>
    pod.exit(
      { exitCode: 137 },
      { reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline" },
    ),
  ),
  OutOfMemory: running((pod) => pod.exit({ exitCode: 137, reason: "OOMKilled" })),
  StorageExceeded: running((pod) =>
    pod.exit(
      { exitCode: 137 },
      { reason: "Evicted", message: 'Container task exceeded its local ephemeral storage limit "10Gi". ' },
    ),
  ),
  Killed: running((pod) => pod.exit({ exitCode: 137 })),
  ExitedWithoutReport: running((pod) => pod.exit({ exitCode: 1 })),
  Preempted: deleted({ reason: "PreemptionByScheduler", message: "preempting to accommodate a higher priority pod" }),
  Evicted: deleted({ reason: "EvictionByEvictionAPI", message: "Eviction API: evicting" }),
  NodeShutdown: running(async (pod) => {
    const message = "Pod was terminated in response to imminent node shutdown.";
    pod.disrupt("TerminationByKubelet", message);
    await pod.leave({ reason: "Terminated", message });
  }),
  NodeLost: running((pod) => pod.loseNode()),
  PodDeleted: deleted(),
  NeverStarted: starting((pod) =>
    pod.refuse("OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, capacity: 0"),
  ),
  StartTimeout: starting((pod) =>
    pod.refuse("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
  ),
  ReportLost: running((pod) => pod.exit({ exitCode: 1, message: noGateway })),
  ImagePullFailed: starting((pod) =>
    pod.wait("InvalidImageName", "couldn't parse image name: invalid reference format"),
  ),
  ContainerConfigFailed: starting((pod) =>
    pod.exit({ exitCode: 128, reason: "StartError", message: "failed to create containerd task: exec format error" }),
  ),
};
