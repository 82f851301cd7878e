import { expect, test } from "vitest";

import { chaosMs, planOf } from "./plan.ts";

test("a seed is one plan, and another seed another", () => {
  expect(planOf(7)).toEqual(planOf(7));
  expect(planOf(7)).not.toEqual(planOf(8));
});

test("faults are of the kinds that the seed takes, and begin while the chaos lasts", () => {
  for (let seed = 0; seed < 200; seed++) {
    const { kinds, rates, disturbances, skewsMs } = planOf(seed);

    expect(kinds).toEqual(expect.arrayContaining([...Object.keys(rates), ...disturbances.map(({ kind }) => kind)]));
    expect(disturbances.every(({ atMs }) => atMs < chaosMs)).toBe(true);
    expect(skewsMs).toHaveLength(kinds.includes("twoOperators") ? 2 : 1);
    expect(skewsMs.every((skewMs) => skewMs === 0) || kinds.includes("clockSkew")).toBe(true);
  }
});
