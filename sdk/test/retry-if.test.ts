import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { currentContext, NonRetryableError, task } from "../src/index.ts";
import { attempt, FakeHost, failed, forgetTasks, succeeded } from "./fakes/host.ts";

let host: FakeHost;
const asked: unknown[][] = [];

beforeEach(() => {
  forgetTasks();
  host = new FakeHost();
  asked.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

const bad = new RangeError("bad");
const throws = () => {
  throw bad;
};
const answering = (answer: unknown) =>
  (async (...given: unknown[]) => {
    asked.push(given);
    return answer;
  }) as () => Promise<boolean>;

function isDenied(report: object): boolean {
  return "retryDenied" in report && report.retryDenied === true;
}

describe("retryIf (S93)", () => {
  test("is asked after a throw, with the error itself and what has failed", async () => {
    task("flaky", { retryIf: answering(true) }, throws);

    const report = await attempt("flaky", [], host);

    expect(asked).toEqual([[bad, { task: "flaky", run: "run-1", attempt: 2 }]]);
    expect(asked[0]?.[0]).toBe(bad);
    expect(isDenied(report)).toBe(false);
  });

  test("ends the run where it answers false, with the same reason", async () => {
    task("flaky", { retryIf: answering(false) }, throws);

    const report = await attempt("flaky", [], host);

    expect(report).toMatchObject({ kind: "failed", reason: "TaskError", retryDenied: true });
    expect(host.denials).toBe(1);
  });

  test("may be a plain function, and knows the run that it belongs to", async () => {
    task("flaky", { retryIf: () => currentContext().attempt < 2 }, throws);

    expect(isDenied(await attempt("flaky", [], host))).toBe(true);
  });

  test.each<{ given: string; retryIf: () => boolean; msg: string }>([
    {
      given: "throws",
      retryIf: () => {
        throw new Error("no idea");
      },
      msg: "retryIf threw: no retry",
    },
    { given: "answers no boolean", retryIf: answering("yes") as never, msg: "retryIf answered no boolean: no retry" },
  ])("that $given is logged, and means no", async ({ retryIf, msg }) => {
    task("flaky", { retryIf }, throws);

    expect(isDenied(await attempt("flaky", [], host))).toBe(true);
    expect(host.records).toMatchObject([["warn", msg, {}]]);
  });

  test("that is silent for 10 s means yes", async () => {
    vi.useFakeTimers();
    task("flaky", { retryIf: () => new Promise<boolean>(() => undefined) }, throws);

    const report = attempt("flaky", [], host);
    await vi.advanceTimersByTimeAsync(9_999);
    const before = host.records.length;
    await vi.advanceTimersByTimeAsync(1);

    expect(isDenied(await report)).toBe(false);
    expect(before).toBe(0);
    expect(host.records).toEqual([["warn", "retryIf did not answer within 10 s"]]);
  });

  test("is asked at a timeout at once, whatever the function does then, and only once", async () => {
    const entered = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    task("slow", { retryIf: answering(false) }, () => {
      entered.resolve();
      return left.promise;
    });

    const report = attempt("slow", [], host);
    await entered.promise;
    host.stop("TimedOut");
    await host.denied;
    left.reject(bad);

    expect(await report).toMatchObject({ reason: "TimedOut", retryDenied: true });
    expect(asked).toMatchObject([[{ name: "TimeoutError" }, {}]]);
  });

  test.each<{ given: string; fn: () => unknown; reason: string }>([
    {
      given: "a NonRetryableError",
      fn: () => {
        throw new NonRetryableError("never");
      },
      reason: "NonRetryableError",
    },
    { given: "a result that is no JSON", fn: () => 1n, reason: "ResultNotSerializable" },
  ])("is not asked after $given", async ({ fn, reason }) => {
    task("final", { retryIf: answering(false) }, fn);

    expect(await attempt("final", [], host)).toMatchObject({ reason });
    expect(asked).toEqual([]);
  });

  test("is not asked after a success, nor where the cluster ends the attempt", async () => {
    task("good", { retryIf: answering(false) }, () => 1);
    task("drained", { retryIf: answering(false) }, () => {
      host.stop("Disrupted");
      throw bad;
    });

    const good = await attempt("good", [], host);
    await attempt("drained", [], host);

    expect(good).toEqual(succeeded(1));
    expect(asked).toEqual([]);
  });

  test("that is no function is refused at the definition", () => {
    expect(() => task("flaky", { retryIf: true as never }, throws)).toThrow(
      new TypeError('Task "flaky": retryIf must be a function'),
    );
  });

  test("belongs to the definition: a call cannot replace it (S26)", () => {
    const flaky = task("flaky", throws);

    expect(() => flaky.with({ retryIf: () => true } as never)).toThrow('option "retryIf" cannot be overridden');
  });

  test("a task without it is reported as ever", async () => {
    task("flaky", throws);

    expect(await attempt("flaky", [], host)).toMatchObject(failed("TaskError", "RangeError", "bad"));
  });
});
