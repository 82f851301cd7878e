import fc from "fast-check";
import { expect, test } from "vitest";

import { type Life, paceOf, quantile, slopePerHour } from "./figures.ts";

const aLife = (life: Partial<Life> = {}): Life => ({
  triggeredMs: 0,
  podCreatedMs: 10,
  podEndedMs: 1010,
  statusMs: 1030,
  ...life,
});

test("a quantile is one of the figures, by nearest rank", () => {
  const figures = [30, 10, 20, 40];

  expect([0, 0.5, 0.99, 1].map((share) => quantile(figures, share))).toEqual([10, 30, 40, 40]);
});

test("a quantile of nothing is no number", () => {
  expect(quantile([], 0.5)).toBeNaN();
});

test("the pace counts from the first trigger to the last status", () => {
  const lives = [aLife({ triggeredMs: 1000, podCreatedMs: 1200, statusMs: 2000 }), aLife({ statusMs: 4000 })];

  const { seconds, perSecond, triggerToPod, endToStatus } = paceOf(lives);

  expect({ seconds, perSecond }).toEqual({ seconds: 4, perSecond: 0.5 });
  expect(triggerToPod).toEqual({ p50: 200, p99: 200 });
  expect(endToStatus).toEqual({ p50: 2990, p99: 2990 });
});

test("the slope of a line is its own, wherever its samples lie", () => {
  const lines = fc.tuple(
    fc.integer({ min: -1000, max: 1000 }),
    fc.integer({ min: -1000, max: 1000 }),
    fc.uniqueArray(fc.integer({ min: 0, max: 3600 }), { minLength: 2 }),
  );

  fc.assert(
    fc.property(lines, ([level, perHour, instants]) => {
      const samples = instants.map((seconds) => ({ seconds, value: level + (perHour * seconds) / 3600 }));

      expect(slopePerHour(samples)).toBeCloseTo(perHour, 3);
    }),
  );
});

test("one sample has no slope", () => {
  expect(slopePerHour([{ seconds: 5, value: 100 }])).toBeNaN();
});
