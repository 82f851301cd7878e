// How an attempt ended: one reason and one class for every end that a pod can come to (S75, S298).
//
//   O1. The task container is judged, never the pod's phase alone: an injected sidecar keeps a finished pod Running.
//   O2. Once a stop or a cancel is stored no report counts, whichever way it came (S164).
//   O3. Otherwise a report wins over everything that the pod says later, and exit 0 without one is a failure (S76).
//   O4. DisruptionTarget is read on an ended pod only: on a live one it may be stale, and is then turned False later.
//   O5. An end by a signal is not read before the kubelet has had its last word, which may say that it was its own doing.
//   O6. Total: whatever a kubelet writes, an attempt that is over gets a reason, and its class follows from the reason.
import type { Report, ReportedError } from "@stint/crds/attempt";
import { podContract } from "@stint/crds/attempt";
import { FailureClass, FinalReason, InfrastructureReason, UserReason } from "@stint/crds/conditions";
import type { Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import type { Attempt } from "@stint/crds/taskrun";
import { decodeTermination } from "@stint/crds/termination";

import { isRejected, lastWordDueAt } from "./kubelet-words.ts";
import type { ContainerState, ContainerStatus, NodeState, OwnedPod } from "./world.ts";

/** How an attempt ended. A task that fails is not an error but a value: one of the three kinds of {@link Failure}. */
export type Outcome =
  | { readonly kind: "Succeeded"; readonly value: Json; readonly submitted?: number }
  /** Nobody pays for it, so it has no class (S101). */
  | { readonly kind: "Canceled" }
  | Failure;

export type Failure = FailureFacts &
  (
    | { readonly kind: typeof FailureClass.User; readonly reason: UserReason }
    | { readonly kind: typeof FailureClass.Infrastructure; readonly reason: InfrastructureReason }
    | { readonly kind: typeof FailureClass.Final; readonly reason: FinalReason }
  );

interface FailureFacts {
  /** For people; at most 4096 characters. */
  readonly message: string;
  /** What the task threw, if a report says so; its stack is not cut. */
  readonly error?: ReportedError;
  /** A RetryableError was thrown (S90). */
  readonly retryable?: boolean;
  /** The task's own `retryIf` has said no (S93). */
  readonly retryDenied?: boolean;
  /** The wait that a RetryAfter asked for, in milliseconds; at most a day (S92). */
  readonly retryAfterMs?: number;
}

/** What tells an attempt's end besides its record and its pod. */
export interface Seen {
  /** The pod's node; absent if the node is gone, or the pod was never on one. */
  readonly node?: NodeState;
  /** What the attempt's own runner has reported; the caller has checked that it is of this attempt's pod. */
  readonly report?: Report;
  readonly cancelStored: boolean;
  /** The timeout in force, for the message of {@link UserReason.TimedOut}. */
  readonly timeoutSeconds: number;
  readonly now: Date;
  /** `pod` is the last that was seen of a pod that no longer exists. */
  readonly podGone?: boolean;
}

/**
 * How the attempt ended, or `undefined` while it has not.
 *
 * It has ended once a report counts, or its pod has ended, is declared lost, or is gone. An attempt whose pod was never
 * seen is not over: its create is due (S98). Before it gives no pod for a recorded `podUid`, the caller makes sure that its
 * view of pods is not older than that record. Never throws. Source: S298, in its order.
 */
export function outcomeOf(attempt: Attempt, pod: OwnedPod | undefined, seen: Seen): Outcome | undefined {
  const over = isOver(attempt, pod, seen);
  if (seen.cancelStored) return over ? { kind: "Canceled" } : undefined; // O2
  if (attempt.stop) return over ? stopped(attempt, attempt.stop.reason, seen) : undefined; // O2
  if (seen.report) return reported(seen.report);
  if (!over) return undefined;
  if (!pod) return infrastructure(InfrastructureReason.PodDeleted, `pod ${attempt.podName} is gone`);
  return lastWords(pod) ?? (isUnsaid(pod, seen) ? undefined : readEnd({ attempt, pod, seen }));
}

/** When an end that is there, and not yet to be read, is to be read at the latest (O5). */
export function readableAt(pod: OwnedPod): Date | undefined {
  return lastWordDueAt(pod, terminatedOf(pod));
}

function isUnsaid(pod: OwnedPod, { podGone, node, now }: Seen): boolean {
  const dueAt = readableAt(pod);
  return dueAt !== undefined && dueAt > now && podGone !== true && !isDeclaredLost(pod, node);
}

/** The status of the container that is judged (O1). */
export function containerOf(pod: OwnedPod): ContainerStatus | undefined {
  return pod.status.containerStatuses?.find(({ name }) => name === podContract.container);
}

/** When the task container started, if it is known to have. Kubernetes stamps whole seconds. */
export function startedAt(pod: OwnedPod): Date | undefined {
  const { running, terminated } = containerOf(pod)?.state ?? {};
  const at = Date.parse(running?.startedAt ?? terminated?.startedAt ?? "");
  return at > 0 ? new Date(at) : undefined; // containerd dates what never started 1970
}

/** Whether the task container runs no more, for good: no pod of ours restarts one. */
export function isEnded(pod: OwnedPod): boolean {
  const { phase } = pod.status;
  return containerOf(pod)?.state?.terminated !== undefined || phase === "Succeeded" || phase === "Failed";
}

/**
 * Whether nobody will ever tell how the pod ended: somebody wants it gone and its kubelet does not answer (S98).
 *
 * `node` is absent if it is gone. A pod that is on no node is deleted without a kubelet, so it is never lost.
 */
export function isDeclaredLost({ metadata, spec }: OwnedPod, node: NodeState | undefined): boolean {
  return metadata.deletionTimestamp !== undefined && spec.nodeName !== undefined && node?.ready !== true;
}

function isOver(attempt: Attempt, pod: OwnedPod | undefined, { node, podGone, cancelStored }: Seen): boolean {
  if (pod) return podGone === true || isEnded(pod) || isDeclaredLost(pod, node);
  return attempt.podUid !== undefined || attempt.stop !== undefined || cancelStored;
}

/** The operator ended it: its record says why, and the pod need not be read. */
function stopped({ podName, error }: Attempt, reason: string, { timeoutSeconds }: Seen): Failure {
  const message = error?.message ?? stopMessage(reason, timeoutSeconds);
  if (isUserReason(reason)) return user(reason, message);
  if (isInfrastructureReason(reason)) return infrastructure(reason, message);
  if (isFinalReason(reason)) return final(reason, message);
  // Written by another version of the operator; the user is not to pay for what this one does not understand.
  return infrastructure(InfrastructureReason.PodDeleted, `pod ${podName} was stopped: ${reason}`);
}

function stopMessage(reason: string, timeoutSeconds: number): string {
  if (reason === UserReason.TimedOut) return timeoutMessage(timeoutSeconds);
  return reason === InfrastructureReason.StartTimeout ? "container did not start within its start timeout" : reason;
}

function reported(report: Report): Outcome {
  if (report.kind === "succeeded") {
    const { value, submitted } = report;
    return { kind: "Succeeded", value, ...(submitted !== undefined && { submitted }) };
  }
  const { reason, error, retryable, retryAfterMs, retryDenied } = report;
  if (isFinalReason(reason)) return { ...final(reason, error.message), error };
  const wait = retryAfterMs === undefined ? undefined : Math.min(Math.max(retryAfterMs, 0), longestWaitMs);
  return {
    // Whatever else a process writes into its own termination message, it has failed at the user's cost.
    ...user(reason === UserReason.TimedOut ? reason : UserReason.TaskError, error.message),
    error,
    ...(retryable && { retryable }),
    ...(retryDenied === true && { retryDenied }),
    ...(wait !== undefined && { retryAfterMs: wait }),
  };
}

const longestWaitMs = limits.delaysSeconds.max * 1000;

/** What the runner left in the termination message because no gateway answered (S53). */
function lastWords(pod: OwnedPod): Outcome | undefined {
  const words = decodeTermination(containerOf(pod)?.state?.terminated?.message ?? "");
  if (!words) return undefined;
  if (words.kind === "report") return reported(words.report);
  return infrastructure(InfrastructureReason.ReportLost, `no gateway answered the runner's call: ${words.call}`);
}

interface End {
  readonly attempt: Attempt;
  readonly pod: OwnedPod;
  readonly seen: Seen;
}

/** Ordered: the first that applies is the reason. Each may rely on those above it having stayed silent. */
const readings: readonly ((end: End) => Failure | undefined)[] = [
  nodeLost,
  disrupted,
  rejected,
  storageExceeded,
  deadlineExceeded,
  outOfMemory,
  startFailed,
  neverStarted,
  podDeleted,
  killed,
];

function readEnd(end: End): Failure {
  for (const reading of readings) {
    const failure = reading(end);
    if (failure) return failure;
  }
  return user(UserReason.ExitedWithoutReport, exitMessage(end));
}

function nodeLost({ pod, seen: { node } }: End): Failure | undefined {
  if (!isDeclaredLost(pod, node)) return undefined;
  const what = node ? "is not Ready" : "is gone";
  return infrastructure(InfrastructureReason.NodeLost, `node ${pod.spec.nodeName} ${what}`);
}

/** Whoever disrupts a pod says so in this condition; the kubelet's occasion is the pod's reason, node pressure what remains. */
function disrupted({ pod: { status } }: End): Failure | undefined {
  const condition = status.conditions?.find(({ type, status }) => type === "DisruptionTarget" && status === "True");
  if (!condition) return undefined;
  const { reason: occasion = "" } = condition;
  const reason = occasion === "TerminationByKubelet" ? byKubelet.get(status.reason ?? "") : byOthers.get(occasion);
  const message = status.message || condition.message || `disrupted: ${occasion}`;
  return infrastructure(reason ?? InfrastructureReason.Evicted, message);
}

const byKubelet: ReadonlyMap<string, InfrastructureReason> = new Map([
  ["Preempting", InfrastructureReason.Preempted],
  ["Terminated", InfrastructureReason.NodeShutdown],
]);

const byOthers: ReadonlyMap<string, InfrastructureReason> = new Map([
  ["PreemptionByScheduler", InfrastructureReason.Preempted],
  ["DeletionByTaintManager", InfrastructureReason.Evicted],
  ["EvictionByEvictionAPI", InfrastructureReason.Evicted],
  // The pod GC has found the node gone. That our own cache still shows it does not bring the pod back.
  ["DeletionByPodGC", InfrastructureReason.NodeLost],
]);

/** The kubelet would not have the pod, or, started anew, would not have it any longer. */
function rejected(end: End): Failure | undefined {
  if (!isRejected(end.pod.status)) return undefined;
  const { Evicted, NeverStarted } = InfrastructureReason;
  return infrastructure(hasStarted(end) ? Evicted : NeverStarted, podMessage(end));
}

/** Evicted without a disruption: the pod has used more storage than it asked for. */
function storageExceeded(end: End): Failure | undefined {
  if (end.pod.status.reason !== "Evicted" || !hasStarted(end)) return undefined;
  return user(UserReason.StorageExceeded, podMessage(end));
}

/** The kubelet's bound, which holds without the operator (S68). Not to be confused with a run's own deadline. */
function deadlineExceeded(end: End): Failure | undefined {
  if (end.pod.status.reason !== "DeadlineExceeded") return undefined;
  return hasStarted(end)
    ? user(UserReason.TimedOut, timeoutMessage(end.seen.timeoutSeconds))
    : infrastructure(InfrastructureReason.StartTimeout, podMessage(end));
}

const heapExhausted = "JavaScript heap out of memory";
/** How an abort reads: SIGABRT, or a trap where SIGABRT is ignored, as in process 1. */
const abortCodes: readonly number[] = [134, 139];

function outOfMemory({ pod }: End): Failure | undefined {
  const terminated = terminatedOf(pod);
  if (terminated?.reason === "OOMKilled") return user(UserReason.OutOfMemory, "container exceeded its memory limit");
  // A program may print these words and live on; only an abort makes them the cause (S296).
  const aborted = terminated !== undefined && abortCodes.includes(terminated.exitCode);
  return aborted && terminated.message?.includes(heapExhausted) === true
    ? user(UserReason.OutOfMemory, heapExhausted)
    : undefined;
}

function startFailed({ pod }: End): Failure | undefined {
  const { reason = "", message } = terminatedOf(pod) ?? {};
  return startFailures.has(reason) ? final(FinalReason.ContainerConfigFailed, message || reason) : undefined;
}

const startFailures: ReadonlySet<string> = new Set(["StartError", "ContainerCannotRun"]);

function neverStarted(end: End): Failure | undefined {
  return hasStarted(end) ? undefined : infrastructure(InfrastructureReason.NeverStarted, podMessage(end));
}

/**
 * Our own deletions of a live attempt's pod stand in its record before they are sent, so this one is somebody else's. A pod
 * that had ended before is removed at once, without a deletionTimestamp: what it ended of is known.
 */
function podDeleted({ pod, seen: { podGone } }: End): Failure | undefined {
  const { metadata } = pod;
  const deleted = metadata.deletionTimestamp !== undefined || (podGone === true && !isEnded(pod));
  return deleted ? infrastructure(InfrastructureReason.PodDeleted, `pod ${metadata.name} was deleted`) : undefined;
}

function killed(end: End): Failure | undefined {
  return terminatedOf(end.pod)?.exitCode === 137 ? user(UserReason.Killed, exitMessage(end)) : undefined;
}

/** A container in state terminated has run, except where the reason says that it could not, or that nobody knows. */
export function hasStarted({ attempt, pod }: Pick<End, "attempt" | "pod">): boolean {
  const { running, terminated } = containerOf(pod)?.state ?? {};
  if (attempt.startedAt !== undefined || pod.runningSeenAt !== undefined || running !== undefined) return true;
  if (terminated === undefined || startFailures.has(terminated.reason ?? "")) return false;
  return terminated.reason === "ContainerStatusUnknown" ? startedAt(pod) !== undefined : true;
}

function terminatedOf(pod: OwnedPod): ContainerState["terminated"] {
  return containerOf(pod)?.state?.terminated;
}

/** S76's words; whatever is out of the ordinary follows, since nobody can look at the pod again. */
function exitMessage({ pod }: End): string {
  const terminated = terminatedOf(pod);
  const words = terminated
    ? `process exited with code ${terminated.exitCode} before completing the task`
    : "pod ended before completing the task";
  const { reason = "" } = terminated ?? {};
  const odd = [pod.status.reason, pod.status.message, ordinaryReasons.has(reason) ? "" : reason].filter(Boolean);
  return odd.length === 0 ? words : `${words} (${odd.join(", ")})`;
}

const ordinaryReasons: ReadonlySet<string> = new Set(["", "Error", "Completed"]);

function podMessage({ pod: { metadata, status } }: End): string {
  const said = [status.reason, status.message].filter(Boolean).join(": ");
  return said || `pod ${metadata.name} ended before its container started`;
}

function timeoutMessage(timeoutSeconds: number): string {
  return `attempt exceeded its timeout of ${timeoutSeconds} second(s)`;
}

function user(reason: UserReason, message: string): Failure {
  return { kind: FailureClass.User, reason, message: bounded(message) };
}

function infrastructure(reason: InfrastructureReason, message: string): Failure {
  return { kind: FailureClass.Infrastructure, reason, message: bounded(message) };
}

function final(reason: FinalReason, message: string): Failure {
  return { kind: FailureClass.Final, reason, message: bounded(message) };
}

function bounded(message: string): string {
  return message.slice(0, limits.errorLength);
}

export function isUserReason(reason: string): reason is UserReason {
  return Object.hasOwn(UserReason, reason);
}

function isInfrastructureReason(reason: string): reason is InfrastructureReason {
  return Object.hasOwn(InfrastructureReason, reason);
}

export function isFinalReason(reason: string): reason is FinalReason {
  return Object.hasOwn(FinalReason, reason);
}
