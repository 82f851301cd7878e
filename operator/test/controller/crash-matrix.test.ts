// The operator dies at every delicate point of a run's life, and is started anew, at once or after a while. The way to the end
// may differ; the end, the pods and the results may not.
import type { TaskRunSpec } from "@stint/crds/taskrun";
import { expect, test } from "vitest";

import { pods } from "../../src/effects/resources.ts";
import { type Point, points } from "../../src/points.ts";
import { apiError } from "../fakes/cluster.ts";
import { byProgram, handsOver, prepares, standings } from "./handing-over.ts";
import { lives, type PodLife } from "./kubelet.ts";
import { ClusterBox, type Operator } from "./operator-in-a-box.ts";

interface Story {
  readonly run: string;
  readonly lives: readonly PodLife[];
  readonly programs?: Readonly<Record<string, readonly PodLife[]>>;
  readonly spec?: Partial<TaskRunSpec>;
  /** What befalls the first operator, and what a person does meanwhile. */
  readonly arrange?: (operator: Operator) => void;
  readonly meanwhile?: (box: ClusterBox) => Promise<void>;
  readonly standing: string;
  /** Of the runs below it, by program. */
  readonly below?: Readonly<Record<string, string>>;
  readonly ends: readonly (string | undefined)[];
}

const stories: readonly Story[] = [
  {
    run: "is refused, fails twice and succeeds",
    lives: [lives.throws, lives.exits, lives.succeeds],
    arrange: ({ cluster }) => {
      for (let n = 0; n < 2; n++) cluster.failNext("create", pods, apiError("quotaExceeded"));
    },
    standing: "Succeeded Completed",
    ends: ["TaskError", "ExitedWithoutReport", "Succeeded"],
  },
  {
    run: "is canceled while it runs",
    lives: [lives.lasts],
    meanwhile: async (box) => {
      await box.until(() => box.podOf(1)?.status?.phase === "Running");
      await box.clock.advance(2000);
      box.edit({ cancel: true });
    },
    standing: "Canceled Canceled",
    ends: ["Canceled"],
  },
  {
    run: "is timed out and then succeeds",
    lives: [lives.lasts, lives.succeeds],
    spec: { timeoutSeconds: 60 },
    standing: "Succeeded Completed",
    ends: ["TimedOut", "Succeeded"],
  },
  {
    run: "outlives its deadline",
    lives: [lives.lasts],
    spec: { deadlineSeconds: 60 },
    standing: "Failed DeadlineExceeded",
    ends: ["DeadlineExceeded"],
  },
  {
    run: "loses a submission with an attempt, hands two over, fails with one, and is done again",
    lives: [],
    programs: {
      root: [
        [...prepares({ program: "lost" }), { afterMs: 1000, does: "exit", code: 3 }],
        handsOver({ program: "mends" }, { program: "last", after: [1] }),
      ],
      lost: [lives.succeeds],
      mends: [lives.fails, lives.succeeds],
      last: [lives.succeeds],
    },
    spec: { input: ["root"] },
    meanwhile: async (box) => {
      await box.until(() => box.reasonOf("square-4") === "SubtaskFailed", 600_000);
      await box.until(() => standings(box)["last"] === "Canceled TreeFailed", 600_000);
      box.edit({ rerun: { generation: 1 } });
      await box.until(() => box.status.rerunGeneration === 1, 600_000);
    },
    standing: "Succeeded Completed",
    ends: ["ExitedWithoutReport", "Succeeded"],
    below: { mends: "Succeeded Completed", last: "Succeeded Completed" },
  },
];

interface Death {
  /** Which pass of a point is the last one, from 1. */
  readonly pass: number;
  /** How long nobody leads then. */
  readonly downMs: number;
}

/** Plays a story to its end, and answers the points that were passed on the way. */
async function play(box: ClusterBox, { spec, arrange, meanwhile }: Story, death?: Death): Promise<readonly Point[]> {
  const passed: Point[] = [];
  const start = async (): Promise<Operator> => {
    const operator = await box.start({
      point: async (point) => {
        if (operator.over.aborted) return never;
        passed.push(point);
        if (passed.length !== death?.pass) return;
        operator.kill();
        void box.clock.sleep(death.downMs, neverStopped).then(start);
        await never;
      },
    });
    return operator;
  };
  box.applyBundle();
  const first = await start();
  arrange?.(first);
  await box.apply(spec);
  await meanwhile?.(box);
  await box.untilFinished("square-4", 600_000);
  await box.clock.advance(120_000);
  return passed;
}

const never = new Promise<never>(() => {});
const neverStopped = new AbortController().signal;

async function deathsIn(story: Story) {
  const points = await play(new ClusterBox(story), story);
  return points.flatMap((point, index) =>
    [0, 20_000].map((downMs) => ({ story, ...story, point, pass: index + 1, downMs })),
  );
}

const deaths = (await Promise.all(stories.map(deathsIn))).flat();

test("the stories pass every point", () => {
  expect(new Set(deaths.map(({ point }) => point))).toEqual(new Set(points));
});

test.each(deaths)(
  "a run that $run: the operator dies at pass $pass, $point, and is away for $downMs ms",
  async ({ story, pass, downMs }) => {
    const box = new ClusterBox(story);

    await play(box, story, { pass, downMs });

    expect(box.standing).toBe(story.standing);
    expect(box.ends).toEqual(story.ends);
    expect(box.mostLivePods).toBe(1);
    expect(standings(box)).toEqual(story.below ?? {});
    const results = box.acknowledged
      .filter(({ kind }) => kind === "succeeded")
      .map((report) => "value" in report && report.value);
    const below = Object.values(byProgram(box)).map(({ status }) => status?.result);
    expect(results).toEqual([...("result" in box.status ? [box.status.result] : []), ...below]);
  },
);
