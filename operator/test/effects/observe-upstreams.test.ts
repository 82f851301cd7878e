import { beforeEach, describe, expect, test } from "vitest";

import type { Situation } from "../../src/core/status.ts";
import type { ObservedRun } from "../../src/core/world.ts";
import { createObserver, type Observer } from "../../src/effects/observe.ts";
import { anAcceptedRun, anAttempt, podSettings, t0 } from "../builders.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { StoreCaches } from "../gateway/store-caches.ts";
import { seedRunIn, type Relative } from "./relatives.ts";

const canceled: Situation = { kind: "Canceled", reason: "Canceled" };
const completed: Situation = { kind: "Succeeded", reason: "Completed" };

let cluster: FakeCluster;
let observe: Observer;

beforeEach(() => {
  cluster = new FakeCluster({ now: () => t0 });
  const surroundings = { taskDefaults: {}, podSettings, gatewayReadySince: () => undefined };
  observe = createObserver(new StoreCaches(cluster), surroundings);
});

const seedRun = (name: string, relative?: Relative) => seedRunIn(cluster, name, relative);

describe("what a run depends on", () => {
  const key = (name: string, ordinal: number) => ({ "stint.dev/key": name, "stint.dev/ordinal": String(ordinal) });
  const waiting = (spec: object, relative: Relative = {}) => seedRun("waiting", { spec, ...relative });
  const upstreamsOf = (run: ObservedRun) => observe(run).world.upstreams;

  test("is nothing for a run that says so, or has begun", () => {
    expect(observe(seedRun("plain")).world).not.toHaveProperty("upstreams");
    expect(observe(anAcceptedRun([anAttempt()], { spec: { dependsOn: [{ run: "a" }] } })).world).not.toHaveProperty(
      "upstreams",
    );
  });

  test("is each run once, and of what is said twice the stricter holds (S131, S133)", () => {
    const run = waiting({
      dependsOn: [{ run: "a", allowFailure: true }, { run: "b" }, { run: "a" }, { run: "c", allowFailure: true }],
      inputRefs: [
        { pointer: "/0", run: "c" },
        { pointer: "/1", run: "d" },
      ],
    });

    const seen = upstreamsOf(run)?.map(({ name, allowFailure }) => [name, allowFailure]);

    expect(seen).toEqual([
      ["a", false],
      ["b", false],
      ["c", true],
      ["d", false],
    ]);
  });

  test.each<[string, Relative | undefined, object]>([
    ["is missing", undefined, { exists: false, isOver: false }],
    ["is live", {}, { exists: true, isOver: false }],
    ["has Succeeded", { situation: completed }, { isOver: true }],
    ["was canceled", { situation: canceled }, { isOver: true, failed: { name: "a", phase: "Canceled" } }],
  ])("%s (S132)", (_, relative, seen) => {
    if (relative) seedRun("a", relative);

    const [upstream] = upstreamsOf(waiting({ dependsOn: [{ run: "a" }] })) ?? [];

    expect(upstream).toMatchObject(seen);
    expect(upstream && "failed" in upstream).toBe("failed" in seen);
  });

  test("is out of reach if it is of another tree and not listed (S130)", () => {
    seedRun("cousin", { root: "top" });
    seedRun("stranger");
    const refs = ["cousin", "stranger"].map((run, index) => ({ pointer: `/${index}`, run }));

    const alone = upstreamsOf(waiting({ inputRefs: refs }, { root: "top" }));
    const listed = upstreamsOf(waiting({ inputRefs: refs, dependsOn: [{ run: "stranger" }] }, { root: "top" }));

    expect(alone?.map(({ isReachable }) => isReachable)).toEqual([true, false]);
    expect(listed?.every(({ isReachable }) => isReachable)).toBe(true);
  });

  test("is the run alone, or all that stands below it too (S138)", () => {
    seedRun("a", { situation: completed });
    seedRun("child", { parent: "a", situation: completed });
    seedRun("grandchild", { parent: "child" });
    const isOver = (scope: string) => upstreamsOf(waiting({ dependsOn: [{ run: "a", scope }] }))?.[0]?.isOver;

    const whileOneLives = [isOver("Run"), isOver("Subtree")];
    seedRun("grandchild", { parent: "child", situation: completed });

    expect(whileOneLives).toEqual([true, false]);
    expect(isOver("Subtree")).toBe(true);
  });

  test("has failed if one below it has, but for what another attempt or ordinal replaced (S119, S120, S138)", () => {
    const failed: Situation = { kind: "Failed", reason: "TaskError", message: "bad" };
    const ended = { situation: failed, parent: "a" };
    seedRun("a", { situation: completed, status: { attemptCount: 2 } });
    seedRun("earlier", { ...ended, annotations: { "stint.dev/parent-attempt": "1" } });
    seedRun("first", { ...ended, annotations: { "stint.dev/parent-attempt": "2", ...key("k", 1) } });
    seedRun("second", {
      parent: "a",
      situation: completed,
      annotations: { "stint.dev/parent-attempt": "2", ...key("k", 2) },
    });
    const failedIn = () => upstreamsOf(waiting({ dependsOn: [{ run: "a", scope: "Subtree" }] }))?.[0]?.failed;

    const replaced = failedIn();
    seedRun("last", { ...ended, annotations: { "stint.dev/parent-attempt": "2" } });

    expect(replaced).toBeUndefined();
    expect(failedIn()).toEqual({ name: "last", phase: "Failed" });
  });

  test("may lead back to the run (S132)", () => {
    const inCircle = (run: ObservedRun) => observe(run).world.waitsForItself;
    seedRun("a", { spec: { dependsOn: [{ run: "b" }] } });
    seedRun("b", { spec: { inputRefs: [{ pointer: "/0", run: "c" }] } });
    const closing = seedRun("c", { spec: { dependsOn: [{ run: "a" }] } });
    const beside = seedRun("d", { spec: { dependsOn: [{ run: "a" }] } });
    const ofParent = seedRun("child", { parent: "e", spec: { dependsOn: [{ run: "e", scope: "Subtree" }] } });
    seedRun("e");

    expect(inCircle(closing)).toBe(true);
    expect(inCircle(seedRun("self", { spec: { dependsOn: [{ run: "self" }] } }))).toBe(true);
    expect(inCircle(ofParent)).toBe(true);
    expect(inCircle(beside)).toBe(false);
  });

  test("leads nowhere through a run that has begun or ended", () => {
    seedRun("a", { spec: { dependsOn: [{ run: "b" }] }, situation: completed });

    expect(observe(seedRun("b", { spec: { dependsOn: [{ run: "a" }] } })).world.waitsForItself).toBe(false);
  });

  test("is not removed while it lives (S160)", () => {
    const a = seedRun("a", { situation: completed });
    waiting({ dependsOn: [{ run: "a" }] });
    const whileItWaits = observe(a).world.dependentsFinished;
    waiting({ dependsOn: [{ run: "a" }] }, { situation: completed });

    expect([whileItWaits, observe(a).world.dependentsFinished]).toEqual([false, true]);
  });
});
