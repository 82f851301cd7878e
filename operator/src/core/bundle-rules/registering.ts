// The pod of a registration exists: it is heard, waited for, replaced where the cluster lost it, and given up where only
// another spec can help (S12, S13).
import { BundleReason, FinalReason, LiveReason, RegistrationState, UserReason } from "@stint/crds/conditions";
import { registrationPodName } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import type { Attempt } from "@stint/crds/taskrun";

import { infrastructureWaitMs } from "../backoff.ts";
import {
  conclude,
  isRegistering,
  registrationFailed,
  type OpenLook,
  type RegistrationFailure,
} from "../bundle-look.ts";
import type { BundleVerdict } from "../bundle-world.ts";
import { after, deletions, earliest, lookAgainMs } from "../look.ts";
import { manifestProblem } from "../manifest.ts";
import { containerOf, isEnded, outcomeOf, startedAt, type Outcome } from "../outcome.ts";
import { desiredRevision, pinImage } from "../revision.ts";
import { unstartable, waitingFor } from "../waiting.ts";
import type { OwnedPod } from "../world.ts";

/** How long a gateway has to have been ready before a silent runner is given up, as for a run (S68). */
const gatewayReadyMs = 35_000;

/** The pod has posted tasks with which the bundle cannot be Ready (S13). */
export function invalidManifest(look: OpenLook): BundleVerdict | undefined {
  const { bundle, current, manifest: posted, world } = look;
  if (!posted) return undefined;
  const { metadata, spec } = bundle;
  const context = { bundle: metadata.name, defaults: spec.defaults, instanceTypes: world.instanceTypes };
  const problem = manifestProblem(posted.manifest, context);
  const registering = { ...current, podUid: posted.podUid };
  return problem && registrationFailed(look, registering, problem, { manifest: "taken" });
}

/** The runner is faster than its kubelet: until the status shows the container, nobody knows the digest of its image. */
export function unseenImage({ bundle, manifest: posted, pod, status }: OpenLook): BundleVerdict | undefined {
  const reference = bundle.spec.source.image?.reference;
  if (!posted || reference === undefined || pinImage(reference, "").digest !== undefined) return undefined;
  return pod && startedAt(pod) ? undefined : { status, manifest: "early", actions: [] };
}

/** The pod has posted its tasks. The status follows once the ControllerRevision is there: see the story in bundle.ts. */
export function received({ bundle, current, manifest: posted, pod, status }: OpenLook): BundleVerdict | undefined {
  if (!posted) return undefined;
  const { revision, specHash } = current;
  const imageId = (pod && containerOf(pod)?.imageID) ?? "";
  const registered = { revision, specHash, manifest: posted.manifest, imageId };
  return {
    status,
    manifest: "checked",
    actions: [{ kind: "createRevision", revision: desiredRevision(bundle, registered) }],
  };
}

/** The cluster lost the pod: another attempt follows, on a budget of its own (S95, S96). */
export function replaced(look: OpenLook): BundleVerdict | undefined {
  const outcome = outcomeIn(look);
  if (outcome?.kind !== "Infrastructure") return undefined;
  const { bundle, current, now } = look;
  const { podUid: _, ...kept } = current;
  const made = current.infrastructureRetries ?? 0;
  const budget = limits.maxInfrastructureRetries.default;
  if (made >= budget) {
    const message = `infrastructure retries exhausted (${made} of ${budget}): ${outcome.message}`;
    return registrationFailed(look, current, { reason: BundleReason.InfrastructureFailed, message });
  }
  const attempt = current.attempt + 1;
  const requeueAt = after(now, infrastructureWaitMs(made));
  const registering = {
    ...kept,
    attempt,
    podName: registrationPodName(bundle.metadata, current.revision, attempt),
    infrastructureRetries: made + 1,
    nextRetryAt: requeueAt.toISOString(),
    reason: outcome.reason,
    message: `${outcome.reason}: ${outcome.message}`,
  };
  const { message: note, reason } = registering;
  return conclude(look, isRegistering(current.revision, note), {
    registering,
    actions: [{ kind: "recordEvent", type: "Warning", reason, note }],
    requeueAt,
  });
}

/** The process ended and its tasks never came. */
export function ended(look: OpenLook): BundleVerdict | undefined {
  const outcome = outcomeIn(look);
  return outcome && registrationFailed(look, withPod(look), failureOf(outcome, look.pod));
}

/** The container cannot start, and another pod could not either (S70). */
export function stuck(look: OpenLook): BundleVerdict | undefined {
  const problem = startProblem(look);
  if (!problem || "lookAgainAt" in problem) return undefined;
  return stopped(look, { reason: BundleReason[problem.reason], message: problem.message });
}

/** It has had its time, and a gateway was there to hear it. */
export function timedOut(look: OpenLook): BundleVerdict | undefined {
  const at = timeoutAt(look);
  if (at === undefined || at > look.now) return undefined;
  const message = `registration did not finish within ${limits.registrationSeconds} seconds`;
  return stopped(look, { reason: BundleReason.RegistrationTimedOut, message });
}

/** The pod lives and may still post. */
export function listening(look: OpenLook): BundleVerdict | undefined {
  const { current, pod, now } = look;
  if (!pod) return undefined;
  const registering = { ...withPod(look), state: RegistrationState.Registering };
  const { reason, message } = startedAt(pod) ? { reason: "", message: "" } : waitingFor(pod, now);
  const said = reason === LiveReason.Unschedulable || reason === LiveReason.PullingImage ? `${reason}: ${message}` : "";
  const problem = startProblem(look);
  const windowEnd = problem && "lookAgainAt" in problem ? problem.lookAgainAt : undefined;
  const requeueAt = earliest(timeoutAt(look), windowEnd, after(now, lookAgainMs));
  return conclude(look, isRegistering(current.revision, said), { registering, ...(requeueAt && { requeueAt }) });
}

/** Given up: the status says so first, then the pod goes, and with it whatever it might still say. */
function stopped(look: OpenLook, failure: RegistrationFailure): BundleVerdict {
  const actions = look.pod ? deletions([look.pod], failure.reason) : [];
  return registrationFailed(look, withPod(look), failure, { actions });
}

/** The registration with its pod's identity, by which a pod that vanishes is told from one that was never made. */
function withPod({ current, pod }: OpenLook): OpenLook["current"] {
  return pod ? { ...current, podUid: pod.metadata.uid } : current;
}

/** Read as the end of a run's attempt is, but no report counts: only what comes through the gateway registers anything. */
function outcomeIn({ current, pod, world, now }: OpenLook): Exclude<Outcome, { kind: "Succeeded" }> | undefined {
  if (!pod && current.podUid === undefined) return undefined; // the create is due
  const { attempt: number, podName, podUid } = current;
  const attempt: Attempt = {
    number,
    podName,
    ...(podUid !== undefined && { podUid }),
    instanceType: "starter",
    createdAt: pod?.metadata.creationTimestamp ?? now.toISOString(),
  };
  const node = pod?.spec.nodeName === undefined ? undefined : world.nodes.get(pod.spec.nodeName);
  const timeoutSeconds = limits.registrationSeconds;
  const outcome = outcomeOf(attempt, pod, { now, cancelStored: false, timeoutSeconds, ...(node && { node }) });
  return outcome?.kind === "Succeeded" ? { kind: "Canceled" } : outcome;
}

function failureOf(outcome: Outcome, pod: OwnedPod | undefined): RegistrationFailure {
  if (outcome.kind === "Final" && outcome.reason === FinalReason.ContainerConfigFailed) {
    return { reason: BundleReason.ContainerConfigFailed, message: outcome.message };
  }
  if (outcome.kind === "User" && outcome.reason === UserReason.TimedOut) {
    const message = `registration did not finish within ${limits.registrationSeconds} seconds`;
    return { reason: BundleReason.RegistrationTimedOut, message };
  }
  const exitCode = pod && containerOf(pod)?.state?.terminated?.exitCode;
  const why =
    outcome.kind === "User" && outcome.reason !== UserReason.ExitedWithoutReport ? ` (${outcome.reason})` : "";
  const message = `entry point exited with code ${exitCode ?? "unknown"} before registering tasks${why}`;
  return { reason: BundleReason.ExitedBeforeRegistering, message };
}

function startProblem({ pod, now, world }: OpenLook): ReturnType<typeof unstartable> {
  return pod && !isEnded(pod) ? unstartable(pod, undefined, now, world.mountFailure) : undefined;
}

/** 300 s from the start of the container, but a gateway is given time to hear what waited out its absence. */
function timeoutAt({ pod, now, world }: OpenLook): Date | undefined {
  const began = pod && startedAt(pod);
  if (!began) return undefined;
  const { gatewayReadySince } = world;
  const heardUntil = gatewayReadySince ? after(gatewayReadySince, gatewayReadyMs) : after(now, gatewayReadyMs);
  const over = after(began, limits.registrationSeconds * 1000);
  return over > heardUntil ? over : heardUntil;
}
