import { beforeEach, describe, expect, test } from "vitest";

import { gone, type Reconcile, requeueAt, runController, settled } from "../../src/controller/controller.ts";
import { WorkQueue } from "../../src/controller/workqueue.ts";
import { type ApiReason, InvariantError, RefusedError } from "../../src/errors.ts";
import type { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../fakes/clock.ts";
import { apiError } from "../fakes/cluster.ts";
import { freshMetrics, silentLogger, valueOf } from "../fakes/telemetry.ts";

let clock: FakeClock;
let metrics: Metrics;
let queue: WorkQueue;
let stop: AbortController;

beforeEach(() => {
  clock = new FakeClock();
  metrics = freshMetrics();
  queue = new WorkQueue({ name: "runs", clock, random: () => 0, metrics });
  stop = new AbortController();
});

function run(reconcile: Reconcile, workers = 1): Promise<void> {
  const refused = () => requeueAt(new Date(clock.now().getTime() + 600_000));
  return runController(
    { name: "runs", workers, queue, reconcile, refused, clock, log: silentLogger, metrics },
    stop.signal,
  );
}

/** Runs one key whose first look ends like this; answers the milliseconds after which it is looked at again. */
async function secondLookAfter(firstLook: Reconcile): Promise<number> {
  const looks: number[] = [];
  const running = run(async (key, id) => {
    looks.push(clock.monotonicMs());
    return looks.length === 1 ? firstLook(key, id) : settled;
  });
  queue.add("ns/a");
  await clock.advance(3_600_000);
  stop.abort();
  await running;
  return (looks[1] ?? NaN) - (looks[0] ?? NaN);
}

function failing(error: unknown): Reconcile {
  return async () => {
    throw error;
  };
}

async function results(): Promise<Record<string, number>> {
  const { values } = await metrics.reconciles.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.result ?? "", value]));
}

describe("what a look comes to", () => {
  test("settled waits for an event", async () => {
    expect(await secondLookAfter(async () => settled)).toBeNaN();
    expect(await results()).toEqual({ success: 1 });
  });

  test("requeueAt looks again then", async () => {
    const at = new Date(clock.now().getTime() + 90_000);

    expect(await secondLookAfter(async () => requeueAt(at))).toBe(90_000);
    expect(await results()).toEqual({ requeue: 1, success: 1 });
  });

  test("gone calls off what was planned for the object", async () => {
    queue.addAfter("ns/a", 1_800_000);

    expect(await secondLookAfter(async () => gone)).toBeNaN();
    expect(await valueOf(metrics.queueDelayed)).toBe(0);
    expect(await results()).toEqual({ success: 1 });
  });

  test.each<{ reason: ApiReason; afterMs: number; result: string }>([
    { reason: "conflict", afterMs: 5, result: "requeue" },
    { reason: "notFound", afterMs: 5, result: "requeue" },
    { reason: "unavailable", afterMs: 5, result: "error" },
    { reason: "forbidden", afterMs: 5, result: "error" },
    { reason: "tooManyRequests", afterMs: 30_000, result: "error" },
  ])("$reason looks again after $afterMs ms, as $result", async ({ reason, afterMs, result }) => {
    const asked = reason === "tooManyRequests" ? { retryAfterMs: 30_000 } : {};

    expect(await secondLookAfter(failing(apiError(reason, asked)))).toBe(afterMs);
    expect(await results()).toEqual({ [result]: 1, success: 1 });
  });

  test("what only a person can fix goes the way that its kind has for it", async () => {
    expect(await secondLookAfter(failing(new RefusedError("no", { reason: "InvalidPodTemplate" })))).toBe(600_000);
    expect(await results()).toEqual({ refused: 1, success: 1 });
  });

  test("a bug of ours is counted as one, and backs off", async () => {
    expect(await secondLookAfter(failing(new InvariantError("no rule")))).toBe(5);
    expect(await results()).toEqual({ bug: 1, success: 1 });
    expect(await valueOf(metrics.reconcileErrors, { code: "INVARIANT" })).toBe(1);
  });

  test("an unknown error backs off", async () => {
    expect(await secondLookAfter(failing(new TypeError("x is not a function")))).toBe(5);
    expect(await valueOf(metrics.reconcileErrors, { code: "UNKNOWN" })).toBe(1);
  });
});

test("failures in a row back off further, and a success forgets them", async () => {
  const looks: number[] = [];
  const running = run(async () => {
    looks.push(clock.monotonicMs());
    if (looks.length < 5) throw new Error("not yet");
    if (looks.length === 5) return requeueAt(new Date(clock.now().getTime() + 1_000));
    if (looks.length === 6) throw new Error("again");
    return settled;
  });

  queue.add("ns/a");
  await clock.advance(10_000);
  stop.abort();
  await running;

  expect(looks.map((atMs) => atMs - (looks[0] ?? 0))).toEqual([0, 5, 15, 35, 75, 1075, 1080]);
});

test("each look has an id of its own", async () => {
  const ids: string[] = [];
  const running = run(async (_, id) => {
    ids.push(id);
    return settled;
  }, 3);

  for (const key of ["a", "b", "c"]) queue.add(key);
  await clock.advance(0);
  stop.abort();
  await running;

  expect(new Set(ids).size).toBe(3);
});

test("on stop the looks under way finish, and no other begins", async () => {
  const looked: string[] = [];
  const slow = Promise.withResolvers<void>();
  const running = run(async (key) => {
    looked.push(key);
    await slow.promise;
    return settled;
  });
  queue.add("a");
  queue.add("b");
  await clock.advance(0);

  stop.abort();
  let isOver = false;
  const over = running.then(() => (isOver = true));
  await clock.advance(0);
  expect(isOver).toBe(false);
  slow.resolve();
  await over;

  expect(looked).toEqual(["a"]);
});

test("a signal that is aborted already starts nothing", async () => {
  stop.abort();
  queue.add("a");

  await run(() => Promise.reject(new Error("must not be called")));

  expect(await results()).toEqual({});
});
