// A few seeds that between them meet every kind of fault. `make chaos SEED=7` plays one again, `make chaos RUNS=1000` many.
import { afterAll, beforeAll, expect, test } from "vitest";

import { type Built, buildAssets } from "./built.ts";
import { keepEvidence } from "./evidence.ts";
import { faultKinds } from "./faults.ts";
import { planOf } from "./plan.ts";
import { play } from "./play.ts";

const seeds = [4, 7, 48, 822];
/** A seed takes some 15 s; on a machine that is busy with other things many times that. */
const patienceMs = 900_000;

let built: Built;
beforeAll(async () => {
  built = await buildAssets();
}, patienceMs);
afterAll(() => built.remove());

test("the seeds meet every kind of fault", () => {
  const met = new Set(seeds.flatMap((seed) => planOf(seed).kinds));

  expect([...met].toSorted()).toEqual([...faultKinds].toSorted());
});

test.concurrent.each(seeds)("seed %i breaks no rule", { timeout: patienceMs }, async (seed) => {
  const plan = planOf(seed);
  const played = await play(plan, built.assets);
  keepEvidence(plan, played);
  const { violations, history } = played;

  expect(violations, `make chaos SEED=${seed} plays it again`).toEqual([]);
  expect(history.ledger.length).toBeGreaterThan(0);
});
