import { createHash } from "node:crypto";

import type { Retry, ResolvedRetry } from "@stint/crds/settings";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { infrastructureWaitMs, userWaitMs } from "../../src/core/backoff.ts";
import { resolveSettings } from "../../src/core/resolve.ts";
import { resolvedSettings } from "../builders.ts";

const anyone = { uid: "uid", attempt: 1 };

/** What is in force for a policy as a user writes it. */
function inForce(retry?: Retry): ResolvedRetry {
  return resolveSettings({ task: "math/square", ...(retry && { retry }) }, { settings: {} }, {}, {}).retry;
}

/** Every wait of a policy, in seconds. */
function waits(retry: ResolvedRetry): number[] {
  return Array.from({ length: retry.maxRetries }, (_, n) => userWaitMs(retry, n, anyone) / 1000);
}

/** A constant wait of ten seconds with that much jitter. */
function jittered(jitterFactor: number): ResolvedRetry {
  return { ...resolvedSettings().retry, waitDurationMs: 10_000, backoffScaling: 1, jitterFactor };
}

function draws(retry: ResolvedRetry, count: number): number[] {
  return Array.from({ length: count }, (_, index) => userWaitMs(retry, 0, { uid: `run-${index}`, attempt: 1 }) / 1000);
}

describe("waits before user retries", () => {
  test.each<[Retry | undefined, readonly number[]]>([
    [undefined, [1, 2, 4]],
    [{ maxRetries: 3, waitDurationMs: 1000 }, [1, 1.5, 2.25]],
    [{ maxRetries: 3, waitDurationMs: 5000, backoffScaling: 2 }, [5, 10, 20]],
    [{ maxRetries: 2, delaysSeconds: [5] }, [5, 5]],
    [{ maxRetries: 3, delaysSeconds: [1, 10, 100] }, [1, 10, 100]],
    [{ maxRetries: 4, delaysSeconds: [1, 10] }, [1, 10, 10, 10]],
    [{ maxRetries: 2, waitDurationMs: 1000, backoffScaling: 1.5 }, [1, 1.5]],
    [{ maxRetries: 0 }, []],
    [{}, [1, 1.5, 2.25]],
  ])("of %j are %j s (S79, S81, S82, S85)", (given, expected) => {
    expect(waits(inForce(given))).toEqual(expected);
  });

  test("of a list with jitter stay within its bounds (S85)", () => {
    const retry = inForce({ maxRetries: 3, delaysSeconds: [10, 20, 40], jitterFactor: 1 });
    const bounds = [
      [4.15, 20],
      [8.3, 40],
      [16.6, 80],
    ] as const;

    for (const [n, [lower, upper]] of bounds.entries()) {
      for (let attempt = 1; attempt <= 2000; attempt++) {
        const wait = userWaitMs(retry, n, { uid: "uid", attempt }) / 1000;
        expect(wait).toBeGreaterThanOrEqual(lower);
        expect(wait).toBeLessThanOrEqual(upper);
      }
    }
  });

  test("are whole milliseconds, and a day at most (S84)", () => {
    expect(userWaitMs(inForce({ waitDurationMs: 1, backoffScaling: 1.5 }), 1, anyone)).toBe(2);
    expect(userWaitMs(inForce({ waitDurationMs: 86_400_000, backoffScaling: 100 }), 100, anyone)).toBe(86_400_000);
    expect(userWaitMs(inForce({ delaysSeconds: [86_400], jitterFactor: 10 }), 0, anyone)).toBeLessThanOrEqual(
      86_400_000,
    );
  });

  test("of nothing are nothing, however often it is doubled or shaken (S86)", () => {
    expect(userWaitMs(inForce({ waitDurationMs: 0, backoffScaling: 100, jitterFactor: 10 }), 100, anyone)).toBe(0);
    expect(userWaitMs(inForce({ delaysSeconds: [0], jitterFactor: 10 }), 3, anyone)).toBe(0);
  });
});

describe("jitter (S86)", () => {
  test.each([
    [0.3, 7.52, 13],
    [0.5, 6.29, 15],
    [1, 4.15, 20],
    [2, 1.93, 30],
    [5, 0.23, 60],
  ])("with factor %d keeps ten seconds between %d and %d, and ten on average", (factor, lower, upper) => {
    const seconds = draws(jittered(factor), 100_000);

    const mean = seconds.reduce((sum, wait) => sum + wait, 0) / seconds.length;
    const least = Math.min(...seconds.slice(0, 50_000), ...seconds.slice(50_000));
    const most = Math.max(...seconds.slice(0, 50_000), ...seconds.slice(50_000));
    expect(Math.abs(mean - 10) / 10).toBeLessThan(0.02);
    expect(least).toBeGreaterThanOrEqual(lower - 0.005);
    expect(least).toBeLessThan(lower + 0.02);
    expect(most).toBeLessThanOrEqual(upper);
    expect(most).toBeGreaterThan(upper * 0.95);
  });

  test("with factor 0 is none", () => {
    expect(new Set(draws(jittered(0), 100))).toEqual(new Set([10]));
  });

  test("of any factor and wait is a number within its bounds", () => {
    const policy = fc.record({
      a: fc.integer({ min: 1, max: 86_400 }),
      k: fc.double({ min: 0.001, max: 10, noNaN: true }),
    });
    fc.assert(
      fc.property(policy, fc.uuid(), fc.integer({ min: 1, max: 1000 }), ({ a, k }, uid, attempt) => {
        const wait = userWaitMs({ ...jittered(k), waitDurationMs: a * 1000 }, 0, { uid, attempt });

        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(Math.min(Math.ceil(a * 1000 * (1 + k)), 86_400_000));
      }),
    );
  });

  test("is drawn from the run and the attempt alone: the first 52 bits of their hash (S87)", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 1000 }), (uid, attempt) => {
        const hash = createHash("sha256").update(`${uid}/${attempt}`).digest();
        const uniform = Number(hash.readBigUInt64BE() >> 12n) / 2 ** 52;
        const cumulative = (x: number) => 1 - Math.exp(-x / 10);
        const [lower, upper] = [10 * Math.log2(4 / 3), 20];
        const u = cumulative(lower) + uniform * (cumulative(upper) - cumulative(lower));

        const waitMs = userWaitMs(jittered(1), 0, { uid, attempt });

        expect(waitMs).toBe(Math.round(-10_000 * Math.log(Math.max(1 - u, 1e-10))));
      }),
    );
  });
});

test("waits before infrastructure retries double from 1 s to a minute (S96)", () => {
  const seconds = Array.from({ length: 10 }, (_, i) => infrastructureWaitMs(i) / 1000);

  expect(seconds).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
});
