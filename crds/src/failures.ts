// Every reason of a failure in a person's words: what it means, how it is found out, and what to do about it. The page
// docs/reference/failures.md is made from this table, and `status.error.hint` is its last column.
import { FailureClass, InfrastructureReason, UserReason, type FailureReason, type FinalReason } from "./conditions.ts";

export interface FailureNote {
  readonly means: string;
  readonly detectedBy: string;
  /** Within which time, counted from the event. */
  readonly within: string;
  /** What whoever owns the run can do about it; at most `limits.hintLength` characters. */
  readonly hint: string;
}

const podEnd = "when the kubelet reports the pod's end";
const atOnce = "at once";
const atDueTime = "at its due time";
const beforeAnyPod = "the operator before any pod";
const report = "the runner's report";

const userNotes: Readonly<Record<UserReason, FailureNote>> = {
  TaskError: {
    means: "the function threw, or the entry point failed to import",
    detectedBy: report,
    within: atOnce,
    hint: "The error is the task's own. Its stack stands in status.error, what it printed in the log of the attempt's pod.",
  },
  TimedOut: {
    means: "the attempt ran longer than `timeoutSeconds`",
    detectedBy: `${report}; the operator at timeout + grace + 5 s; the kubelet by \`activeDeadlineSeconds\``,
    within: "at once; timeout + grace + 5 s",
    hint: "Raise timeoutSeconds, or split the work; listen to ctx.signal to end cleanly.",
  },
  OutOfMemory: {
    means: "the kernel killed the container, or V8's heap was exhausted",
    detectedBy:
      "container reason OOMKilled; exit 134 or 139 with `JavaScript heap out of memory` in the termination message",
    within: podEnd,
    hint: "Choose a larger instanceType, let retry.outOfMemory.instanceType name one, or hold less in memory at a time.",
  },
  StorageExceeded: {
    means: "the container wrote more than its ephemeral-storage limit, or an emptyDir more than its size",
    detectedBy: "pod reason Evicted without a DisruptionTarget, the container had started",
    within: podEnd,
    hint: "Write less to /tmp and the log, mount a volume by podTemplate, or use an instance type with more ephemeral-storage.",
  },
  Killed: {
    means: "exit 137, neither out of memory nor a recorded disruption",
    detectedBy: "exit code",
    within: podEnd,
    hint: "The process was killed from outside. A runtime that misses an out-of-memory kill tells it so, too: see whether more memory helps, and what the node's log says.",
  },
  ExitedWithoutReport: {
    means: "the process ended without a report, with any other code, 0 included",
    detectedBy: "exit code",
    within: podEnd,
    hint: "Return from the function instead of calling process.exit(), and look for a crash of native code in the attempt's log.",
  },
};

const infrastructureNotes: Readonly<Record<InfrastructureReason, FailureNote>> = {
  Preempted: {
    means: "the scheduler or the kubelet made room for another pod",
    detectedBy: "DisruptionTarget PreemptionByScheduler; pod reason Preempting",
    within: podEnd,
    hint: "Give the bundle's podTemplate a higher priorityClassName, add nodes, or raise maxInfrastructureRetries.",
  },
  Evicted: {
    means: "node pressure, a taint, a drain, or a kubelet that was started anew and would not have the pod again",
    detectedBy:
      "DisruptionTarget TerminationByKubelet, DeletionByTaintManager, EvictionByEvictionAPI; a refusal of a pod that had started",
    within: podEnd,
    hint: "Nodes were drained, tainted or short of memory or disk: see their events. Raise maxInfrastructureRetries if this is usual here.",
  },
  NodeShutdown: {
    means: "the node shut down gracefully",
    detectedBy: "DisruptionTarget TerminationByKubelet with pod reason Terminated",
    within: podEnd,
    hint: "Nodes shut down under the run, as spot nodes do. Raise maxInfrastructureRetries, or choose an instance type on steadier nodes.",
  },
  NodeLost: {
    means: "the node is gone or not Ready, and the pod is to be deleted",
    detectedBy: "deletionTimestamp while the node is not Ready or gone; DisruptionTarget DeletionByPodGC",
    within: "30 s after the node is tainted",
    hint: "Nodes stopped answering: see their conditions and events. What the lost attempt has done may be done again.",
  },
  PodDeleted: {
    means: "somebody deleted the pod, or it is gone unseen",
    detectedBy: "a deletion that is not ours; no object under a recorded uid",
    within: "when the pod has ended",
    hint: "Somebody deletes pods of runs; the API server's audit log tells who. To end a run, set spec.cancel.",
  },
  NeverStarted: {
    means: "the kubelet refused the pod, or it ended before its container started",
    detectedBy: "pod Failed and no container ever ran",
    within: "when the kubelet reports it",
    hint: "The node would not take the pod: see the message, and what else runs there beside the scheduler's back.",
  },
  StartTimeout: {
    means: "the container did not start within `startTimeoutSeconds`",
    detectedBy: "the operator's clock; pod reason DeadlineExceeded without a started container",
    within: atDueTime,
    hint: "Add capacity, choose a smaller instanceType, or raise startTimeoutSeconds.",
  },
  ReportLost: {
    means: "no gateway answered for five minutes and the report did not fit into 4,096 bytes",
    detectedBy: "the runner's note in the termination message",
    within: "when the pod has ended",
    hint: "Pods could not reach the operator: see whether it runs, and whether a NetworkPolicy keeps them from it.",
  },
};

const finalNotes: Readonly<Record<FinalReason, FailureNote>> = {
  NonRetryableError: {
    means: "the function threw a `NonRetryableError`",
    detectedBy: report,
    within: atOnce,
    hint: "The task itself said that trying again is pointless. Correct what it complains of, then stint retry, or trigger a new run.",
  },
  InvalidInput: {
    means: "the input does not bind to the task's parameters, or does not fit its schema",
    detectedBy: `${beforeAnyPod}; the runner again`,
    within: atOnce,
    hint: "Trigger a new run with an input that fits: stint tasks shows what the task takes.",
  },
  InputTooLarge: {
    means: "the input is over 524,288 bytes",
    detectedBy: beforeAnyPod,
    within: atOnce,
    hint: "Store the data elsewhere and pass a reference to it.",
  },
  InvalidSpec: {
    means: "a setting is out of bounds, or `spec.input` was changed after acceptance",
    detectedBy: "the operator",
    within: atOnce,
    hint: "Correct the setting that the message names and create a new run; never change the input of one that exists.",
  },
  ResultNotSerializable: {
    means: "the returned value is not JSON",
    detectedBy: report,
    within: atOnce,
    hint: "Return what JSON can hold: the message says where it cannot.",
  },
  ResultTooLarge: {
    means: "the result is over its limit, or does not fit into the object",
    detectedBy: `${report}, and the operator`,
    within: atOnce,
    hint: "Store the data elsewhere and return a reference to it.",
  },
  InvalidResult: {
    means: "the result does not fit its schema",
    detectedBy: report,
    within: atOnce,
    hint: "Correct the function or its resultSchema: the message says where they differ.",
  },
  TaskNotFound: {
    means: "the revision has no such task",
    detectedBy: beforeAnyPod,
    within: atOnce,
    hint: "Correct the name, or deploy the task: stint tasks lists those of a bundle.",
  },
  RevisionNotFound: {
    means: "the bundle has no such revision, or was deleted",
    detectedBy: "the operator before a pod",
    within: atOnce,
    hint: "Deploy the bundle and start a new run, or name a revision that is there.",
  },
  UnknownInstanceType: {
    means: "there is no such instance type",
    detectedBy: beforeAnyPod,
    within: atOnce,
    hint: "Choose one that kubectl get itype lists, or have an administrator add it.",
  },
  InstanceTypeForbidden: {
    means: "the instance type is not for this namespace",
    detectedBy: beforeAnyPod,
    within: atOnce,
    hint: "Choose another, or have an administrator add the namespace to the type's spec.namespaces.",
  },
  NoInstanceTypeFits: {
    means: "no instance type offers the cores and memory asked for",
    detectedBy: beforeAnyPod,
    within: atOnce,
    hint: "Ask for less, or have an administrator add a larger instance type.",
  },
  PodRejected: {
    means: "the API server refused the pod: invalid, forbidden, a foreign pod under its name",
    detectedBy: "the answer to the create",
    within: atOnce,
    hint: "The message is the API server's, or an admission policy's. Correct the bundle's podTemplate, or the policy.",
  },
  ImagePullFailed: {
    means: "the image can never be pulled, or could not be for max(300 s, `startTimeoutSeconds`)",
    detectedBy: "container waiting InvalidImageName, ErrImageNeverPull; ErrImagePull, ImagePullBackOff",
    within: "at once; the window",
    hint: "Check the image's name, that it is in the registry, and the bundle's imagePullSecrets.",
  },
  ContainerConfigFailed: {
    means: "the container could not be configured or started, or a volume does not mount",
    detectedBy: "container terminated StartError; waiting CreateContainerConfigError and others; FailedMount events",
    within: "at once; the window",
    hint: "Create the Secret, ConfigMap or volume that the message names, or take it out of the bundle; the image needs node.",
  },
  DeadlineExceeded: {
    means: "the run outlived its `deadlineSeconds`",
    detectedBy: "the operator's clock",
    within: atDueTime,
    hint: "Raise deadlineSeconds. Queueing, retries and their waits count, too: status.attempts shows where the time went.",
  },
  TreeLimitExceeded: {
    means: "the tree of runs is too deep or too large",
    detectedBy: "the gateway, when a child is started",
    within: atOnce,
    hint: "Start fewer runs in one tree, or have an administrator raise the chart's tree.depth or tree.size.",
  },
  UpstreamCycle: {
    means: "the run depends on itself, directly or through others",
    detectedBy: "the operator before a pod",
    within: atOnce,
    hint: "Take one of its dependencies out: by one of them, perhaps through others, it waits for itself.",
  },
  SubtaskFailed: {
    means: "a subtask that the run handed over, and that was not optional, failed for good",
    detectedBy: "the operator, from the subtask's end",
    within: atOnce,
    hint: "Look at the subtask that the message names; stint retry of this run does it again.",
  },
};

/** One note for each reason, in the order of the page. Source: S75. */
export const failureNotes: Readonly<Record<FailureReason, FailureNote>> = {
  ...userNotes,
  ...infrastructureNotes,
  ...finalNotes,
};

/** Who pays for a failure of that reason (S75). */
export function classOf(reason: FailureReason): FailureClass {
  if (Object.hasOwn(UserReason, reason)) return FailureClass.User;
  return Object.hasOwn(InfrastructureReason, reason) ? FailureClass.Infrastructure : FailureClass.Final;
}
