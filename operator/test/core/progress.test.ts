// What a root says of the work of its tree (S148).
import type { Progress } from "@stint/crds/taskrun";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { decide } from "../../src/core/decide.ts";
import type { ObservedRun, World } from "../../src/core/world.ts";
import { aPod, aSuccess, aWorld, after, podUid, received, stamp } from "../builders.ts";
import { awaiting, ended, failed, inWords, running } from "./decide-row.ts";

const t = after(10);
const pods = [aPod()];

function below(name: string, ...progress: readonly Progress[]): ObservedRun {
  const run = running({ status: { progress } });
  return { ...run, metadata: { ...run.metadata, name, uid: name } };
}

function rows(total: number, done: number): Progress {
  return { label: "rows", total, done };
}

/** What the runner of the root has just sent. */
function sent(...progress: readonly Progress[]): Pick<World, "progress"> {
  return { progress: { podUid: podUid(1), progress: [...progress] } };
}

function aRoot(...own: readonly Progress[]): ObservedRun {
  return running({ status: { progress: own } });
}

/** The root as it stands after a look. */
function looked(run: ObservedRun, world: Partial<World>, now = t): ObservedRun {
  return { ...run, status: decide(run, pods, aWorld(world), now).status };
}

describe("a live root", () => {
  test("adds up its tree by label, in the order of the labels", () => {
    const descendants = [below("a", rows(3, 1), { label: "files", total: 2, done: 2 }), below("b", rows(4, 4))];

    const { status } = decide(aRoot(rows(10, 5)), pods, aWorld({ descendants }), t);

    expect(status.progress).toEqual([{ label: "files", total: 2, done: 2 }, rows(17, 10)]);
    expect(status.summed).toEqual({ at: t.toISOString(), own: [rows(10, 5)] });
  });

  test("sums what is below it also if it has told of nothing itself", () => {
    const { status } = decide(running(), pods, aWorld({ descendants: [below("a", rows(3, 1))] }), t);

    expect(status).toMatchObject({ progress: [rows(3, 1)], summed: { own: [] } });
  });

  test("below which nobody tells of any keeps its own, and nothing is added to its status", () => {
    const own = aRoot(rows(10, 5));
    const { progress: _, ...status } = below("a").status ?? {};

    const decision = decide(own, pods, aWorld({ descendants: [{ ...below("a"), status }] }), t);

    expect(decision.status.progress).toEqual([rows(10, 5)]);
    expect(decision.status).not.toHaveProperty("summed");
  });

  test("looks again when the sum is due, 2 s after the last one, and leaves it until then (S147)", () => {
    const root = looked(running(), { descendants: [below("a", rows(3, 1))] });
    const world = aWorld({ descendants: [below("a", rows(3, 2))] });

    const early = decide(root, pods, world, after(11.9));
    const due = decide(root, pods, world, after(12));

    expect(early.status).toEqual(root.status);
    expect(early.requeueAt).toEqual(after(12));
    expect(due.status).toMatchObject({ progress: [rows(3, 2)], summed: { at: after(12).toISOString() } });
  });

  test("writes nothing when the sum is due and has not changed", () => {
    const world = { descendants: [below("a", rows(3, 1))] };
    const root = looked(running(), world);

    const { status, requeueAt } = decide(root, pods, aWorld(world), after(12));

    expect(status).toEqual(root.status);
    expect(requeueAt?.getTime()).toBeGreaterThan(after(14).getTime());
  });

  test("brings its sum up to date with its own news, at once, and keeps its own apart", () => {
    const root = looked(aRoot(rows(10, 1)), { descendants: [below("a", rows(3, 1))] });

    const next = looked(root, { ...sent(rows(10, 2)), descendants: [below("a", rows(3, 2))] }, after(10.1));

    expect(next.status).toMatchObject({
      progress: [rows(13, 4)],
      summed: { own: [rows(10, 2)], at: after(10.1).toISOString() },
    });
  });

  test("that names itself anew leaves its numbers", () => {
    const root = looked(aRoot(rows(10, 1)), { descendants: [below("a", rows(3, 1))] });
    const world = { descendants: [below("a", rows(3, 1))], progress: { podUid: podUid(1), displayName: "half way" } };

    expect(looked(root, world, after(10.1)).status).toEqual({ ...root.status, displayName: "half way" });
  });

  test("has its own again once those below it are deleted", () => {
    const root = looked(aRoot(rows(10, 1)), { descendants: [below("a", rows(3, 1))] });

    const { status } = decide(root, pods, aWorld(), after(12));

    expect(status.progress).toEqual([rows(10, 1)]);
    expect(status).not.toHaveProperty("summed");
  });

  test("ends with the newest sum, whenever the last one was", () => {
    const root = looked(aRoot(rows(10, 10)), { descendants: [below("a", rows(3, 1))] });
    const world = aWorld({ descendants: [below("a", rows(3, 3))], report: received(aSuccess()) });

    const { rule, status } = decide(root, pods, world, after(10.1));

    expect(rule).toBe("succeeded");
    expect(status.progress).toEqual([rows(13, 13)]);
  });

  test("that somebody deletes says nothing any more", () => {
    const root = running({ metadata: { deletionTimestamp: stamp(9) } });

    const { status } = decide(root, pods, aWorld({ descendants: [below("a", rows(3, 1))] }), t);

    expect(status).toEqual(root.status);
  });
});

describe("only the latest attempt counts", () => {
  test("a run's next attempt begins without the progress of the one before, in the write that begins it", () => {
    const run = awaiting({}, { progress: [rows(10, 7)], nextRetryAt: stamp(9) });

    const { rule, status } = decide(run, [], aWorld(), t);

    expect(rule).toBe("starting");
    expect(status).not.toHaveProperty("progress");
  });

  test("what a failed attempt has told stands until then", () => {
    const { rule, status } = decide(awaiting({}, { progress: [rows(10, 7)] }), [], aWorld(), t);

    expect(rule).toBe("waitingForRetry");
    expect(status.progress).toEqual([rows(10, 7)]);
  });

  test("a root's next attempt begins with what is below it alone", () => {
    const summed = { at: stamp(9), own: [rows(10, 7)] };
    const root = awaiting({}, { progress: [rows(13, 8)], summed, nextRetryAt: stamp(9) });

    const { status } = decide(root, [], aWorld({ descendants: [below("a", rows(3, 1))] }), t);

    expect(status).toMatchObject({ progress: [rows(3, 1)], summed: { own: [] } });
  });
});

describe("a root that has ended", () => {
  const last = below("a", rows(3, 3));
  const root = ended({ progress: [rows(13, 11)], summed: { at: stamp(5), own: [rows(10, 10)] } });

  test("says it once more with its statistics, when the last of those below it has ended", () => {
    const whileOneLives = decide(root, [], aWorld({ descendants: [last], descendantsFinished: false }), t);
    const { actions, status } = decide(root, [], aWorld({ descendants: [last] }), t);

    expect(whileOneLives.actions).toEqual([]);
    expect(actions.map(inWords)).toEqual(["tellOfTree 2"]);
    expect(actions[0]).toMatchObject({ news: { progress: [rows(13, 13)], summed: { own: [rows(10, 10)] } } });
    expect(status).toEqual(root.status);
  });

  test("says what it had told, and what is below it, if that began to tell later", () => {
    const { actions } = decide(
      ended({ progress: [rows(10, 10)] }),
      [],
      aWorld({ descendants: [below("a", rows(1, 1))] }),
      t,
    );

    expect(actions[0]).toMatchObject({ news: { progress: [rows(11, 11)] } });
  });

  test("forgets nothing when runs below it are removed", () => {
    const stats = { at: stamp(5), totalRuns: 3, runsByPhase: { Succeeded: 3 }, computeSeconds: 9 };
    const full = { ...root, status: { ...root.status, stats } };

    expect(decide(full, [], aWorld({ descendants: [below("a", rows(3, 3))] }), t).actions).toEqual([]);
  });

  test("is told again of the same by nobody", () => {
    const [action] = decide(root, [], aWorld({ descendants: [last] }), t).actions;
    const news = action?.kind === "tellOfTree" ? action.news : {};

    const again = decide(
      { ...root, status: { ...root.status, ...news } },
      [],
      aWorld({ descendants: [last] }),
      after(60),
    );

    expect(again.actions).toEqual([]);
  });
});

test("a run that is no root keeps its own, so that nothing is counted twice", () => {
  const child = running({ metadata: { labels: { "stint.dev/root-uid": "top" } } });

  const { status } = decide(child, pods, aWorld({ ...sent(rows(3, 1)) }), t);

  expect(status.progress).toEqual([rows(3, 1)]);
  expect(status).not.toHaveProperty("summed");
});

describe("a sum has bounds of its own, and is no fault", () => {
  const labels = (count: number, prefix: string): Progress[] =>
    Array.from({ length: count }, (_, index) => ({ label: `${prefix}${1000 + index}`, total: 1, done: 1 }));

  test("the first 1000 labels by name are kept", () => {
    const world = aWorld({ descendants: [below("a", ...labels(600, "b")), below("b", ...labels(600, "a"))] });

    const { progress = [] } = decide(running(), pods, world, t).status;

    expect(progress).toHaveLength(1000);
    expect([progress[0]?.label, progress[599]?.label, progress[999]?.label]).toEqual(["a1000", "a1599", "b1399"]);
  });

  test("and of those as many as 65536 bytes hold", () => {
    const world = aWorld({ descendants: [below("a", ...labels(1000, "x".repeat(200)))] });

    const { progress = [] } = decide(running(), pods, world, t).status;
    const bytes = (list: readonly Progress[]) => Buffer.byteLength(JSON.stringify(list));

    expect(bytes(progress)).toBeLessThanOrEqual(65_536);
    expect(bytes([...progress, ...labels(1, "x".repeat(200))])).toBeGreaterThan(65_536);
  });

  test("more than any number becomes the largest one", () => {
    const huge = { label: "", total: Number.MAX_VALUE, done: -Number.MAX_VALUE };
    const world = aWorld({ descendants: [below("a", huge), below("b", huge)] });

    expect(decide(running(), pods, world, t).status.progress).toEqual([huge]);
  });

  test("fractions add up to the same in every order", () => {
    const parts = [0.1, 0.2, 0.7].map((done, index) => below(String(index), { label: "", total: 1, done }));
    const sumOf = (descendants: ObservedRun[]) => decide(running(), pods, aWorld({ descendants }), t).status.progress;

    expect(sumOf(parts)).toEqual([{ label: "", total: 3, done: 1 }]);
    expect(sumOf(parts.toReversed())).toEqual(sumOf(parts));
  });
});

const step = fc.record({
  afterMs: fc.integer({ min: 1, max: 1500 }),
  who: fc.constantFrom("root", "a", "b"),
  done: fc.integer({ min: 0, max: 1000 }),
  /** The gateway looks whenever the root tells of something, the leader when it is woken. */
  isLooked: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What each run has told last. */
type Told = ReadonlyMap<string, number>;

function treeOf(told: Told): ObservedRun[] {
  return [...told].filter(([name]) => name !== "root").map(([name, done]) => below(name, rows(0, done)));
}

/** A look, after which the root stands as it says. */
interface Looked {
  readonly who: string;
  readonly nowMs: number;
  readonly told: Told;
  readonly root: ObservedRun;
}

function play(steps: readonly Step[]): Looked[] {
  const looks: Looked[] = [{ who: "nobody", nowMs: t.getTime(), told: new Map(), root: running() }];
  let told: Told = new Map();
  let nowMs = t.getTime();
  for (const { afterMs, who, done, isLooked } of steps) {
    nowMs += afterMs;
    told = new Map([...told, [who, done]]);
    if (who !== "root" && !isLooked) continue;
    const world = { ...(who === "root" && sent(rows(0, done))), descendants: treeOf(told) };
    looks.push({ who, nowMs, told, root: looked(looks.at(-1)?.root ?? running(), world, new Date(nowMs)) });
  }
  return looks;
}

function losesItsOwn({ told, root: { status: { summed, progress } = {} } }: Looked): boolean {
  return (summed?.own ?? progress)?.[0]?.done !== told.get("root");
}

/** Looks of the leader that wrote a sum less than 2 s after the last one. */
function hurried(looks: readonly Looked[]): Looked[] {
  const writes = looks.filter(({ root }, index) => !isSameProgress(root, looks[index - 1]?.root));
  return writes.filter(({ who, nowMs }, index) => {
    const before = writes[index - 1];
    return who !== "root" && before?.root.status?.summed !== undefined && nowMs - before.nowMs < 2000;
  });
}

function isSameProgress(a: ObservedRun, b: ObservedRun | undefined): boolean {
  return JSON.stringify(a.status?.progress) === JSON.stringify(b?.status?.progress);
}

test("whatever tells when, own numbers are never lost, a sum alone keeps its pace, and in the end it is right", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const looks = play(steps);
      const told = new Map(steps.map(({ who, done }) => [who, done]));
      const sum = [...told.values()].reduce((all, done) => all + done, 0);

      const { status } = looked(looks.at(-1)?.root ?? running(), { descendants: treeOf(told) }, after(1000));

      expect(looks.filter(losesItsOwn)).toEqual([]);
      expect(hurried(looks)).toEqual([]);
      expect(status?.progress ?? []).toEqual(told.size === 0 ? [] : [rows(0, sum)]);
    }),
  );
});

test("a rerun leaves what was told until its first attempt begins", () => {
  const run = failed({ spec: { rerun: { generation: 1 } }, status: { progress: [rows(3, 1)] } });

  const { rule, status } = decide(run, [], aWorld(), after(20));

  expect(rule).toBe("reopening");
  expect(status.progress).toEqual([rows(3, 1)]);
});
