// An attempt has ended: its outcome is recorded together with what follows from it, in one write.
import { EndReason, FailureClass, FinalReason, LiveReason } from "@stint/crds/conditions";
import { jsonBytes, type Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import type { Attempt, TaskRunStatus } from "@stint/crds/taskrun";

import { withLastAttempt } from "../attempts.ts";
import type { Verdict } from "../decision.ts";
import { settle, type Look } from "../look.ts";
import type { Failure } from "../outcome.ts";
import { afterFailure, type NextStep } from "../retry.ts";
import { attemptError, errorRecord, waitsForSubtasks } from "../status.ts";
import { deadlineMessage } from "./stopping.ts";
import { tracesOf } from "../traces.ts";

/** The attempt ended well: so has the run, unless it hands over to others, or its result cannot be stored. */
export function succeeded(look: Look): Verdict | undefined {
  if (look.outcome?.kind !== "Succeeded") return undefined;
  const { value } = look.outcome;
  const subtasks = handedOver(look);
  const ended = { ...record(look, { reason: "Succeeded" }), ...(subtasks && { subtasks }) };
  const verdict = settle(look, subtasks ? waitsForSubtasks : { kind: "Succeeded", reason: EndReason.Completed }, {
    changes: { ...ended, result: value },
    reportTaken: look.report !== undefined,
  });
  const problem = sizeProblem(value, verdict.status, look);
  return problem === undefined ? verdict : gaveUp(look, problem);
}

/** What the function submitted, unless its tree has failed meanwhile: then its submissions are dropped (S139). */
function handedOver({ attempt, outcome, world }: Look): TaskRunStatus["subtasks"] {
  if (!attempt || outcome?.kind !== "Succeeded" || !outcome.submitted || world.handOver?.failure) return undefined;
  return { attempt: attempt.number, count: outcome.submitted };
}

/** The attempt failed and no automatic attempt follows. */
export function exhausted(look: Look): Verdict | undefined {
  const failure = failureIn(look);
  const next = failure && nextStep(failure, look);
  return failure && next?.kind === "giveUp" ? gaveUp(look, failure, next) : undefined;
}

/** The attempt failed and another one follows after a wait, whose end is written down with the failure (S87). */
export function awaitingRetry(look: Look): Verdict | undefined {
  const failure = failureIn(look);
  const next = failure && nextStep(failure, look);
  if (!failure || next?.kind !== "retry") return undefined;
  const note = `attempt ${look.attempt?.number} failed (${failure.reason}): ${failure.message}; next attempt at ${next.at.toISOString()}`;
  return settle(
    look,
    { kind: "Pending", reason: LiveReason.AwaitingRetry, message: `${failure.reason}: ${failure.message}` },
    {
      changes: { ...record(look, failure), nextRetryAt: next.at.toISOString() },
      reportTaken: look.report !== undefined,
      actions: [{ kind: "recordEvent", type: "Warning", reason: failure.reason, note }],
      requeueAt: next.at,
    },
  );
}

/** Ends a run whose live attempt failed for good. */
export function gaveUp(look: Look, failure: Failure, { reason, message }: GiveUp = failure): Verdict {
  const error = errorRecord(errorOf(failure), reason);
  return settle(
    look,
    { kind: "Failed", reason, message },
    {
      changes: { ...record(look, failure), error },
      reportTaken: look.report !== undefined,
      actions: [{ kind: "recordEvent", type: "Warning", reason, note: message }],
    },
  );
}

type GiveUp = Pick<Extract<NextStep, { kind: "giveUp" }>, "reason" | "message">;

/** The failure that the attempt ended in. One that the deadline overtook is the deadline's, whoever wrote first (S71). */
function failureIn(look: Look): Failure | undefined {
  const { outcome, deadlineAt, now } = look;
  if (!outcome || outcome.kind === "Succeeded" || outcome.kind === "Canceled") return undefined;
  if (outcome.kind !== FailureClass.User || deadlineAt === undefined || deadlineAt > now) return outcome;
  return { kind: FailureClass.Final, reason: FinalReason.DeadlineExceeded, message: deadlineMessage(look) };
}

function nextStep(failure: Failure, { run, status, attempt, now, deadlineAt }: Look): NextStep {
  const retry = status.resolved?.retry;
  if (!retry || !attempt) return { kind: "giveUp", reason: failure.reason, message: failure.message };
  return afterFailure(failure, {
    uid: run.metadata.uid,
    attempt: attempt.number,
    attemptCount: status.attemptCount ?? attempt.number,
    userRetries: status.userRetries ?? 0,
    infrastructureRetries: status.infrastructureRetries ?? 0,
    retry,
    endedAt: now,
    ...(deadlineAt && { deadlineAt }),
  });
}

/** The fields that change when the live attempt ends. Of one that has ended already the record stands. */
function record(look: Look, outcome: Failure | { readonly reason: "Succeeded" }): Partial<TaskRunStatus> {
  const { status, now } = look;
  if (!look.attempt) return {};
  const change: Partial<Attempt> = {
    reason: outcome.reason,
    ...("kind" in outcome && { class: outcome.kind, error: attemptError(errorOf(outcome)) }),
    ...tracesOf(look),
    finishedAt: now.toISOString(),
  };
  const first = status.startedAt ?? change.startedAt;
  return {
    attempts: withLastAttempt(status.attempts ?? [], change),
    ...(first !== undefined && { startedAt: first }),
  };
}

function errorOf(failure: Failure): { name: string; message: string } {
  return failure.error ?? { name: failure.reason, message: failure.message };
}

/** Why a result cannot be kept: by itself, or together with all that stands in the object already (S49). */
function sizeProblem(value: Json, status: TaskRunStatus, { run }: Look): Failure | undefined {
  const bytes = jsonBytes(value);
  const { status: _, input, ...rest } = run;
  const others = bytesOf(rest) + input.bytes + bytesOf({ ...status, result: null });
  const left = limits.objectBytes - others;
  const limit = Math.min(limits.payloadBytes, Math.max(left, 0));
  if (bytes <= limit) return undefined;
  const noStore = limit === limits.payloadBytes ? " (no payload store is configured)" : "";
  const reference = run.spec.task.replace(/:\d+$/, "");
  const message = `result of task ${reference} is ${bytes} bytes, the limit is ${limit} bytes; store it elsewhere and return a reference${noStore}`;
  return { kind: "Final", reason: FinalReason.ResultTooLarge, message };
}

function bytesOf(object: object): number {
  return jsonBytes(object as Json); // plain JSON, under interfaces that have no index signature
}
