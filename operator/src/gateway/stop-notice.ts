// Why an attempt is to end, in the words that its process is told (S169). Nothing is decided here: what the reconciler has
// stored, and what the cluster does to the pod, is put into one of four reasons.
import { ProtocolCode, type StopNotice } from "@stint/crds/attempt";
import { FinalReason, UserReason } from "@stint/crds/conditions";

import { beginning } from "../core/look.ts";
import { isCanceledFromAbove } from "../core/rerun.ts";
import type { ObservedRun, OwnedPod, World } from "../core/world.ts";
import type { GatewayDeps } from "./deps.ts";
import type { AttemptCaller } from "./identity.ts";
import { ProtocolRefusal } from "./refusal.ts";

/** The notice for an attempt, or `undefined` as long as it may go on. */
export function stopNoticeFor(
  caller: AttemptCaller,
  { observe }: Pick<GatewayDeps, "observe">,
): StopNotice | undefined {
  const { pods, world } = observe(caller.run);
  return cancelNotice(caller, world) ?? stopOf(caller) ?? disruptionOf(pods.find((pod) => isOf(pod, caller)));
}

/** Throws `Canceled` for a run on its way there, by itself or with its parent: nothing new starts (S125, S165). */
export function requireNotCanceling(caller: AttemptCaller, { observe }: Pick<GatewayDeps, "observe">): void {
  const notice = cancelNotice(caller, observe(caller.run).world);
  if (notice) throw new ProtocolRefusal(ProtocolCode.Canceled, notice.message);
}

function cancelNotice({ run }: AttemptCaller, { parent }: World): StopNotice | undefined {
  const { name } = run.metadata;
  if (run.spec.cancel === true) return { reason: "Canceled", message: `run ${name} was canceled` };
  if (!parent || !isCanceledFromAbove(run, parent)) return undefined;
  return { reason: "Canceled", message: `run ${name} was canceled with its parent ${parent.metadata.name}` };
}

/** A stop is stored before the operator deletes the pod (S101), so a deletion with one is ours. */
function stopOf({ attempt, run }: AttemptCaller): StopNotice | undefined {
  if (attempt.stop === undefined) return undefined;
  const { timeoutSeconds } = run.status?.resolved ?? {};
  switch (attempt.stop.reason) {
    case UserReason.TimedOut:
      return { reason: "TimedOut", message: `attempt exceeded its timeout of ${timeoutSeconds} second(s)` };
    case FinalReason.DeadlineExceeded:
      return { reason: "DeadlineExceeded", message: deadlineMessage(run) };
    default:
      return { reason: "Disrupted", message: `attempt was stopped: ${attempt.stop.reason}` };
  }
}

function deadlineMessage(run: ObservedRun): string {
  const { deadlineAt } = run.status ?? {};
  if (deadlineAt === undefined) return "run exceeded its parent's deadline"; // it has none of its own (S72)
  const seconds = Math.round((Date.parse(deadlineAt) - beginning(run).getTime()) / 1000);
  return `run exceeded its deadline of ${seconds} second(s)`;
}

/** Somebody else ends the pod: a drain, a preemption, a node that shuts down, a person. */
function disruptionOf(pod: OwnedPod | undefined): StopNotice | undefined {
  const target = pod?.status.conditions?.find(({ type, status }) => type === "DisruptionTarget" && status === "True");
  if (target) return { reason: "Disrupted", message: target.message ?? target.reason ?? "the pod is being disrupted" };
  return pod?.metadata.deletionTimestamp === undefined
    ? undefined
    : { reason: "Disrupted", message: "the pod is being deleted" };
}

function isOf(pod: OwnedPod, caller: AttemptCaller): boolean {
  return pod.metadata.uid === caller.pod.podUid;
}
