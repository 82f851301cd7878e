// Tasks as hooks, with everything real but the cluster, the clock and the kubelet (S106).
import type { TaskRun } from "@stint/crds/taskrun";
import { describe, expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import type { Point } from "../../src/points.ts";
import { aManifestTask } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { lives } from "./kubelet.ts";
import { aBox, ClusterBox } from "./operator-in-a-box.ts";

const notify = [{ name: "notify" }];
const hooks = { onRunning: notify, onCompletion: notify, onFailure: notify };
const signature = { parameters: [{ name: "event", required: true, rest: false }], objectArgument: false };
const manifest = [aManifestTask({ hooks }), aManifestTask({ name: "notify", signature })];

/** What the hooks were started with, in order. */
function events(box: ClusterBox): unknown[] {
  const started = box.hand.peekAll(taskRuns).filter(({ spec }) => spec.task === "math/notify:1");
  const age = ({ metadata: { uid } }: TaskRun): number => Number(uid.replace("uid-", "")); // the store counts them
  return started.toSorted((a, b) => age(a) - age(b)).map(({ spec }) => (spec.input as unknown[])[0]); // ours
}

const isTold = (box: ClusterBox, count: number) => () =>
  events(box).length === count && box.status.hooks === undefined && box.status.finishedAt !== undefined;

test("hooks are root runs of the same revision, which are told what has happened (S106)", async () => {
  const { box } = await aBox({ lives: [lives.throws, lives.succeeds], manifest });
  await box.apply();
  await box.until(isTold(box, 3));

  const about = { run: "square-4", task: "math/square", message: "" };
  expect(events(box)).toEqual([
    { ...about, phase: "Running", reason: "AttemptRunning", attempts: 1 },
    { ...about, phase: "Running", reason: "Retrying", attempts: 2 },
    { ...about, phase: "Succeeded", reason: "Completed", attempts: 2 },
  ]);
  expect(box.status.result).toBe(16);
  for (const { metadata, spec } of box.hand.peekAll(taskRuns)) {
    if (spec.task !== "math/notify:1") continue;
    expect(metadata.labels).toEqual({ "stint.dev/bundle": "math" });
    expect(metadata).not.toHaveProperty("ownerReferences");
  }
});

test("a process that is gone is told of all the same, and a hook that fails changes nothing (S106)", async () => {
  const { box } = await aBox({ lives: [lives.exits], manifest });
  await box.apply({ retry: { maxRetries: 0 } });
  await box.until(isTold(box, 2));
  const before = box.status;
  await box.clock.advance(120_000);

  expect(events(box).at(-1)).toMatchObject({ phase: "Failed", reason: "ExitedWithoutReport", attempts: 1 });
  expect(box.hand.peekAll(taskRuns).every(({ status }) => status?.phase === "Failed")).toBe(true);
  expect(box.status).toEqual(before);
});

test("a rerun that fails again is told of again (S105, S170)", async () => {
  const { box } = await aBox({ lives: [lives.throws], manifest });
  await box.apply({ retry: { maxRetries: 0 } });
  await box.until(isTold(box, 2));

  box.rerun();
  await box.until(isTold(box, 4));

  expect(events(box).at(-1)).toMatchObject({ phase: "Failed", attempts: 2 });
});

test("what the API server refuses for good is told by an event, and forgotten (S106)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds], manifest });
  operator.cluster.failNext("create", taskRuns, apiError("forbidden"));
  await box.apply();
  await box.until(isTold(box, 1));

  expect(box.events).toContain("HookNotStarted");
  expect(events(box)).toMatchObject([{ phase: "Succeeded" }]);
});

test("a quota keeps a hook waiting, and nothing else (S106)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds], manifest });
  for (let n = 0; n < 4; n++) operator.cluster.failNext("create", taskRuns, apiError("quotaExceeded"));
  await box.apply();
  await box.untilFinished();
  const owed = box.status.hooks?.map(({ event }) => event.phase);
  await box.until(isTold(box, 2));

  expect(owed).toEqual(["Running", "Succeeded"]);
});

test("a run without hooks costs no write more (S299)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  await box.apply();
  await box.untilFinished();
  await box.clock.advance(60_000);

  expect(operator.writes()).toHaveLength(4);
});

describe("an operator that dies starts no hook twice, and loses none (S106)", () => {
  const points: readonly Point[] = ["before-status", "after-status", "after-action", "before-acknowledgement"];

  test.each(points.flatMap((point) => [1, 2, 3, 4, 5, 6].map((pass) => ({ point, pass }))))(
    "at pass $pass of $point",
    async ({ point, pass }) => {
      const box = new ClusterBox({ lives: [lives.succeeds] });
      box.applyBundle(manifest);
      let passes = 0;
      const first = await box.start({
        point: async (at) => {
          if (at !== point || ++passes < pass) return;
          first.kill();
          await new Promise<never>(() => {});
        },
      });
      await box.apply();
      await box.until(() => first.over.aborted || isTold(box, 2)(), 60_000);
      if (first.over.aborted) await box.start();
      await box.until(isTold(box, 2));

      expect(events(box)).toMatchObject([{ phase: "Running" }, { phase: "Succeeded" }]);
      expect(box.status.result).toBe(16);
    },
  );
});
