import { FinalReason, InfrastructureReason, UserReason } from "@stint/crds/conditions";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Failure } from "../../src/core/outcome.ts";
import { afterFailure, type Ledger, type NextStep } from "../../src/core/retry.ts";
import { after, resolvedSettings } from "../builders.ts";

const { retry } = resolvedSettings();

function aLedger(overrides: Partial<Ledger> = {}): Ledger {
  const start = { uid: "uid", attempt: 1, attemptCount: 1, userRetries: 0, infrastructureRetries: 0 };
  return { ...start, retry, endedAt: after(5), ...overrides };
}

const error = { name: "TypeError", message: "n is not a number" };
const thrown: Failure = { kind: "User", reason: "TaskError", message: error.message, error };
const retryable: Failure = { ...thrown, retryable: true };
const lost: Failure = { kind: "Infrastructure", reason: "NodeLost", message: "node node-1 is gone" };
const nonRetryable: Failure = { kind: "Final", reason: "NonRetryableError", message: error.message, error };
const unpullable: Failure = { kind: "Final", reason: "ImagePullFailed", message: "InvalidImageName: bad name" };
const retryableOnly = { ...retry, when: "RetryableOnly" } as const;

function inWords(step: NextStep): string {
  return step.kind === "retry" ? `retry after ${(step.at.getTime() - after(5).getTime()) / 1000} s` : step.reason;
}

type Row = [given: string, failure: Failure, ledger: Partial<Ledger>, then: string];

test.each<Row>([
  ["a task that throws", thrown, {}, "retry after 1 s"],
  ["the third retry", thrown, { userRetries: 2 }, "retry after 4 s"],
  ["no user retry left", thrown, { userRetries: 3 }, "TaskError"],
  ["no user retries wanted", thrown, { retry: { ...retry, maxRetries: 0 } }, "TaskError"],
  ["a lost node", lost, {}, "retry after 1 s"],
  [
    "a lost node where the user wants no retries (S95)",
    lost,
    { retry: { ...retry, maxRetries: 0 } },
    "retry after 1 s",
  ],
  ["a lost node where the user's retries are spent", lost, { userRetries: 3 }, "retry after 1 s"],
  ["the seventh loss (S96)", lost, { infrastructureRetries: 6 }, "retry after 60 s"],
  ["the eleventh loss (S95)", lost, { infrastructureRetries: 10 }, "NodeLost"],
  [
    "a loss where the cluster's retries are off",
    lost,
    { retry: { ...retry, maxInfrastructureRetries: 0 } },
    "NodeLost",
  ],
  ["a throw where the cluster's retries are spent (S94)", thrown, { infrastructureRetries: 10 }, "retry after 1 s"],
  ["an error that is not to be retried (S91)", nonRetryable, {}, "NonRetryableError"],
  ["the same in the other mode (S91)", nonRetryable, { retry: retryableOnly }, "NonRetryableError"],
  ["an ordinary error where only some are retried (S90)", thrown, { retry: retryableOnly }, "TaskError"],
  ["a retryable one", retryable, { retry: retryableOnly }, "retry after 1 s"],
  ["a retryable one, with none left", retryable, { retry: retryableOnly, userRetries: 3 }, "TaskError"],
  ["a throw after which the task wants no retry (S93)", { ...thrown, retryDenied: true }, {}, "TaskError"],
  [
    "a timeout after which the task wants no retry (S93)",
    { kind: "User", reason: "TimedOut", message: "late", retryDenied: true },
    {},
    "TimedOut",
  ],
  ["a loss, in either mode the same (S90)", lost, { retry: retryableOnly }, "retry after 1 s"],
  ["a wait that the task asked for (S92)", { ...retryable, retryAfterMs: 90_000 }, {}, "retry after 90 s"],
  ["no wait that the task asked for (S92)", { ...retryable, retryAfterMs: 0 }, { userRetries: 2 }, "retry after 0 s"],
  ["a wait asked for, with none left (S92)", { ...retryable, retryAfterMs: 1 }, { userRetries: 3 }, "TaskError"],
  ["a wait until just the deadline", thrown, { deadlineAt: after(6) }, "retry after 1 s"],
  ["a wait that would outlast the deadline (S71)", thrown, { deadlineAt: after(5.999) }, "TaskError"],
  ["the same for a lost node", lost, { deadlineAt: after(5.999) }, "NodeLost"],
])("%s", (_, failure, ledger, then) => {
  expect(inWords(afterFailure(failure, aLedger(ledger)))).toBe(then);
});

test.each(
  Object.values(UserReason).map((reason): [string, Failure] => [reason, { kind: "User", reason, message: "" }]),
)("%s ends the run where only retryable errors are retried (S90)", (reason, failure) => {
  expect(inWords(afterFailure(failure, aLedger({ retry: retryableOnly })))).toBe(reason);
});

describe("when no attempt follows, the run says", () => {
  test.each<[string, Failure, Partial<Ledger>, string]>([
    [
      "how many there were (S89)",
      thrown,
      { userRetries: 3, attemptCount: 4 },
      "failed after 4 attempt(s): n is not a number",
    ],
    [
      "the same of an error that was thrown to end it (S91)",
      nonRetryable,
      {},
      "failed after 1 attempt(s): n is not a number",
    ],
    [
      "what the cluster's budget went on (S95)",
      lost,
      { infrastructureRetries: 10, attemptCount: 11 },
      "infrastructure retries exhausted (10 of 10): node node-1 is gone",
    ],
    ["what kept a pod from starting, as it is (S70)", unpullable, {}, "InvalidImageName: bad name"],
  ])("%s", (_, failure, ledger, message) => {
    expect(afterFailure(failure, aLedger(ledger))).toMatchObject({ kind: "giveUp", message });
  });
});

test("however failures come, no budget is overdrawn, none pays for the other, and an end comes (S94)", () => {
  const failures = fc.array(fc.constantFrom(thrown, retryable, lost), { minLength: 60, maxLength: 60 });
  const policy = fc.record({ maxRetries: fc.nat({ max: 5 }), maxInfrastructureRetries: fc.nat({ max: 5 }) });
  fc.assert(
    fc.property(failures, policy, (all, limits) => {
      const spent = { User: 0, Infrastructure: 0, Final: 0 };
      let attempts = 1;
      for (const failure of all) {
        const ledger = { attempt: attempts, attemptCount: attempts, retry: { ...retry, ...limits } };
        const budgets = { userRetries: spent.User, infrastructureRetries: spent.Infrastructure };
        const step = afterFailure(failure, aLedger({ ...ledger, ...budgets }));
        const budget = failure.kind === "User" ? limits.maxRetries : limits.maxInfrastructureRetries;
        expect(step.kind).toBe(spent[failure.kind] < budget ? "retry" : "giveUp");
        if (step.kind === "giveUp") break;
        spent[failure.kind]++;
        attempts++;
      }
      expect(attempts).toBeLessThanOrEqual(1 + limits.maxRetries + limits.maxInfrastructureRetries);
    }),
  );
});

test("a failure that nobody pays for is final, whatever its reason", () => {
  for (const reason of Object.values(FinalReason)) {
    expect(afterFailure({ kind: "Final", reason, message: "" }, aLedger()).kind).toBe("giveUp");
  }
  for (const reason of Object.values(InfrastructureReason)) {
    expect(afterFailure({ kind: "Infrastructure", reason, message: "" }, aLedger()).kind).toBe("retry");
  }
});
