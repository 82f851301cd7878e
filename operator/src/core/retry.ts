// What follows a failed attempt. Two budgets that never mix: the user's retries pay for the user's failures, the
// infrastructure's for its own (S94).
import { FailureClass, type FailureReason } from "@stint/crds/conditions";
import type { ResolvedRetry } from "@stint/crds/settings";

import { infrastructureWaitMs, userWaitMs } from "./backoff.ts";
import type { Failure } from "./outcome.ts";

export interface Ledger {
  readonly uid: string;
  /** Number of the attempt that failed, and how many there were. */
  readonly attempt: number;
  readonly attemptCount: number;
  readonly userRetries: number;
  readonly infrastructureRetries: number;
  readonly retry: ResolvedRetry;
  /** When the attempt ended: waits count from here (S81). */
  readonly endedAt: Date;
  readonly deadlineAt?: Date;
}

export type NextStep =
  | { readonly kind: "retry"; readonly at: Date }
  | { readonly kind: "giveUp"; readonly reason: FailureReason; readonly message: string };

export function afterFailure(failure: Failure, ledger: Ledger): NextStep {
  const waitMs = waitBeforeRetry(failure, ledger);
  if (waitMs === undefined) return { kind: "giveUp", reason: failure.reason, message: lastWords(failure, ledger) };

  const at = new Date(ledger.endedAt.getTime() + waitMs);
  // A wait that would outlast the run's deadline is not begun (S71).
  if (ledger.deadlineAt && at > ledger.deadlineAt) {
    return { kind: "giveUp", reason: failure.reason, message: afterAttempts(failure, ledger) };
  }
  return { kind: "retry", at };
}

/** The wait, or `undefined` if no budget pays for another attempt. */
function waitBeforeRetry(failure: Failure, ledger: Ledger): number | undefined {
  switch (failure.kind) {
    case FailureClass.Final:
      return undefined;
    case FailureClass.Infrastructure:
      return ledger.infrastructureRetries < ledger.retry.maxInfrastructureRetries
        ? infrastructureWaitMs(ledger.infrastructureRetries)
        : undefined;
    case FailureClass.User:
      return userRetryAllowed(failure, ledger)
        ? (failure.retryAfterMs ?? userWaitMs(ledger.retry, ledger.userRetries, ledger))
        : undefined;
  }
}

function userRetryAllowed(failure: Failure, { retry, userRetries }: Ledger): boolean {
  if (failure.retryDenied === true) return false; // S93
  if (retry.when === "RetryableOnly" && failure.retryable !== true) return false; // S90
  return userRetries < retry.maxRetries;
}

/** The condition's message when no attempt follows (S89, S95); what kept a pod from starting is said as it is. */
function lastWords(failure: Failure, ledger: Ledger): string {
  const { infrastructureRetries, retry } = ledger;
  if (failure.kind === FailureClass.Infrastructure) {
    return `infrastructure retries exhausted (${infrastructureRetries} of ${retry.maxInfrastructureRetries}): ${failure.message}`;
  }
  if (failure.kind === FailureClass.Final && failure.error === undefined) return failure.message;
  return afterAttempts(failure, ledger);
}

function afterAttempts(failure: Failure, { attemptCount }: Ledger): string {
  return `failed after ${attemptCount} attempt(s): ${failure.message}`;
}
