// A pod whose container has not started: what it waits for (S154), and when waiting is pointless (S70). The kubelet retries
// all the time, so a new pod would not help, and only the length of the wait tells a hiccup from a mistake.
import { FinalReason, LiveReason } from "@stint/crds/conditions";

import { containerOf, isEnded } from "./outcome.ts";
import type { OwnedPod, PodCondition } from "./world.ts";

export interface StartProblem {
  readonly reason: typeof FinalReason.ImagePullFailed | typeof FinalReason.ContainerConfigFailed;
  /** The kubelet's own. */
  readonly message: string;
}

export interface Waiting {
  readonly reason: typeof LiveReason.Starting | typeof LiveReason.PullingImage | typeof LiveReason.Unschedulable;
  /** Of the scheduler or the kubelet; empty if neither complains. */
  readonly message: string;
}

/** A scheduled pod may be unable to start for this long, or for its start timeout if that is longer (S70). */
const windowSeconds = 300;

/** A pull that is over sooner is not told: telling is a write of the status, and most images are there already. */
const tellPullAfterMs = 5000;

/** What the kubelet says of an image that it will never pull, and of one that it could not pull yet. */
const neverPulled: ReadonlySet<string> = new Set(["InvalidImageName", "ErrImageNeverPull"]);
const notPulled: ReadonlySet<string> = new Set(["ErrImagePull", "ImagePullBackOff"]);

const notConfigured: ReadonlySet<string> = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

/**
 * Why the pod will never start, or when to ask again while the kubelet still tries; `undefined` if nothing is wrong with it.
 *
 * While there is an answer the start timeout does not count (S70). `mountFailure` is the message of the pod's last
 * FailedMount event, which its status does not show: {@link needsMountEvents} says when it is worth a request.
 */
export function unstartable(
  pod: OwnedPod,
  startTimeoutSeconds: number | undefined,
  now: Date,
  mountFailure?: string,
): StartProblem | { readonly lookAgainAt: Date } | undefined {
  const problem = startProblem(pod, mountFailure);
  if (!problem) return undefined;
  const lookAgainAt = windowEnd(pod, startTimeoutSeconds);
  return neverPulled.has(waitingOf(pod)?.reason ?? "") || lookAgainAt <= now ? problem : { lookAgainAt };
}

/**
 * Whether a FailedMount event would decide what happens now.
 *
 * Only events tell a volume that does not mount from a sandbox that does not come up. The first is final at the end of the
 * window; the second is the cluster's, and another node may do better: it ends by its start timeout.
 */
export function needsMountEvents(pod: OwnedPod, startTimeoutSeconds: number | undefined, now: Date): boolean {
  if (!isCreating(pod)) return false;
  const timeoutMs = startTimeoutSeconds === undefined ? Infinity : startTimeoutSeconds * 1000;
  const timedOut = Date.parse(pod.metadata.creationTimestamp) + timeoutMs <= now.getTime();
  return timedOut || windowEnd(pod, startTimeoutSeconds) <= now;
}

/** What a live pod whose container has not started waits for. */
export function waitingFor(pod: OwnedPod, now: Date): Waiting {
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.status === "False") return { reason: LiveReason.Unschedulable, message: scheduled.message ?? "" };

  const { reason = "", message = "" } = waitingOf(pod) ?? {};
  if (neverPulled.has(reason) || notPulled.has(reason)) return { reason: LiveReason.PullingImage, message };
  if (isPulling(pod, now)) return { reason: LiveReason.PullingImage, message: "" };
  return { reason: LiveReason.Starting, message };
}

function startProblem(pod: OwnedPod, mountFailure: string | undefined): StartProblem | undefined {
  const { reason = "", message = "" } = waitingOf(pod) ?? {};
  if (neverPulled.has(reason) || notPulled.has(reason)) {
    return { reason: FinalReason.ImagePullFailed, message: message || reason };
  }
  if (notConfigured.has(reason)) return { reason: FinalReason.ContainerConfigFailed, message: message || reason };
  return mountFailure !== undefined && isCreating(pod)
    ? { reason: FinalReason.ContainerConfigFailed, message: mountFailure }
    : undefined;
}

function waitingOf(pod: OwnedPod): { readonly reason?: string; readonly message?: string } | undefined {
  const leaving = isEnded(pod) || pod.metadata.deletionTimestamp !== undefined;
  return leaving ? undefined : containerOf(pod)?.state?.waiting;
}

/** Volumes and sandbox come before the image; the condition turns True when both are there. */
function isCreating(pod: OwnedPod): boolean {
  const ready = conditionOf(pod, "PodReadyToStartContainers")?.status === "True";
  return waitingOf(pod)?.reason === "ContainerCreating" && !ready;
}

/** The kubelet names a pull only once it has failed: before, the sandbox is ready and the container is not there. */
function isPulling(pod: OwnedPod, now: Date): boolean {
  const ready = conditionOf(pod, "PodReadyToStartContainers");
  if (ready?.status !== "True" || waitingOf(pod)?.reason !== "ContainerCreating") return false;
  return now.getTime() - Date.parse(ready.lastTransitionTime ?? "") >= tellPullAfterMs;
}

function windowEnd(pod: OwnedPod, startTimeoutSeconds = 0): Date {
  const { startTime, conditions } = pod.status;
  const scheduled = conditions?.find(({ type, status }) => type === "PodScheduled" && status === "True");
  const since = scheduled?.lastTransitionTime ?? startTime ?? pod.metadata.creationTimestamp;
  return new Date(Date.parse(since) + Math.max(windowSeconds, startTimeoutSeconds) * 1000);
}

function conditionOf({ status }: OwnedPod, type: string): PodCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type);
}
