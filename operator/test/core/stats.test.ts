// What a root says about its tree (S156).
import { expect, test } from "vitest";

import { decide } from "../../src/core/decide.ts";
import { computeSecondsOf } from "../../src/core/stats.ts";
import type { ObservedRun } from "../../src/core/world.ts";
import { anAcceptedRun, anAttempt, aPod, aSuccess, aTaskRun, aWorld, after, received, stamp } from "../builders.ts";
import { ended, inWords, running } from "./decide-row.ts";

const t = after(10);
const ranFor = (seconds: number) => [anAttempt(1, { startedAt: stamp(1), finishedAt: stamp(1 + seconds) })];

function aDescendant(name: string, run: ObservedRun): ObservedRun {
  return { ...run, metadata: { ...run.metadata, name, uid: name } };
}

const failure = { kind: "Failed", reason: "TaskError", message: "bad" } as const;
const end = { startedAt: stamp(1), finishedAt: stamp(4) };
const { status: settled, ...about } = anAcceptedRun(ranFor(3), {}, failure);
const failed = aDescendant("failed", { ...about, status: { ...settled, ...end } });
/** As the cache keeps a run that has ended. */
const stub: ObservedRun = { ...failed, computeSeconds: 7.5, status: { ...failed.status, attempts: [] } };
const live = aDescendant("live", anAcceptedRun([anAttempt(1, { startedAt: stamp(2) })]));

test("a run without children says so with its end, and not before", () => {
  const before = decide(running(), [aPod()], aWorld(), t).status;
  const { status } = decide(running(), [aPod()], aWorld({ report: received(aSuccess()) }), t);

  expect(before).not.toHaveProperty("stats");
  expect(status.stats).toEqual({
    at: t.toISOString(),
    totalRuns: 1,
    runsByPhase: { Succeeded: 1 },
    firstStartedAt: stamp(1),
    lastFinishedAt: t.toISOString(),
    computeSeconds: 9,
  });
});

test("a root with children counts all of them, ended and live", () => {
  const { status } = decide(running(), [aPod()], aWorld({ descendants: [failed, stub, live] }), t);

  expect(status.stats).toEqual({
    at: t.toISOString(),
    totalRuns: 4,
    runsByPhase: { Running: 1, Failed: 2, Pending: 1 },
    firstStartedAt: stamp(1),
    lastFinishedAt: stamp(4),
    computeSeconds: 10.5,
  });
});

test("what has not changed is not written again", () => {
  const world = aWorld({ descendants: [failed] });
  const first = decide(running(), [aPod()], world, t).status;

  const again = decide({ ...running(), status: first }, [aPod()], world, after(40));

  expect(again.status).toEqual(first);
});

test("a tree that grows is counted anew after 30 s, and with the root's end", () => {
  const first = decide(running(), [aPod()], aWorld({ descendants: [failed] }), t).status;
  const root = { ...running(), status: first };
  const grown = { descendants: [failed, live] };

  const early = decide(root, [aPod()], aWorld(grown), after(39));
  const due = decide(root, [aPod()], aWorld(grown), after(40));
  const ending = decide(root, [aPod()], aWorld({ ...grown, report: received(aSuccess()) }), after(39));

  expect(early.status).toEqual(first);
  expect(early.requeueAt).toEqual(after(40));
  expect([due, ending].map(({ status }) => status.stats?.totalRuns)).toEqual([3, 3]);
});

test("a run that is no root says nothing", () => {
  const child = running({ metadata: { labels: { "stint.dev/root-uid": "top" } } });

  expect(decide(child, [aPod()], aWorld({ report: received(aSuccess()) }), t).status).not.toHaveProperty("stats");
});

test("a root that has ended says it once more, when the last of those below it has ended", () => {
  const root = ended();
  const whileOneLives = decide(root, [], aWorld({ descendants: [live], descendantsFinished: false }), t);
  const afterwards = decide(root, [], aWorld({ descendants: [failed] }), t);
  const [write] = afterwards.actions;
  const stats = write?.kind === "tellOfTree" ? write.news.stats : undefined;
  const told = decide(
    { ...root, status: { ...root.status, ...(stats && { stats }) } },
    [],
    aWorld({ descendants: [failed] }),
    t,
  );

  expect(whileOneLives.actions).toEqual([]);
  expect(afterwards.actions.map(inWords)).toEqual(["tellOfTree 2"]);
  expect(afterwards.status).toEqual(root.status);
  expect(told.actions).toEqual([]);
});

test("a root that goes now says nothing any more", () => {
  const root = { ...ended(), spec: { ...ended().spec, ttlSecondsAfterFinished: 0 } };

  const { actions } = decide(root, [], aWorld({ descendants: [failed], rootFinished: true }), t);

  expect(actions.map(inWords)).toEqual(["deleteRun"]);
});

test("of an attempt that never started, or whose clocks differ, no time is counted", () => {
  const never = anAttempt(1, { finishedAt: stamp(9) });
  const backwards = anAttempt(2, { startedAt: stamp(9), finishedAt: stamp(8) });

  expect(computeSecondsOf([never, backwards, ...ranFor(2)])).toBe(2);
});

test("a run that is refused before it has a pod counts as one that failed", () => {
  const { status } = decide(aTaskRun({ spec: { instanceType: "huge" } }), [], aWorld(), t);

  expect(status.stats).toEqual({
    at: t.toISOString(),
    totalRuns: 1,
    runsByPhase: { Failed: 1 },
    lastFinishedAt: t.toISOString(),
    computeSeconds: 0,
  });
});
