import * as fc from "fast-check";
import { expect, test } from "vitest";

import { TokenBucket } from "../../src/effects/token-bucket.ts";
import { FakeClock } from "../fakes/clock.ts";

const never = new AbortController().signal;

test("a burst goes at once, and what comes after it at the rate, first come first", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, clock);

  const waits = await Promise.all([
    ...Array.from({ length: 6 }, () => bucket.take(never)),
    clock.advance(300).then(() => 0),
  ]);

  expect(waits.slice(0, 6)).toEqual([0, 0, 0, 100, 200, 300]);
});

test("a quiet time fills the bucket, and never beyond its burst", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, clock);
  await bucket.take(never);
  await clock.advance(60_000);

  const waits = [await bucket.take(never), await bucket.take(never)];
  const third = bucket.take(never);
  await clock.advance(100);

  expect([...waits, await third]).toEqual([0, 0, 100]);
});

test("whoever leaves gives the token to those behind", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ perSecond: 10, burst: 1 }, clock);
  const leaving = new AbortController();
  await bucket.take(never);
  const left = bucket.take(leaving.signal).catch(() => "left");

  leaving.abort();
  expect(await left).toBe("left");
  const next = bucket.take(never);
  await clock.advance(100);

  expect(await next).toBe(100);
});

test("in no stretch of time do more go than burst and rate allow", { timeout: 60_000 }, async () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(gaps, async (gapsMs) => {
      const clock = new FakeClock();
      const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, clock);
      const goneMs: number[] = [];
      const going: Promise<unknown>[] = [];
      for (const gapMs of gapsMs) {
        await clock.advance(gapMs);
        going.push(bucket.take(never).then(() => goneMs.push(clock.monotonicMs())));
      }
      await clock.advance(60_000);
      await Promise.all(going);

      for (let from = 0; from < goneMs.length; from++) {
        for (let to = from; to < goneMs.length; to++) {
          const stretchMs = (goneMs[to] ?? 0) - (goneMs[from] ?? 0);
          expect(to - from + 1).toBeLessThanOrEqual(5 + Math.floor(stretchMs / 100 + 1e-6));
        }
      }
    }),
    { numRuns: 30 },
  );
});
