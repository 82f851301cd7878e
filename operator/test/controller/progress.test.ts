// The progress of a tree, with everything real but the cluster, the clock and the kubelet (S148).
import type { Progress, TaskRun } from "@stint/crds/taskrun";
import { expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { aFailure, aSuccess } from "../builders.ts";
import { lives, type PodLife, type Step } from "./kubelet.ts";
import { aBox, type ClusterBox, type Operator } from "./operator-in-a-box.ts";

const start: Step = { afterMs: 1000, does: "start" };
const tells = (afterMs: number, done: number, total = 10): Step => ({
  afterMs,
  does: "progress",
  progress: [{ label: "rows", total, done }],
});
const succeeds: readonly Step[] = [
  { afterMs: 100, does: "report", report: aSuccess(16) },
  { afterMs: 100, does: "exit", code: 0 },
];
/** Tells every second how far it is: 1 of 10, 2 of 10, … */
const counts: PodLife = [start, ...Array.from({ length: 10 }, (_, index) => tells(1000, index + 1)), ...succeeds];
/** As {@link lives.succeeds}, so late that all below it have ended. */
const outlasts: PodLife = [start, { afterMs: 60_000, does: "report", report: aSuccess(16) }, ...succeeds.slice(1)];

function rows(total: number, done: number): Progress[] {
  return [{ label: "rows", total, done }];
}

/** Every version of the run's progress, with when it was written. */
function follow(box: ClusterBox, name = "square-4"): { readonly atMs: number; readonly progress: unknown }[] {
  const seen: { atMs: number; progress: unknown }[] = [];
  box.store.watch(taskRuns, {}, "0", (event) => {
    if (event.type === "BOOKMARK" || event.object.metadata.name !== name) return;
    const { progress } = (event.object as TaskRun).status ?? {}; // of that resource
    if (JSON.stringify(progress) === JSON.stringify(seen.at(-1)?.progress)) return;
    seen.push({ atMs: box.clock.monotonicMs(), progress });
  });
  return seen;
}

async function applyTree(box: ClusterBox, children: readonly string[]): Promise<TaskRun> {
  const root = await box.apply({ input: ["root"] });
  for (const name of children) await box.apply({ input: ["child"] }, name, root);
  return root;
}

const many = Array.from({ length: 20 }, (_, index) => `child-${index}`);

test("many runs tell of theirs, and their root writes the sum every 2 s, up to the last of it (S147, S148)", async () => {
  const { box } = await aBox({ programs: { root: [outlasts], child: [counts] } });
  const seen = follow(box);
  await applyTree(box, many);
  await box.untilFinished("child-19");
  await box.clock.advance(3000);

  const gaps = seen.slice(1).map(({ atMs }, index) => atMs - (seen[index]?.atMs ?? 0));
  expect(box.status.progress).toEqual(rows(200, 200));
  expect(seen.length).toBeGreaterThanOrEqual(5);
  expect(Math.min(...gaps.slice(1))).toBeGreaterThanOrEqual(2000); // the first is from nothing to something
  expect(box.statusOf("child-3").progress).toEqual(rows(10, 10));
});

test("a root that tells of its own each second brings the tree's along: a write a second (S147, S148)", async () => {
  const { box, operator } = await aBox({ programs: { root: [counts], child: [counts] } });
  await applyTree(box, ["a", "b"]);
  await box.until(() => box.status.summed !== undefined);
  const before = statusWrites(operator, "square-4");

  await box.clock.advance(6000);

  const writes = statusWrites(operator, "square-4") - before;
  expect(writes).toBeLessThanOrEqual(6 + 1);
  await box.untilFinished();
  await box.untilFinished("a");
  await box.untilFinished("b");
  await box.clock.advance(3000);
  expect(box.status.progress).toEqual(rows(30, 30));
  expect(box.status.summed?.own).toEqual(rows(10, 10));
});

test("a retry begins at nothing, in the sum as well (S148)", async () => {
  const fails: PodLife = [start, tells(1000, 7), { afterMs: 100, does: "report", report: aFailure() }];
  const { box } = await aBox({
    programs: {
      root: [outlasts],
      child: [
        [...fails, { afterMs: 100, does: "exit", code: 1 }],
        [start, tells(9000, 2)],
      ],
    },
  });
  await applyTree(box, ["child"]);
  await box.until(() => box.status.progress?.[0]?.done === 7);
  await box.untilReason("AwaitingRetry", "child");
  const whileItWaits = box.statusOf("child").progress;

  await box.until(() => box.statusOf("child").attemptCount === 2);
  const afresh = box.statusOf("child").progress;
  await box.clock.advance(3000);
  const meanwhile = box.status;
  await box.until(() => box.status.progress?.[0]?.done === 2);

  expect([whileItWaits, afresh]).toEqual([rows(10, 7), undefined]);
  expect(meanwhile.progress ?? []).toEqual([]);
  expect(box.status.progress).toEqual(rows(10, 2));
});

test("a root that ends first says the whole sum once all below it have ended, in one write (S148)", async () => {
  const { box, operator } = await aBox({ programs: { root: [lives.succeeds], child: [counts] } });
  await applyTree(box, ["a", "b"]);
  await box.untilFinished();
  const { progress: atEnd, ...end } = box.status;
  const before = statusWrites(operator, "square-4");
  await box.untilFinished("a");
  await box.untilFinished("b");
  await box.clock.advance(60_000);

  expect(atEnd?.[0]?.done).toBeLessThan(20);
  expect(box.status).toMatchObject({ result: end.result, finishedAt: end.finishedAt, progress: rows(20, 20) });
  expect(statusWrites(operator, "square-4") - before).toBe(1);
});

test("an operator that dies goes on adding where another left off (S148)", async () => {
  const { box, operator } = await aBox({ programs: { root: [outlasts], child: [counts] } });
  await applyTree(box, ["a", "b"]);
  await box.until(() => (box.status.progress?.[0]?.done ?? 0) > 0);
  operator.kill();
  await box.start();

  await box.untilFinished("a");
  await box.untilFinished("b");
  await box.clock.advance(3000);

  expect(box.status.progress).toEqual(rows(20, 20));
});

test("a tree without progress costs no write more (S148, S299)", async () => {
  const { box, operator } = await aBox({ programs: { root: [outlasts], child: [lives.succeeds] } });
  await applyTree(box, ["a", "b"]);
  await box.untilFinished();

  expect(box.status).not.toHaveProperty("progress");
  expect(box.status).not.toHaveProperty("summed");
  expect(statusWrites(operator, "a")).toBe(3);
});

function statusWrites({ cluster }: Operator, name: string): number {
  const ofRun = cluster.writes.filter(({ resource, key }) => resource === "taskruns" && key === `team-a/${name}`);
  return ofRun.filter(({ verb }) => verb === "replaceStatus").length;
}
