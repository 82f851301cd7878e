import { expect, test } from "vitest";

import { systemClock } from "../src/clock.ts";

test("a sleep longer than a timer can be is not over at once, and does not spin", async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on("warning", warn); // a timer that was set too long says so
  const stop = new AbortController();
  let isOver = false;
  const long = systemClock.sleep(2 ** 31 + 1, stop.signal).finally(() => (isOver = true));

  await systemClock.sleep(5, new AbortController().signal); // unclamped, it would fire after 1 ms
  stop.abort(new Error("enough"));
  process.off("warning", warn);

  expect([isOver, warnings]).toEqual([false, []]);
  await expect(long).rejects.toThrow("enough");
});

test("a sleep whose signal is aborted already does not begin", async () => {
  const sleep = systemClock.sleep(0, AbortSignal.abort(new Error("stopped")));

  await expect(sleep).rejects.toThrow("stopped");
});

test("monotonic time grows by what was slept", async () => {
  const startMs = systemClock.monotonicMs();

  await systemClock.sleep(3, new AbortController().signal);

  expect(systemClock.monotonicMs() - startMs).toBeGreaterThan(2);
});
