import type { Assignment, StopNotice } from "@stint/crds/attempt";

/** The instant at which an attempt is to end by itself, in milliseconds since the epoch, and why. */
export interface Bound {
  readonly atMs: number;
  readonly notice: StopNotice;
}

/** The attempt's timeout, counted from the start of its process (S67), or the run's deadline if that is sooner. */
export function firstBound({ timeoutSeconds, deadlineAt }: Assignment, processStartMs: number): Bound {
  const timeoutAtMs = processStartMs + timeoutSeconds * 1000;
  const deadlineAtMs = deadlineAt === undefined ? Infinity : Date.parse(deadlineAt);
  if (deadlineAt !== undefined && deadlineAtMs < timeoutAtMs) {
    return {
      atMs: deadlineAtMs,
      notice: { reason: "DeadlineExceeded", message: "run exceeded its deadline" },
    };
  }
  return { atMs: timeoutAtMs, notice: { reason: "TimedOut", message: timeoutMessage({ timeoutSeconds }) } };
}

/** S68's words. */
export function timeoutMessage({ timeoutSeconds }: Pick<Assignment, "timeoutSeconds">): string {
  return `attempt exceeded its timeout of ${timeoutSeconds} second(s)`;
}
