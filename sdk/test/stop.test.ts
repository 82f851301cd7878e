import type { Report, StopNotice } from "@stint/crds/attempt";
import { beforeEach, describe, expect, test } from "vitest";

import { currentContext, RetryAfter, StintError, task } from "../src/index.ts";
import { attempt, failed, FakeHost, forgetTasks, registry, succeeded } from "./fakes/host.ts";

beforeEach(forgetTasks);

/** A task that goes on when it is stopped, and then does `next`. */
function stopped(reason: StopNotice["reason"], next: () => unknown): Promise<Report> {
  const host = new FakeHost();
  task("t", () => {
    host.stop(reason);
    return next();
  });
  return attempt("t", [], host);
}
const throwReason = (): never => {
  throw currentContext().signal.reason;
};

describe("once the attempt's signal is aborted", () => {
  const timedOut = failed("TimedOut", "TimeoutError", "attempt exceeded its timeout of 600 second(s)");

  test("by the timeout, the attempt is TimedOut whatever it returns (S68)", async () => {
    expect(await stopped("TimedOut", () => "late")).toEqual(timedOut);
  });

  test("by the timeout, the attempt is TimedOut whatever it throws (S68)", async () => {
    expect(await stopped("TimedOut", throwReason)).toEqual(timedOut);
    forgetTasks();
    expect(await stopped("TimedOut", () => Promise.reject(new RetryAfter(3)))).toEqual(timedOut);
  });

  test("by the timeout, an endless generator is left", async () => {
    let yielded = 0;
    let isLeft = false;
    const values = async function* () {
      try {
        for (;;) yield (yielded += 1);
      } finally {
        isLeft = true;
      }
    };

    expect(await stopped("TimedOut", values)).toEqual(timedOut);
    expect([yielded, isLeft]).toEqual([1, true]);
  });

  test("by a disruption, a result still counts, of a generator too (S169)", async () => {
    expect(await stopped("Disrupted", () => "in time")).toEqual(succeeded("in time"));
    forgetTasks();
    expect(
      await stopped("Disrupted", function* () {
        yield 1;
        yield 2;
      }),
    ).toEqual(succeeded([1, 2]));
  });

  test.each(["Canceled", "DeadlineExceeded"] as const)(
    "by %s, what has happened is reported: the gateway knows better",
    async (reason) => {
      expect(await stopped(reason, () => "done")).toEqual(succeeded("done"));
      forgetTasks();
      expect(await stopped(reason, throwReason)).toMatchObject({ kind: "failed", reason: "TaskError" });
    },
  );
});

test.each([
  ["Canceled", "CanceledError"],
  ["TimedOut", "TimeoutError"],
  ["DeadlineExceeded", "DeadlineError"],
  ["Disrupted", "DisruptionError"],
] as const)("the registry makes of %s the SDK's own %s (S169)", (reason, name) => {
  task("t", () => 1);

  const error = registry().stopError({ reason, message: "why" });

  expect(error).toBeInstanceOf(StintError);
  expect(error).toMatchObject({ name, message: "why", stop: reason });
});
