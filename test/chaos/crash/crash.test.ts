// The operator as users have it is killed at every delicate point of a run's life, and another carries on: the way to the end may
// differ; the end, the pods and what the function did may not. More stories are told of it in memory, at every pass that there is:
// operator/test/controller/crash-matrix.test.ts.
import { afterAll, beforeAll, expect, test } from "vitest";

import { points } from "../../../operator/src/points.ts";
import type { Built } from "../built.ts";
import { affordableSpeed } from "../time.ts";
import { buildDeadlyAssets } from "./built.ts";
import { problemsOf } from "./judge.ts";
import { play } from "./play.ts";
import { Stage, Stages } from "./stage.ts";
import { stories, succeeds } from "./stories.ts";

/** A row takes a second or two; on a machine that is busy with other things many times that. */
const patienceMs = 900_000;

let built: Built;
let stages: Stages;
beforeAll(async () => {
  built = await buildDeadlyAssets();
  stages = new Stages(built.assets);
}, patienceMs);
afterAll(async () => {
  await stages.close();
  built.remove();
}, patienceMs);

const rows = stories
  .flatMap((story) =>
    Object.entries(story.passes).flatMap(([point, passes]) =>
      Array.from({ length: passes }, (_, index) => ({ run: story.run, crashAt: `${point}#${index + 1}`, story })),
    ),
  )
  .map((row, index) => ({ ...row, name: `run-${index}` }));

test("the stories pass every point", () => {
  expect(new Set(stories.flatMap(({ passes }) => Object.keys(passes)))).toEqual(new Set(points));
});

test.concurrent.each(rows)(
  "a run that $run: the operator is killed at $crashAt, and nothing is lost or done twice (S52, S98)",
  { timeout: patienceMs },
  async ({ name, crashAt, story }) => {
    const { crashedAt, history, log } = await stages.lend((stage) => play(stage, { name, story, crashAt }));

    expect(crashedAt).toBe(crashAt);
    expect(problemsOf(history, { name, story }), `operators logged:\n${log.join("\n")}`).toEqual([]);
  },
);

test.concurrent(
  "a follower carries on when the lease of a killed leader has run out",
  { timeout: patienceMs },
  async ({ onTestFinished }) => {
    const stage = await Stage.open(built.assets, affordableSpeed());
    onTestFinished(() => stage.close());
    const [name, story] = ["run", succeeds];
    const beforeThePodIsMade = "after-status#1";

    const script = { name, story, crashAt: beforeThePodIsMade, heir: "follower" } as const;
    const { crashedAt, history, log } = await play(stage, script);

    expect(crashedAt).toBe(beforeThePodIsMade);
    expect(problemsOf(history, { name, story }), `operators logged:\n${log.join("\n")}`).toEqual([]);
    expect(history.operators.map(({ end }) => end)).toEqual(["SIGKILL", 0]);
  },
);
