// Virtual time (S288): it passes where a test or a wait lets it, and nothing waits for the machine's.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as realTime } from "node:timers/promises";

import { currentContext, RetryAfter, task, taskRef, TimeoutError } from "@stint/sdk";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { createHarness, HarnessError, type Harness } from "../src/index.ts";

const square = task("square", (n: number) => n * n);
const flaky = task("flaky", () => {
  throw new Error("it broke");
});
const reasons: unknown[] = [];
/** Waits for its signal, and ends with its reason. */
const waiting = task("waiting", { timeoutSeconds: 5, retry: { maxRetries: 0 } }, () => {
  const { signal } = currentContext();
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      reasons.push(signal.reason);
      reject(signal.reason);
    });
  });
});
const deaf = task("deaf", { timeoutSeconds: 5, gracePeriodSeconds: 3, retry: { maxRetries: 0 } }, () => {
  return new Promise(() => {});
});

let h: Harness;

beforeEach(async () => {
  reasons.length = 0;
  h = await createHarness({ tasks: [square, flaky, waiting, deaf], now: "2026-01-01T00:00:00Z" });
});

afterEach(() => h.close());

const secondsOf = (instants: readonly (string | undefined)[]): readonly number[] =>
  instants.map((instant) => (Date.parse(instant ?? "") - Date.parse("2026-01-01T00:00:00Z")) / 1000);

test("the example of the contract (S288)", async () => {
  const h = await createHarness({ tasks: [flaky] });
  const run = await h.trigger(flaky, []);
  await h.clock.advance("7s"); // 1 + 2 + 4: three retries
  expect((await h.get(run.id)).attempts).toHaveLength(4);
  await h.close();
});

describe("the clock", () => {
  test("begins where the test says, and stands still", async () => {
    await h.run(square, [3]);

    expect(h.clock.now()).toEqual(new Date("2026-01-01T00:00:00Z"));
  });

  test("begins in the present unless the test says", async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;

    await using own = await createHarness({ tasks: [square] });

    expect(own.clock.now().getTime()).toBeGreaterThanOrEqual(before);
    expect(own.clock.now().getTime()).toBeLessThanOrEqual(Date.now());
  });

  test.each([
    { given: "250ms", then: 250 },
    { given: "10s", then: 10_000 },
    { given: "1.5m", then: 90_000 },
    { given: "2h", then: 7_200_000 },
    { given: 70, then: 70 },
  ] as const)("moves by $given", async ({ given, then }) => {
    await h.clock.advance(given);

    expect(h.clock.now().getTime() - Date.parse("2026-01-01T00:00:00Z")).toBe(then);
  });

  test.each(["10", "10 s", "1h30m", "-1s", -1, Number.NaN, Number.POSITIVE_INFINITY])(
    "does not move by %s",
    async (given) => {
      // @ts-expect-error -- for the most part
      await expect(h.clock.advance(given)).rejects.toThrow(
        new HarnessError(
          `"${given}" is not a duration. Write a number and its unit, "250ms", "10s", "5m", "2h" or "1d", or milliseconds as a number.`,
        ),
      );
    },
  );

  test("is moved by one hand at a time, in the order of asking", async () => {
    const run = await h.trigger(flaky, []);

    await Promise.all([h.clock.advance("1s"), h.clock.advance("2s"), h.clock.advance("4s")]);

    expect((await h.get(run)).attempts).toHaveLength(4);
    expect(secondsOf([h.clock.now().toISOString()])).toEqual([7]);
  });

  test("moves no run before it is due", async () => {
    const run = await h.trigger(flaky, []);

    await h.clock.advance("999ms");
    const before = await h.get(run);
    await h.clock.advance("1ms");

    expect(before).toMatchObject({ phase: "Pending", reason: "AwaitingRetry", attempts: [{}] });
    expect((await h.get(run)).attempts).toHaveLength(2);
  });
});

describe("what it brings", () => {
  test("the waits between attempts (S78)", async () => {
    const run = await h.run(flaky, [], { retry: { maxRetries: 3, delaysSeconds: [10, 20] } });

    expect(secondsOf(run.attempts.map(({ createdAt }) => createdAt))).toEqual([0, 10, 30, 50]);
  });

  test("the wait that a RetryAfter asks for (S92)", async () => {
    const later = task("later", () => {
      if (currentContext().attempt === 1) throw new RetryAfter(90);
      return "done";
    });
    await using own = await createHarness({ tasks: [later], now: "2026-01-01T00:00:00Z" });

    const run = await own.run(later, []);

    expect(secondsOf(run.attempts.map(({ createdAt }) => createdAt))).toEqual([0, 90]);
  });

  test("an attempt's timeout, by its signal (S68)", async () => {
    const run = await h.trigger(waiting, []);
    await h.clock.advance("1s");
    const before = await h.get(run);

    await h.clock.advance("4s");

    expect(before).toMatchObject({ phase: "Running", reason: "AttemptRunning" });
    expect(await h.get(run)).toMatchObject({
      phase: "Failed",
      reason: "TimedOut",
      attempts: [{ reason: "TimedOut", error: { message: "attempt exceeded its timeout of 5 second(s)" } }],
    });
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toBeInstanceOf(TimeoutError);
  });

  test("the end of a grace period, for a function that does not hear (S68)", async () => {
    const run = await h.trigger(deaf, []);

    await h.clock.advance("7999ms");
    const before = await h.get(run);
    await h.clock.advance("1ms");

    expect(before.phase).toBe("Running");
    expect(await h.get(run)).toMatchObject({ phase: "Failed", reason: "TimedOut" });
  });

  test("a retry after a function that did not hear: it holds no time any more", async () => {
    const deafOnce = task("deaf-once", { timeoutSeconds: 5, gracePeriodSeconds: 3 }, async () => {
      return currentContext().attempt === 1 ? new Promise<never>(() => {}) : "heard";
    });
    await using own = await createHarness({ tasks: [deafOnce], now: h.clock.now() });
    const run = await own.trigger(deafOnce, []);
    await own.clock.advance("8s");

    await expect(run.result()).resolves.toBe("heard");
    expect(secondsOf([own.clock.now().toISOString()])).toEqual([9]);
  });

  test("a hook that does not end (S104)", async () => {
    const hanging = task("hanging", { onRunning: () => new Promise<void>(() => {}) }, () => "done");
    await using own = await createHarness({ tasks: [hanging], now: h.clock.now() });
    const run = await own.trigger(hanging, []);

    await own.clock.advance("30s");

    expect((await own.get(run)).result).toBe("done");
    expect((await own.logs(run)).map(({ text }) => JSON.parse(text).msg)).toEqual([
      "onRunning did not end within 30 s",
    ]);
  });

  test("a canceled function's grace period, if it does not hear (S163)", async () => {
    const run = await h.trigger(deaf, []);
    await h.clock.advance("1s");
    await h.cancel(run);
    const before = await h.get(run);

    await h.clock.advance("10s");

    expect(before.reason).toBe("Canceling");
    expect((await h.get(run)).phase).toBe("Canceled");
  });

  test("startAt (S73)", async () => {
    const run = await h.trigger(square, [3], { startAt: "2026-01-01T01:00:00Z" });
    const before = await h.get(run);

    await h.clock.advance("1h");

    expect(before).toMatchObject({ phase: "Pending", reason: "Delayed", attempts: [] });
    expect((await h.get(run)).result).toBe(9);
  });

  test("a startAt that is further away than a wait's patience", async () => {
    const run = await h.run(square, [3], { startAt: "2026-01-05T00:00:00Z" });

    expect(run.result).toBe(9);
    expect(h.clock.now()).toEqual(new Date("2026-01-05T00:00:00Z"));
  });

  test("a run's deadline (S71)", async () => {
    const run = await h.run(flaky, [], { deadlineSeconds: 30, retry: { maxRetries: 3, delaysSeconds: [20] } });

    expect(run).toMatchObject({ phase: "Failed", reason: "TaskError", attempts: [{}, {}] });
  });

  test("the TTL of a finished run, and with it its children's (S160)", async () => {
    const parent = task("parent", () => square(3));
    await using own = await createHarness({ tasks: [parent, square] });
    const { id } = await own.run(parent, []);
    await own.clock.advance("23h");
    const before = await own.runs();

    await own.clock.advance("1h");

    expect(before).toHaveLength(2);
    expect(await own.runs()).toEqual([]);
    await expect(own.get(id)).rejects.toThrow(`There is no run ${id} in this harness.`);
  });
});

describe("within a function", () => {
  test("remainingMs() is virtual, as the deadline is (S142)", async () => {
    const clocked = task("clocked", { timeoutSeconds: 60 }, async () => {
      const context = currentContext();
      const before = context.remainingMs();
      await square.with({ startAt: new Date(h.clock.now().getTime() + 20_000) })(3);
      return { deadline: context.deadline?.toISOString(), before, after: context.remainingMs() };
    });
    await using own = await createHarness({ tasks: [clocked, square], now: h.clock.now() });

    const { result } = await own.run(clocked, []);

    expect(result).toMatchObject({ deadline: "2026-01-01T00:01:00.000Z", before: 60_000 });
    expect(result?.after).toBeLessThanOrEqual(40_000);
    expect(result?.after).toBeGreaterThan(39_000);
  });

  test("a bounded wait for a child is virtual (S108)", async () => {
    const impatient = task("impatient", async () => {
      const child = square.with({ startAt: new Date(h.clock.now().getTime() + 3_600_000) })(3);
      await child.wait({ timeoutMs: 60_000 });
      return child.result({ timeoutMs: 60_000 }).then(String, (error: unknown) => String(error));
    });
    await using own = await createHarness({ tasks: [impatient, square], now: h.clock.now() });

    const { result } = await own.run(impatient, []);

    expect(result).toMatch(/^TimeoutError: task run trn-\w+ is not finished after 60000 ms$/);
    expect(secondsOf([own.clock.now().toISOString()])).toEqual([120]);
  });

  test("a test may let time pass", async () => {
    const long = task("long", async () => {
      await h2.clock.advance("30m");
      return "long";
    });
    await using h2 = await createHarness({ tasks: [long], now: h.clock.now() });

    const run = await h2.run(long, []);

    expect(run).toMatchObject({ result: "long", status: { durationSeconds: 1800 } });
  });

  test("a test may let time pass in vain: the timeout comes first", async () => {
    const tooLong = task("too-long", { timeoutSeconds: 60, retry: { maxRetries: 0 } }, async () => {
      await h2.clock.advance("2m");
      return "too long";
    });
    await using h2 = await createHarness({ tasks: [tooLong] });

    expect(await h2.run(tooLong, [])).toMatchObject({ phase: "Failed", reason: "TimedOut" });
  });
});

describe("a wait", () => {
  test("of a handle is bounded by virtual time", async () => {
    const run = await h.trigger(square, [3], { startAt: "2026-01-01T01:00:00Z" });

    await run.wait({ timeoutMs: 60_000 });
    await expect(run.result({ timeoutMs: 60_000 })).rejects.toThrow(
      `task run ${run.id} is not finished after 60000 ms`,
    );

    expect(secondsOf([h.clock.now().toISOString()])).toEqual([120]);
  });

  test("ends with its signal, and moves time no further", async () => {
    const run = await h.trigger(square, [3], { startAt: "2026-01-01T01:00:00Z" });
    const leave = new AbortController();

    const wait = run.result({ signal: leave.signal });
    leave.abort();

    await expect(wait).rejects.toThrow("the wait was aborted");
    await h.clock.advance(0);
    expect((await h.get(run)).phase).toBe("Pending");
  });

  test("lets no time pass while a function does I/O", async () => {
    const directory = await mkdtemp(join(tmpdir(), "stint-testing-"));
    const reading = task("reading", { timeoutSeconds: 1 }, async () => {
      await writeFile(join(directory, "a"), "written");
      await realTime(20);
      return readFile(join(directory, "a"), "utf8");
    });
    const parent = task("parent-of-reading", () => reading());
    await using own = await createHarness({ tasks: [reading, parent], now: h.clock.now() });

    const run = await own.run(parent, []);

    expect(run).toMatchObject({ result: "written", attempts: [{}] });
    expect(own.clock.now().getTime() - h.clock.now().getTime()).toBeLessThan(1000);
    await rm(directory, { recursive: true });
  });

  test("is not held by a function of a run that nobody waits for", async () => {
    await h.trigger(waiting, []);

    const run = await h.run(flaky, []);

    expect(run.attempts).toHaveLength(4);
  });

  test("for what never comes says what the run waits for", async () => {
    const stuck = task("stuck", { timeoutSeconds: 604_800 }, () => taskRef("nowhere/nothing")());
    await using own = await createHarness({ tasks: [stuck] });

    await expect(own.run(stuck, [], { name: "stuck" })).rejects.toThrow(
      /^Run stuck is not over, and nothing has happened for 25 hours: stuck is Running, AttemptRunning; trn-\w+ is Pending, BundleNotFound: .*nowhere.*\. Give it what it waits for, or trigger it and move the clock yourself\.$/,
    );
  });

  test("is as patient as the longest wait between two attempts (S84)", async () => {
    const run = await h.run(flaky, [], { retry: { maxRetries: 2, delaysSeconds: 86_400 } });

    expect(secondsOf(run.attempts.map(({ createdAt }) => createdAt))).toEqual([0, 86_400, 172_800]);
  });
});

test("nothing opens a socket (S287)", async () => {
  const sockets = [vi.spyOn(Socket.prototype, "connect"), vi.spyOn(Server.prototype, "listen")];
  await using own = await createHarness({ tasks: [square, flaky] });

  await own.run(flaky, []);

  expect(sockets.map((socket) => socket.mock.calls.length)).toEqual([0, 0]);
  for (const socket of sockets) socket.mockRestore();
});

test("nothing sets a timer of the machine's (S288)", async () => {
  const timers = [
    vi.spyOn(globalThis, "setTimeout"),
    vi.spyOn(globalThis, "setInterval"),
    vi.spyOn(AbortSignal, "timeout"),
  ];
  await using own = await createHarness({ tasks: [square, flaky, waiting] });

  await own.run(flaky, []);
  const run = await own.trigger(waiting, []);
  await own.clock.advance("1h");
  await run.wait({ timeoutMs: 1000 });

  expect(timers.map((timer) => timer.mock.calls.length)).toEqual([0, 0, 0]);
  for (const timer of timers) timer.mockRestore();
});
