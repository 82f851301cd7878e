import { beforeEach, describe, expect, test } from "vitest";

import type { Situation } from "../../src/core/status.ts";
import { createObserver, type Observer } from "../../src/effects/observe.ts";
import { taskRuns } from "../../src/effects/resources.ts";
import { namespace, podSettings, stamp, t0 } from "../builders.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { StoreCaches } from "../gateway/store-caches.ts";
import { seedRunIn, type Relative } from "./relatives.ts";

const completed: Situation = { kind: "Succeeded", reason: "Completed" };
const failed: Situation = { kind: "Failed", reason: "TaskError", message: "bad" };
const waits: Situation = { kind: "Running", reason: "WaitingForSubtasks" };

let cluster: FakeCluster;
let caches: StoreCaches;
let observe: Observer;

beforeEach(() => {
  cluster = new FakeCluster({ now: () => t0 });
  caches = new StoreCaches(cluster);
  observe = createObserver(caches, { taskDefaults: {}, podSettings, gatewayReadySince: () => undefined });
});

const seedRun = (name: string, relative?: Relative) => seedRunIn(cluster, name, relative);
const subtask = (name: string, relative: Relative = {}) =>
  seedRun(name, { parent: "top", labels: { "stint.dev/handed-over": "1" }, ...relative });
const top = (count: number, status: object = {}) =>
  seedRun("top", { situation: waits, status: { subtasks: { attempt: 1, count }, ...status } });

describe("what a run has handed over (S136)", () => {
  const seen = (...given: Parameters<typeof top>) => observe(top(...given)).world.subtasks;

  test("is nothing to a run that has not", () => {
    expect(observe(seedRun("top")).world).not.toHaveProperty("subtasks");
  });

  test("is live, done or failed; what was called counts for nothing", () => {
    subtask("live");
    subtask("done", { situation: completed });
    subtask("tolerated", { situation: failed, status: { tolerated: true } });
    seedRun("called", { parent: "top", situation: failed });
    subtask("of another attempt", { situation: failed, labels: { "stint.dev/handed-over": "2" } });

    expect(seen(3)).toEqual({ live: 1, missing: 0, toRerun: [] });

    subtask("live", { situation: failed });
    expect(seen(3)).toEqual({ live: 0, missing: 0, toRerun: [], failed: { name: "live", phase: "Failed" } });
  });

  test("is missed when it has been deleted", () => {
    subtask("done", { situation: completed });

    expect(seen(3)?.missing).toBe(2);
  });

  test("is not known by a cache that is older than the run", () => {
    const before = top(1);
    caches.fallBehind();
    cluster.edit(taskRuns, { namespace, name: "top" }, (run) => ({ ...run, spec: { ...run.spec, cancel: true } }));
    const { metadata } = cluster.peek(taskRuns, { namespace, name: "top" }) ?? before;

    expect(observe({ ...before, metadata }).world).not.toHaveProperty("subtasks");
  });

  test("is done again with it: what failed, was skipped or fell with the tree before, and nothing else (S171)", () => {
    const names = (situation: Situation) => situation.reason;
    const ends: Situation[] = [
      failed,
      { kind: "Canceled", reason: "TreeFailed" },
      { kind: "Canceled", reason: "ParentCanceled" },
      { kind: "Skipped", reason: "UpstreamFailed", message: "m" },
      { kind: "Skipped", reason: "OptionalBranchFailed", message: "m" },
    ];
    for (const situation of ends) subtask(names(situation), { situation });
    subtask("done", { situation: completed });
    subtask("failed again", { situation: failed, endedAt: stamp(20) });

    const subtasks = seen(7, { rerunAt: stamp(10) });

    expect(subtasks?.toRerun.map(({ name }) => name).toSorted()).toEqual(ends.map(names).toSorted());
    expect(subtasks?.failed).toEqual({ name: "failed again", phase: "Failed" });
  });

  test("is done again once: what fails again at the same instant stays so", () => {
    subtask("a", { situation: failed, status: { rerunAt: stamp(10) }, endedAt: stamp(10) });

    expect(seen(1, { rerunAt: stamp(10) })).toMatchObject({ toRerun: [], failed: { name: "a" } });
  });

  test("is not done again if a person canceled it (S171)", () => {
    subtask("canceled", { situation: { kind: "Canceled", reason: "Canceled" } });

    expect(seen(1, { rerunAt: stamp(10) })).toMatchObject({ toRerun: [], failed: { name: "canceled" } });
  });
});

describe("a run that was handed over", () => {
  test("knows what stands above it in the hand-over tree, and no further (S139)", () => {
    seedRun("called by", { situation: failed });
    seedRun("top", { parent: "called by", situation: waits, status: { subtasks: { attempt: 1, count: 1 } } });
    const run = subtask("a");

    expect(observe(run).world.handOver).toEqual({ state: "Made", branch: "TreeFailed" });
    seedRun("top", { situation: failed, status: { subtasks: { attempt: 1, count: 1 } } });
    expect(observe(run).world.handOver).toEqual({ state: "Made", branch: "TreeFailed", failure: "TreeFailed" });
  });

  test("is the failure of its tree for those that were handed over with it", () => {
    top(2);
    subtask("a", { situation: failed });
    const b = subtask("b", { spec: { dependsOn: [{ run: "a", scope: "Subtree" }] } });

    expect(observe(b).world.upstreams).toMatchObject([{ isBeside: true, failed: { name: "a" } }]);
  });
});

describe("the place of a run under its key (S118)", () => {
  const ordinal = (name: string, number: number, key = "k", relative: Relative = {}) =>
    seedRun(name, {
      parent: "top",
      situation: failed,
      annotations: { "stint.dev/key": key, "stint.dev/ordinal": String(number) },
      ...relative,
    });
  const again = { spec: { rerun: { generation: 1 } } };

  test("is that of the newest, whatever became of it", () => {
    seedRun("top");
    ordinal("second", 2, "k", { situation: completed });
    ordinal("third", 3);
    ordinal("other key", 9, "l");

    expect(observe(ordinal("first", 1, "k", again)).world.replacedBy).toBe("third");
    expect(observe(ordinal("third", 3, "k", again)).world).not.toHaveProperty("replacedBy");
  });

  test("is asked for only where a rerun is", () => {
    seedRun("top");
    ordinal("second", 2);

    expect(observe(ordinal("first", 1)).world).not.toHaveProperty("replacedBy");
  });
});
