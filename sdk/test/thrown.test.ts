import { beforeEach, describe, expect, test } from "vitest";

import { NonRetryableError, RetryableError, RetryAfter, StintError, task } from "../src/index.ts";
import { attempt, FakeHost, forgetTasks } from "./fakes/host.ts";

beforeEach(forgetTasks);

/** What another copy of the SDK throws: the same name and brand, another class. */
function foreign(kind: string, members: object): Error {
  const error = Object.assign(new Error("foreign"), members);
  return Object.defineProperty(error, Symbol.for("stint.dev/error/v1"), { value: kind });
}

describe("a throw is a failure (S74)", () => {
  class HttpError extends RetryableError {
    override readonly name = "HttpError";
  }
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;

  test.each<{ given: string; thrown: unknown; report: object }>([
    {
      given: "an error",
      thrown: new RangeError("bad"),
      report: { reason: "TaskError", error: { name: "RangeError", message: "bad" }, retryable: false },
    },
    {
      given: "an error without a message",
      thrown: new Error(""),
      report: { reason: "TaskError", error: { name: "Error", message: "" } },
    },
    { given: "null", thrown: null, report: { reason: "TaskError", error: { name: "Error", message: "null" } } },
    {
      given: "undefined",
      thrown: undefined,
      report: { reason: "TaskError", error: { name: "Error", message: "undefined" } },
    },
    { given: "a text", thrown: "x", report: { reason: "TaskError", error: { name: "Error", message: "x" } } },
    {
      given: "an object",
      thrown: circular,
      report: { reason: "TaskError", error: { name: "Error", message: "<ref *1> { self: [Circular *1] }" } },
    },
    {
      given: "something unreadable",
      thrown: {
        get message() {
          throw new Error("no");
        },
      },
      report: { reason: "TaskError", error: { name: "Error", message: "what was thrown cannot be read" } },
    },
    {
      given: "a TimeoutError of the task's own (S68)",
      thrown: new DOMException("slow", "TimeoutError"),
      report: { reason: "TaskError", error: { name: "TimeoutError", message: "slow" } },
    },
    {
      given: "NonRetryableError (S91)",
      thrown: new NonRetryableError("no way"),
      report: { reason: "NonRetryableError", error: { name: "NonRetryableError" }, retryable: false },
    },
    {
      given: "NonRetryableError of another copy",
      thrown: foreign("NonRetryableError", {}),
      report: { reason: "NonRetryableError" },
    },
    {
      given: "an error that only has its name",
      thrown: Object.assign(new Error("x"), { name: "NonRetryableError" }),
      report: { reason: "TaskError", retryable: false },
    },
    {
      given: "RetryableError (S90)",
      thrown: new RetryableError("again"),
      report: { reason: "TaskError", retryable: true },
    },
    {
      given: "a subclass of it",
      thrown: new HttpError("503"),
      report: { reason: "TaskError", error: { name: "HttpError" }, retryable: true },
    },
    {
      given: "RetryableError of another copy",
      thrown: foreign("RetryableError", {}),
      report: { reason: "TaskError", retryable: true },
    },
    {
      given: "RetryAfter (S92)",
      thrown: new RetryAfter(30),
      report: {
        reason: "TaskError",
        error: { name: "RetryAfter", message: "retry after 30 s" },
        retryable: true,
        retryAfterMs: 30_000,
      },
    },
    {
      given: "RetryAfter of another copy",
      thrown: foreign("RetryAfter", { retryAfterMs: 5 }),
      report: { retryable: true, retryAfterMs: 5 },
    },
    {
      given: "RetryAfter a day and more",
      thrown: new RetryAfter(100_000, "later"),
      report: { error: { message: "later" }, retryAfterMs: 86_400_000 },
    },
    {
      given: "RetryAfter an instant in the past",
      thrown: new RetryAfter(new Date(0)),
      report: { retryable: true, retryAfterMs: 0 },
    },
  ])("$given", async ({ thrown, report }) => {
    task("t", () => {
      throw thrown;
    });

    expect(await attempt("t", [])).toMatchObject({ kind: "failed", ...report });
  });

  test("RetryAfter what is no number leaves the wait to the policy", async () => {
    task("t", () => {
      throw new RetryAfter(Number("Wed, 21 Oct"));
    });

    expect(await attempt("t", [])).not.toHaveProperty("retryAfterMs");
  });

  test("of a generator as well, and of a promise that it yields", async () => {
    task("t", function* () {
      yield Promise.reject(new RangeError("late"));
    });

    expect(await attempt("t", [])).toMatchObject({
      reason: "TaskError",
      error: { name: "RangeError", message: "late" },
    });
  });

  test("has its texts cut as the status holds them, and goes to the log whole (S77)", async () => {
    const error = Object.assign(new Error("m".repeat(5000)), { stack: "s".repeat(20_000), name: "n".repeat(300) });
    const host = new FakeHost();
    task("t", () => {
      throw error;
    });

    const report = await attempt("t", [], host);

    expect(report).toMatchObject({
      error: { name: "n".repeat(256), message: "m".repeat(4096), stack: "s".repeat(16_384) },
    });
    expect(host.heard).toEqual([error]);
  });

  test("of our own errors keeps the name", () => {
    expect(new StintError("x").name).toBe("StintError");
    expect(Object.keys(new RetryableError("x"))).toEqual(["name"]);
  });
});
