// Every error that the SDK throws or understands. Two copies of the SDK may meet in one process, the runner's and one that
// an image brings, and two copies of a class are two classes: what we ask of an error is its brand, which all copies
// share, never `instanceof`.
import type { RunOutcome, StopNotice } from "@stint/crds/attempt";
import type { StopError } from "@stint/crds/host";

export const brand = Symbol.for("stint.dev/error/v1");

type Kind = "RetryableError" | "RetryAfter" | "NonRetryableError";

/** On the prototype, so that subclasses inherit it and a printed error does not show it. */
function setBrand(prototype: object, kind: Kind): void {
  Object.defineProperty(prototype, brand, { value: kind });
}

/** The root of all errors of this SDK. */
export class StintError extends Error {
  override readonly name: string = "StintError";
}

/**
 * Throw it to say that a repeat may help: the only thrown error that is retried under `retry.when: "RetryableOnly"`.
 *
 * The attempt ends `TaskError` and pays with one user retry, like any other throw. Subclasses count. Source: S90.
 */
export class RetryableError extends StintError {
  override readonly name: string = "RetryableError";

  static {
    setBrand(this.prototype, "RetryableError");
  }
}

const longestRetryAfterMs = 86_400_000;

/**
 * A {@link RetryableError} that says when to try again: its wait replaces the one of the retry policy.
 *
 * Takes seconds from now, or an instant; from 0 to 86400 s, what lies beyond is cut. What is no number (a header that
 * could not be read, say) leaves the wait to the policy. Source: S92.
 */
export class RetryAfter extends RetryableError {
  override readonly name: string = "RetryAfter";
  readonly retryAfterMs: number | undefined;

  constructor(after: number | Date, message?: string) {
    const asked = typeof after === "number" ? after * 1000 : after.getTime() - Date.now();
    const waitMs = Number.isNaN(asked) ? undefined : Math.round(Math.min(Math.max(asked, 0), longestRetryAfterMs));
    super(message ?? (waitMs === undefined ? "retry later" : `retry after ${waitMs / 1000} s`));
    this.retryAfterMs = waitMs;
  }

  static {
    setBrand(this.prototype, "RetryAfter");
  }
}

/** Throw it to end the run now, whatever budget is left: the run fails with this name as its reason. Source: S91. */
export class NonRetryableError extends StintError {
  override readonly name: string = "NonRetryableError";

  static {
    setBrand(this.prototype, "NonRetryableError");
  }
}

/** The run was canceled, or is being canceled and starts nothing more. Source: S125, S169. */
export class CanceledError extends StintError {
  override readonly name: string = "CanceledError";
}

/** As `ctx.signal.reason`: the attempt is over its timeout (S169). Thrown by `result()`: the caller's own wait is (S108). */
export class TimeoutError extends StintError {
  override readonly name: string = "TimeoutError";
}

/** As `ctx.signal.reason`: the run is over its deadline. Source: S71, S169. */
export class DeadlineError extends StintError {
  override readonly name: string = "DeadlineError";
}

/** As `ctx.signal.reason`: the cluster ends the pod (drain, preemption, node shutdown). Source: S169. */
export class DisruptionError extends StintError {
  override readonly name: string = "DisruptionError";
}

/** A wait ended because the signal given to it was aborted; the run goes on. `cause` is the signal's reason. Source: S110. */
export class AbortError extends StintError {
  override readonly name: string = "AbortError";
}

export interface AnswerOptions {
  /** HTTP status; absent if there was no answer, or if it is not known here. */
  readonly statusCode?: number | undefined;
  /** The machine-readable reason, where the other side gave one. */
  readonly code?: string | undefined;
  readonly cause?: unknown;
}

/** The other side refused: the request is wrong, or comes too late. Source: S284. */
export class ClientError extends StintError {
  override readonly name: string = "ClientError";
  readonly statusCode: number | undefined;
  readonly code: string | undefined;

  constructor(message: string, { statusCode, code, cause }: AnswerOptions = {}) {
    super(message, { cause });
    this.statusCode = statusCode;
    this.code = code;
  }
}

/** The other side asked for patience (429) until ours was used up. Source: S284. */
export class RateLimitError extends ClientError {
  override readonly name: string = "RateLimitError";
}

/** The other side failed (5xx), or no answer came, until our patience was used up. Source: S284. */
export class ServerError extends StintError {
  override readonly name: string = "ServerError";
  readonly statusCode: number | undefined;

  constructor(message: string, { statusCode, cause }: AnswerOptions = {}) {
    super(message, { cause });
    this.statusCode = statusCode;
  }
}

/**
 * An awaited run did not succeed.
 *
 * `runId` is the run's name, `task` is `<bundle>/<task>`, `reason` one of the published reasons (`TaskError`,
 * `OutOfMemory`, `Canceled`, …), `attempts` how many there were, and `cause` what the last of them threw, if it threw.
 * Source: S115.
 */
export class TaskRunError extends StintError {
  override readonly name: string = "TaskRunError";
  readonly runId: string;
  readonly task: string;
  readonly phase: RunOutcome["phase"];
  readonly reason: string;
  readonly attempts: number;

  constructor(outcome: RunOutcome) {
    const { name, task, phase, reason, attempts } = outcome;
    super(`Task run ${name} (${task}) ${whatHappened(outcome)}`, { cause: causeOf(outcome) });
    this.runId = name;
    this.task = task;
    this.phase = phase;
    this.reason = reason;
    this.attempts = attempts;
  }
}

function whatHappened({ phase, reason, message }: RunOutcome): string {
  if (phase === "Canceled") return "was canceled";
  return phase === "Skipped" ? `was skipped: ${reason}` : `failed: ${reason}: ${message}`;
}

/** What the run threw, in another process: an error again, with the stack of there. */
function causeOf({ error }: RunOutcome): Error | undefined {
  if (!error) return undefined;
  const cause = Object.assign(new Error(error.message), { name: error.name });
  if (error.stack !== undefined) cause.stack = error.stack;
  return cause;
}

const stopClasses = {
  Canceled: CanceledError,
  TimedOut: TimeoutError,
  DeadlineExceeded: DeadlineError,
  Disrupted: DisruptionError,
} as const satisfies Record<StopNotice["reason"], typeof StintError>;

/** The reason with which an attempt's signal is aborted (S169). */
export function toStopError({ reason, message }: StopNotice): StopError {
  return Object.assign(new stopClasses[reason](message), { stop: reason });
}
