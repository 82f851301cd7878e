import type { Assignment, Report } from "@stint/crds/attempt";
import { expect, test } from "vitest";

import { runAttempt } from "../src/attempt.ts";
import { ChannelLost } from "../src/channel.ts";
import { tasksOf } from "../src/entry.ts";
import { createHost } from "../src/host.ts";
import { Stop } from "../src/stop.ts";
import { aFailure, aGateway, anAssignment, succeeded } from "./builders.ts";
import { FakeClock, turn } from "./fakes/clock.ts";
import { silentLog } from "./fakes/log.ts";
import { aRegistry } from "./fakes/registry.ts";

const forever = new Promise<never>(() => {});
const timedOut = {
  kind: "failed",
  reason: "TimedOut",
  error: { name: "TimeoutError", message: "attempt exceeded its timeout of 60 second(s)" },
  retryable: false,
};

interface Given {
  readonly assignment?: Partial<Assignment>;
  readonly importEntry?: () => Promise<void>;
  readonly crashed?: Promise<never>;
}

/** An attempt under way, whose process began at 0 by its clock. */
function anAttempt({ assignment = {}, importEntry = () => Promise.resolve(), crashed = forever }: Given = {}) {
  const stop = new Stop();
  const clock = new FakeClock();
  const common = { stop, clock, log: silentLog };
  const gateway = aGateway({ startChildren: () => Promise.reject(new ChannelLost("POST children", undefined)) });
  const host = createHost({ ...common, gateway, startedAtMs: 0, assignment: {} });
  const load = () => tasksOf(importEntry());
  const ending = runAttempt({ ...common, assignment: anAssignment(assignment), host, load, crashed });
  return { stop, clock, ending };
}

function afterAbort(signal: AbortSignal, then: () => Report): Promise<Report> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(then())));
}

test("the function's report is the attempt's", async () => {
  using _ = aRegistry((_, { input }) => Promise.resolve({ ...succeeded, value: input }));
  const { ending } = anAttempt({ assignment: { input: [7] } });

  await expect(ending).resolves.toEqual({ kind: "reported", report: { ...succeeded, value: [7] } });
});

test("an entry point that does not import is a TaskError (S75)", async () => {
  const { ending } = anAttempt({ importEntry: () => Promise.reject(new TypeError("no such thing")) });

  await expect(ending).resolves.toMatchObject({
    report: { kind: "failed", reason: "TaskError", error: { name: "TypeError", message: "no such thing" } },
  });
});

test("an entry point that imports no SDK has no such task", async () => {
  const { ending } = anAttempt();

  await expect(ending).resolves.toMatchObject({
    report: {
      kind: "failed",
      reason: "TaskNotFound",
      error: { message: 'Task "square" is not registered in bundle math revision 1' },
    },
  });
});

test("an error outside the function's promise is a TaskError", async () => {
  using _ = aRegistry(() => forever);
  const crash = Promise.withResolvers<never>();
  const { ending } = anAttempt({ crashed: crash.promise });

  crash.reject(new RangeError("in a timer"));

  await expect(ending).resolves.toMatchObject({
    report: { reason: "TaskError", error: { name: "RangeError", message: "in a timer" } },
  });
});

test("at the timeout the signal aborts, and the SDK says what the function's answer is then worth (S68)", async () => {
  using _ = aRegistry(({ signal }) => afterAbort(signal, () => aFailure("TimeoutError")));
  const { ending, clock, stop } = anAttempt();

  await clock.advance(59_999);
  expect(stop.signal.aborted).toBe(false);
  await clock.advance(1);

  expect(stop.signal.reason).toMatchObject({ name: "TimeoutError", stop: "TimedOut" });
  await expect(ending).resolves.toEqual({ kind: "reported", report: aFailure("TimeoutError") });
});

test("what crashes after the timeout is TimedOut too (A2)", async () => {
  using _ = aRegistry(() => forever);
  const crash = Promise.withResolvers<never>();
  const { ending, clock } = anAttempt({ crashed: crash.promise });
  await clock.advance(60_000);

  crash.reject(new Error("in an abort listener"));

  await expect(ending).resolves.toMatchObject({ report: timedOut });
});

test("a function is not entered after the timeout, and the attempt is TimedOut", async () => {
  using _ = aRegistry(() => Promise.resolve(succeeded));
  const imported = Promise.withResolvers<void>();
  const { ending, clock } = anAttempt({ importEntry: () => imported.promise });
  await clock.advance(60_000);

  imported.resolve();

  await expect(ending).resolves.toMatchObject({ report: timedOut });
});

test("a function that ignores the timeout is TimedOut at the end of the grace period", async () => {
  using _ = aRegistry(() => forever);
  const { ending, clock } = anAttempt({ assignment: { gracePeriodSeconds: 10 } });
  let isOver = false;
  void ending.then(() => (isOver = true));

  await clock.advance(69_999);
  expect(isOver).toBe(false);
  await clock.advance(1);

  await expect(ending).resolves.toMatchObject({ report: timedOut });
});

test("a function that ignores the timeout is not tried again where its task wants no retry (S93)", async () => {
  using _ = aRegistry((host) => {
    host.denyRetry?.();
    return forever;
  });
  const { ending, clock } = anAttempt();

  await clock.advance(70_000);

  await expect(ending).resolves.toMatchObject({ report: { ...timedOut, retryDenied: true } });
});

test("an entry point whose import hangs is TimedOut too", async () => {
  const { ending, clock } = anAttempt({ importEntry: () => forever });

  await clock.advance(70_000);

  await expect(ending).resolves.toMatchObject({ report: timedOut });
});

test("a TimeoutError that the task itself throws is its own failure (S68)", async () => {
  using _ = aRegistry(() => Promise.resolve(aFailure("TimeoutError")));
  const { ending } = anAttempt();

  await expect(ending).resolves.toEqual({ kind: "reported", report: aFailure("TimeoutError") });
});

test("the run's deadline stops the attempt where it comes before the timeout (S71)", async () => {
  using _ = aRegistry(({ signal }) => afterAbort(signal, () => aFailure("DeadlineError")));
  const { ending, clock, stop } = anAttempt({ assignment: { deadlineAt: new Date(5_000).toISOString() } });

  await clock.advance(5_000);

  expect(stop.signal.reason).toMatchObject({ name: "DeadlineError" });
  await expect(ending).resolves.toMatchObject({ report: { reason: "TaskError" } });
});

test("after another stop than the timeout the function is awaited without limit", async () => {
  const answer = Promise.withResolvers<Report>();
  using _ = aRegistry(() => answer.promise);
  const { ending, clock, stop } = anAttempt();
  await turn();
  stop.begin({ reason: "Canceled", message: "the run is being canceled" });

  await clock.advance(1_000_000);
  answer.resolve(succeeded);

  await expect(ending).resolves.toEqual({ kind: "reported", report: succeeded });
});

test("a function is not entered after a stop (A1)", async () => {
  let isEntered = false;
  using _ = aRegistry(() => {
    isEntered = true;
    return forever;
  });
  const imported = Promise.withResolvers<void>();
  const { ending, stop } = anAttempt({ importEntry: () => imported.promise });

  stop.begin({ reason: "Disrupted", message: "the node is drained" });
  imported.resolve();

  await expect(ending).resolves.toEqual({ kind: "stopped" });
  expect(isEntered).toBe(false);
});

test.each([
  { given: "a success", report: succeeded, kind: "reported" },
  { given: "a failure of the task's own", report: aFailure("TypeError"), kind: "reported" },
  { given: "the signal's reason, thrown on", report: aFailure("DisruptionError"), kind: "stopped" },
  { given: "what Node's own functions make of it", report: aFailure("AbortError"), kind: "stopped" },
])("of a disrupted attempt, $given is $kind (A3, S169)", async ({ report, kind }) => {
  using _ = aRegistry(({ signal }) => afterAbort(signal, () => report));
  const { ending, stop } = anAttempt();
  await turn();

  stop.begin({ reason: "Disrupted", message: "the node is drained" });

  await expect(ending).resolves.toMatchObject({ kind });
});

test("losing the gateway in a call of the function ends the attempt", async () => {
  using _ = aRegistry(async (host) => {
    await host.startChild({ sequence: 1, task: { name: "square" }, input: [] }).catch(() => {});
    return succeeded;
  });
  const { ending } = anAttempt();

  await expect(ending).rejects.toBeInstanceOf(ChannelLost);
});
