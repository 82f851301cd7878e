// Ends that somebody asked for: a cancel, a deadline, an attempt that overstayed. A stop is recorded before the pod is
// deleted, and from then on no report counts (S164).
import {
  ConditionType,
  EndReason,
  FailureClass,
  FinalReason,
  InfrastructureReason,
  LiveReason,
  UserReason,
} from "@stint/crds/conditions";
import type { Attempt, TaskRunStatus } from "@stint/crds/taskrun";

import { withLastAttempt } from "../attempts.ts";
import type { Verdict } from "../decision.ts";
import {
  after,
  beginning,
  deletions,
  earliest,
  holdingPods,
  lookAgainMs,
  settle,
  unchanged,
  type Look,
} from "../look.ts";
import { hasStarted, isEnded, startedAt } from "../outcome.ts";
import { isCanceledFromAbove } from "../rerun.ts";
import { unstartable } from "../waiting.ts";
import { errorRecord, isTrue } from "../status.ts";
import { tracesOf } from "../traces.ts";

/** How long a gateway has to have been ready before a silent runner is called timed out (S68). */
const gatewayReadyMs = 35_000;
const timeoutSlackSeconds = 5;

type StopReason = NonNullable<Attempt["stop"]>["reason"];

/** The run is canceled, or its parent is: its pods end, and with the last of them the run (S161 to S165). */
export function canceling(look: Look): Verdict | undefined {
  const reason = cancelReason(look);
  if (reason === undefined) return undefined;
  const holding = holdingPods(look);
  if (holding.length === 0) {
    const attempts = look.attempt && endedAs(EndReason.Canceled, look);
    return settle(look, { kind: "Canceled", reason }, { ...(attempts && { changes: { attempts } }) });
  }
  const kind = isTrue(look.status, ConditionType.Running) ? "Running" : "Pending";
  return settle(
    look,
    { kind, reason: LiveReason.Canceling },
    { actions: deletions(holding, reason), requeueAt: after(look.now, lookAgainMs) },
  );
}

/** The attempt was told to end and has not yet: see that it is. */
export function stopping(look: Look): Verdict | undefined {
  if (look.attempt?.stop === undefined || look.outcome) return undefined;
  return unchanged(look, {
    actions: deletions(holdingPods(look), look.attempt.stop.reason),
    requeueAt: after(look.now, lookAgainMs),
  });
}

/** The run has outlived its deadline: a live attempt is stopped, and without one the run has failed (S71). */
export function overDeadline(look: Look): Verdict | undefined {
  if (look.deadlineAt === undefined || look.deadlineAt > look.now) return undefined;
  const message = deadlineMessage(look);
  const reason = FinalReason.DeadlineExceeded;
  if (look.attempt && holdingPods(look).length > 0) return stop(look, reason, message);
  const attempts = look.attempt && endedAs(reason, look);
  return settle(
    look,
    { kind: "Failed", reason, message },
    {
      changes: { error: errorRecord({ name: reason, message }, reason), ...(attempts && { attempts }) },
      actions: [
        ...deletions(holdingPods(look), reason),
        { kind: "recordEvent", type: "Warning", reason, note: message },
      ],
    },
  );
}

export function deadlineMessage({ deadlineAt, run, now }: Look): string {
  const seconds = Math.round(((deadlineAt ?? now).getTime() - beginning(run).getTime()) / 1000);
  return `run exceeded its deadline of ${seconds} second(s)`;
}

/** The attempt has run too long, waited too long to start, or cannot start at all (S68 to S70). */
export function overdue(look: Look): Verdict | undefined {
  if (!look.attempt || !look.pod || look.attempt.stop || isEnded(look.pod)) return undefined;
  if (isStarted(look)) return isPast(timesOutAt(look), look) ? stop(look, UserReason.TimedOut) : undefined;
  const stuck = startProblem(look);
  if (stuck) return "reason" in stuck ? stop(look, stuck.reason, stuck.message) : undefined;
  return isPast(startTimeoutAt(look), look) ? stop(look, InfrastructureReason.StartTimeout) : undefined;
}

function isPast(end: Date | undefined, { now }: Look): boolean {
  return end !== undefined && end <= now;
}

/** When {@link overdue} has to look again. */
export function overdueAt(look: Look): Date | undefined {
  if (!look.pod || isEnded(look.pod)) return undefined;
  if (isStarted(look)) return timesOutAt(look);
  const stuck = startProblem(look);
  return stuck && "lookAgainAt" in stuck ? stuck.lookAgainAt : earliest(startTimeoutAt(look));
}

function isStarted({ attempt, pod }: Look): boolean {
  return attempt !== undefined && pod !== undefined && hasStarted({ attempt, pod });
}

function startProblem({ pod, status, now, world }: Look): ReturnType<typeof unstartable> {
  return pod && unstartable(pod, status.resolved?.startTimeoutSeconds, now, world.mountFailure);
}

function cancelReason({ run, world }: Look): typeof EndReason.Canceled | typeof EndReason.ParentCanceled | undefined {
  if (run.spec.cancel === true) return EndReason.Canceled;
  return isCanceledFromAbove(run, world.parent) ? EndReason.ParentCanceled : undefined;
}

function stop(look: Look, reason: StopReason, message?: string): Verdict {
  const change = {
    stop: { reason, at: look.now.toISOString() },
    ...(look.pod && { podUid: look.pod.metadata.uid }),
    ...(message !== undefined && { error: { name: reason, message: message.slice(0, 1024) } }),
  };
  return unchanged(look, {
    status: { ...look.status, attempts: withLastAttempt(look.status.attempts ?? [], change) },
    actions: deletions(holdingPods(look), reason),
    requeueAt: after(look.now, lookAgainMs),
  });
}

/** The attempts with the live one ended for a reason that is not its own. */
function endedAs(reason: string, { status, attempt, pod, now }: Look): TaskRunStatus["attempts"] {
  return withLastAttempt(status.attempts ?? [], {
    reason,
    ...(reason === FinalReason.DeadlineExceeded && { class: FailureClass.Final }),
    ...tracesOf({ attempt, pod, report: undefined }),
    finishedAt: now.toISOString(),
  });
}

/** The operator's own bound on an attempt that does not report; not before a gateway has had time to hear it (S68). */
function timesOutAt({ attempt, pod, status, world }: Look): Date | undefined {
  const began = (pod && startedAt(pod)) ?? (attempt?.startedAt === undefined ? undefined : new Date(attempt.startedAt));
  if (!began || !status.resolved || !world.gatewayReadySince) return undefined;
  const { timeoutSeconds, gracePeriodSeconds } = status.resolved;
  const end = after(began, (timeoutSeconds + gracePeriodSeconds + timeoutSlackSeconds) * 1000);
  const heard = after(world.gatewayReadySince, gatewayReadyMs);
  return end > heard ? end : heard;
}

function startTimeoutAt({ pod, status }: Look): Date | undefined {
  const seconds = status.resolved?.startTimeoutSeconds;
  return pod && seconds !== undefined ? after(new Date(pod.metadata.creationTimestamp), seconds * 1000) : undefined;
}
