// An attempt is live: its pod is made, seen to run, and waited for.
import { ConditionType, EventReason, FinalReason, LiveReason } from "@stint/crds/conditions";
import type { Attempt, TaskRunStatus } from "@stint/crds/taskrun";

import { withLastAttempt } from "../attempts.ts";
import type { Verdict } from "../decision.ts";
import { after, deletions, earliest, holdingPods, lookAgainMs, settle, unchanged, type Look } from "../look.ts";
import { inputTooLarge } from "../acceptance.ts";
import { containerOf, hasStarted, readableAt, startedAt, type Failure } from "../outcome.ts";
import { withoutProgress } from "../progress.ts";
import { waitingFor } from "../waiting.ts";
import { conditionOf, isTrue } from "../status.ts";
import type { OwnedPod, Refusal } from "../world.ts";
import { gaveUp } from "./ending.ts";
import { createPod, missingRevision } from "./starting.ts";
import { overdueAt } from "./stopping.ts";
import { resumed } from "./suspended.ts";

/** The Running write waits this long for an outcome that would make it needless (S154, S299). */
const runningDelayMs = 500;
/** A ServiceAccount that a namespace seconds old has not got yet is waited for (S195). */
const serviceAccountMs = 60_000;

/** The input is not the one that was accepted: CEL cannot see it, so its hash is compared (S158). */
export function altered(look: Look): Verdict | undefined {
  const { run, status } = look;
  if (status.inputHash === undefined || status.inputHash === run.input.hash) return undefined;
  const message = "spec.input changed after the run was accepted";
  return endedByUs({ ...look, report: undefined }, { kind: "Final", reason: FinalReason.InvalidSpec, message });
}

/** The input cannot be put together from the results that belong into it (S130). */
export function withoutInput(look: Look): Verdict | undefined {
  const { inputFault: fault } = look.world;
  if (!look.attempt || !fault) return undefined;
  const failure: Failure =
    fault.kind === "missing"
      ? { kind: "Final", reason: FinalReason.InvalidSpec, message: `inputRefs: run ${fault.run} does not exist` }
      : { kind: "Final", reason: FinalReason.InputTooLarge, message: inputTooLarge(look.run.spec.task, fault.bytes) };
  return endedByUs({ ...look, report: undefined }, failure);
}

/** Ends the run and with it the pod, which has done nothing yet. */
function endedByUs(look: Look, failure: Failure): Verdict {
  const verdict = gaveUp(look, failure);
  return { ...verdict, actions: [...deletions(holdingPods(look), failure.reason), ...verdict.actions] };
}

/** The intent stands and its pod does not: create it, or conclude from the API server's last no (S195). */
export function creating(look: Look): Verdict | undefined {
  if (!look.attempt || look.pod || look.outcome) return undefined;
  const { refusal } = look.world;
  const missing = missingRevision(look);
  if (missing !== undefined)
    return gaveUp(look, { kind: "Final", reason: FinalReason.RevisionNotFound, message: missing }); // S249
  if (refusal === undefined)
    return resumed(
      look,
      { kind: "Pending", reason: LiveReason.Starting },
      { actions: createPod(look, look.attempt), requeueAt: after(look.now, lookAgainMs) },
    );
  const message = rejection(refusal, look);
  if (message !== undefined) return gaveUp(look, { kind: "Final", reason: FinalReason.PodRejected, message });

  const reason = refusal.kind === "quota" ? LiveReason.QuotaExceeded : LiveReason.Starting;
  return settle(
    look,
    { kind: "Pending", reason, message: refusal.message },
    { requeueAt: earliest(after(look.now, refusedWaitMs(look)), look.deadlineAt) ?? look.now },
  );
}

/** The attempt lives. */
export function active(look: Look): Verdict | undefined {
  if (!look.attempt || !look.pod) return undefined;
  const { attempt, pod, now } = look;
  const verdict = standing(look, attempt, pod);
  const due = [overdueAt(look), readableAt(pod), look.deadlineAt, after(now, lookAgainMs)];
  const requeueAt = earliest(verdict.requeueAt, ...due);
  return { ...withProgress(verdict, look), ...(requeueAt && { requeueAt }) };
}

function standing(look: Look, attempt: Attempt, pod: OwnedPod): Verdict {
  if (containerOf(pod)?.state?.running) return running(look);
  // It runs no more, or a kubelet that is started anew has yet to find it: what has begun does not wait for its start again.
  return hasStarted({ attempt, pod }) ? unchanged(look) : waiting(look);
}

function running(look: Look): Verdict {
  const { attempt, pod, status, now } = look;
  if (!attempt || !pod || isTrue(status, ConditionType.Running)) return unchanged(look);
  // A pod that was read past the cache brings no instant at which it was first seen.
  const due = after(pod.runningSeenAt ?? startedAt(pod) ?? now, runningDelayMs);
  if (due > now) return unchanged(look, { requeueAt: due });

  const began = (startedAt(pod) ?? now).toISOString();
  const change = {
    podUid: pod.metadata.uid,
    startedAt: began,
    ...(pod.spec.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
  };
  const reason = attempt.number === 1 ? LiveReason.AttemptRunning : LiveReason.Retrying;
  const changes: Partial<TaskRunStatus> = {
    attempts: withLastAttempt(status.attempts ?? [], change),
    startedAt: status.startedAt ?? began,
  };
  return settle(look, { kind: "Running", reason }, { changes });
}

/** Not started yet. Only a wait that has a name of its own is worth a write: every pod is `Starting` for a moment. */
function waiting(look: Look): Verdict {
  if (!look.pod) return unchanged(look);
  const { reason, message } = waitingFor(look.pod, look.now);
  const situation = { kind: "Pending", reason, message } as const;
  const told = conditionOf(look.status.conditions, ConditionType.Succeeded);
  if (told?.reason === reason && told.message === message) return settle(look, situation);
  // The uid costs nothing beside what is written anyway: should the pod vanish, whoever leads then knows that it has been.
  const attempts = withLastAttempt(look.status.attempts ?? [], { podUid: look.pod.metadata.uid });
  return settle(look, situation, { changes: { attempts } });
}

function withProgress(verdict: Verdict, { world: { progress }, pod }: Look): Verdict {
  if (!progress || progress.podUid !== pod?.metadata.uid) return verdict;
  const { podUid: _, invalidRunName, ...sent } = progress;
  const warning = { kind: "recordEvent", type: "Warning", reason: EventReason.InvalidRunName } as const;
  return {
    ...verdict,
    status: { ...(sent.progress ? withoutProgress(verdict.status) : verdict.status), ...sent },
    actions: [...verdict.actions, ...(invalidRunName === undefined ? [] : [{ ...warning, note: invalidRunName }])],
  };
}

/** The message of a no that is final, or `undefined` while it is worth asking again. */
function rejection(refusal: Refusal, { attempt, now }: Look): string | undefined {
  switch (refusal.kind) {
    case "rejected":
      return refusal.message;
    case "serviceAccount":
      return attempt && now.getTime() - Date.parse(attempt.createdAt) >= serviceAccountMs ? refusal.message : undefined;
    case "quota":
    case "unavailable":
      return undefined;
  }
}

/** 1, 2, 4 … 60 s: the wait doubles with the time already waited, so nothing has to be counted (S195). */
function refusedWaitMs({ attempt, now }: Look): number {
  const waited = attempt ? now.getTime() - Date.parse(attempt.createdAt) : 0;
  return Math.min(Math.max(waited, 0) + 1000, 60_000);
}
