import { beforeEach, describe, expect, test } from "vitest";

import type { Situation } from "../../src/core/status.ts";
import { createObserver, toNodeState, type Observer } from "../../src/effects/observe.ts";
import { controllerRevisions, instanceTypes, nodes, pods, taskBundles, taskRuns } from "../../src/effects/resources.ts";
import {
  after,
  anAcceptedRun,
  anAttempt,
  anInstanceType,
  aPod,
  aRevision,
  aTaskRun,
  bundleUid,
  namespace,
  podSettings,
  runUid,
  t0,
} from "../builders.ts";
import { aTaskBundle } from "../bundle-builders.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { StoreCaches } from "../gateway/store-caches.ts";
import { seedRunIn, type Relative } from "./relatives.ts";

const canceled: Situation = { kind: "Canceled", reason: "Canceled" };
const completed: Situation = { kind: "Succeeded", reason: "Completed" };

let cluster: FakeCluster;
let caches: StoreCaches;
let observe: Observer;

beforeEach(() => {
  cluster = new FakeCluster({ now: () => t0 });
  caches = new StoreCaches(cluster);
  observe = createObserver(caches, { taskDefaults: {}, podSettings, gatewayReadySince: () => undefined });
});

function seedRevision(revision: number, ofBundle = bundleUid): void {
  const owner = { kind: "TaskBundle", name: "math", uid: ofBundle, controller: true };
  const name = `${ofBundle}-r${revision}`;
  const data = aRevision({ revision, bundleUid: ofBundle });
  cluster.seed(controllerRevisions, {
    metadata: { namespace, name, uid: name, ownerReferences: [owner] },
    revision,
    data,
  });
}

const seedRun = (name: string, relative?: Relative) => seedRunIn(cluster, name, relative);

describe("the revision", () => {
  beforeEach(() => {
    cluster.seed(taskBundles, aTaskBundle({ status: { revision: 2 } }));
    for (const revision of [1, 2, 3]) seedRevision(revision);
  });

  const revisionOf = (run = aTaskRun()) => observe(run).world.revision?.revision;

  test("is the newest Ready one, until the run is accepted (S248)", () => {
    expect(revisionOf()).toBe(2);
  });

  test("is the one that the reference names (S248)", () => {
    expect(revisionOf(aTaskRun({ spec: { task: "math/square:3" } }))).toBe(3);
  });

  test("is the pinned one, whatever became Ready since (S249)", () => {
    expect(revisionOf(anAcceptedRun())).toBe(1);
  });

  test("is none of a bundle that was created again under the same name (S249)", () => {
    cluster.seed(taskBundles, aTaskBundle({ metadata: { uid: "again" }, status: { revision: 1 } }));
    cluster.remove(controllerRevisions, { namespace, name: `${bundleUid}-r1` });
    seedRevision(1, "again");

    expect(revisionOf(anAcceptedRun())).toBeUndefined();
    expect(observe(anAcceptedRun()).world.bundle?.metadata.uid).toBe("again");
  });

  test("is none while the bundle has none", () => {
    cluster.seed(taskBundles, aTaskBundle());

    expect(revisionOf()).toBeUndefined();
  });

  test("is none where nothing has the bundle's name", () => {
    expect(observe(aTaskRun({ spec: { task: "maths/square" } })).world).not.toHaveProperty("bundle");
  });
});

describe("pods", () => {
  test("are those of the run's uid: a namesake's are another run's", () => {
    cluster.seed(pods, aPod());

    expect(observe(aTaskRun()).pods).toHaveLength(1);
    expect(observe(aTaskRun({ metadata: { uid: "namesake" } })).pods).toEqual([]);
  });

  test("that were read past the cache stand in for the cached ones, with their nodes", () => {
    cluster.seed(pods, aPod());
    for (const name of ["node-1", "node-2"]) cluster.seed(nodes, { metadata: { name, uid: name } });
    const read = aPod(2, "Running", { spec: { nodeName: "node-2" } });

    const { pods: seen, world } = observe(aTaskRun(), { pods: [read] });

    expect(seen).toEqual([read]);
    expect([...world.nodes.keys()]).toEqual(["node-2"]);
    expect(world).not.toHaveProperty("pods");
  });

  test("that are gone are told of, with their nodes", () => {
    cluster.seed(nodes, { metadata: { name: "node-1", uid: "node-1" } });
    caches.gonePods.set(runUid, aPod());

    const { pods: seen, world } = observe(aTaskRun());

    expect(seen).toEqual([]);
    expect(world.gonePod).toEqual(aPod());
    expect([...world.nodes.keys()]).toEqual(["node-1"]);
  });

  test("bring the nodes that they are on, as far as those exist", () => {
    for (const name of ["node-1", "node-2"]) cluster.seed(nodes, { metadata: { name, uid: name } });
    cluster.seed(pods, aPod());
    cluster.seed(pods, aPod(2, "Running", { spec: { nodeName: "gone" } }));
    cluster.seed(pods, aPod(3, "Pending", { spec: { nodeName: undefined } }));

    expect([...observe(aTaskRun()).world.nodes.keys()]).toEqual(["node-1"]);
  });
});

describe("a node", () => {
  const ready = (status: string) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: aPod().metadata,
    status: { conditions: [{ type: "Ready", status }] },
  });

  test.each([
    ["True", true],
    ["False", false],
    ["Unknown", false],
  ])("whose Ready is %s is ready: %s", (status, isReady) => {
    expect(toNodeState(ready(status)).ready).toBe(isReady);
  });

  test("that has said nothing yet is not ready", () => {
    expect(toNodeState({ ...ready("True"), status: {} }).ready).toBe(false);
  });

  test("shows the taints that end pods, and no others", () => {
    const taints = [
      { key: "lost", effect: "NoExecute" },
      { key: "full", effect: "NoSchedule" },
    ];

    expect(toNodeState({ ...ready("True"), spec: { taints } }).noExecuteTaints).toEqual(["lost"]);
  });
});

describe("the parent", () => {
  const parentOf = (run: ReturnType<typeof seedRun>) => observe(run).world.parent;

  test("is the controller, by name and uid", () => {
    seedRun("top");

    expect(parentOf(seedRun("child", { parent: "top" }))).toMatchObject({ metadata: { name: "top" }, finished: false });
  });

  test("is nobody once it is gone, or a namesake has its place", () => {
    const child = seedRun("child", { parent: "top" });
    const withoutParent = parentOf(child);
    cluster.seed(taskRuns, { metadata: { namespace, name: "top", uid: "namesake" }, spec: { task: "math/square" } });

    expect([withoutParent, parentOf(child)]).toEqual([undefined, undefined]);
  });

  test.each<[string, Relative, boolean]>([
    ["runs", {}, false],
    ["is to be canceled", { spec: { cancel: true } }, true],
    ["is being canceled", { situation: { kind: "Running", reason: "Canceling" } }, true],
    ["was canceled", { situation: canceled }, true],
    ["was canceled with its own parent", { situation: { kind: "Canceled", reason: "ParentCanceled" } }, true],
    ["has succeeded, and a cancel came later (S167)", { situation: completed, spec: { cancel: true } }, false],
  ])("that %s cancels its children: it is %s that it does (S165)", (_, relative, canceling) => {
    seedRun("top", relative);

    expect(parentOf(seedRun("child", { parent: "top" }))?.canceling).toBe(canceling);
  });

  test("that has ended lets a cancel from above through (S165)", () => {
    seedRun("top", { spec: { cancel: true } });
    seedRun("middle", { parent: "top", situation: completed });

    expect(parentOf(seedRun("child", { parent: "middle" }))?.canceling).toBe(true);
  });

  test("says since when all that is canceled above has ended, and nothing while one of them has not (S165)", () => {
    const endedAt = (seconds: number) => ({ finishedAt: after(seconds).toISOString() });
    seedRun("top", { spec: { cancel: true } });
    seedRun("middle", { parent: "top", situation: canceled, status: endedAt(5) });
    const child = seedRun("child", { parent: "middle" });
    const whileTopLives = parentOf(child);
    seedRun("top", { situation: canceled, status: endedAt(9) });

    expect(whileTopLives).not.toHaveProperty("cancelEndedAt");
    expect(parentOf(child)).toMatchObject({ canceling: true, cancelEndedAt: after(9) });
  });

  test("that began anew after the cancel above it had ended lets none of it through (S165, S170)", () => {
    seedRun("top", { situation: canceled, status: { finishedAt: after(5).toISOString() } });
    seedRun("middle", { parent: "top", situation: completed, status: { rerunAt: after(6).toISOString() } });

    expect(parentOf(seedRun("child", { parent: "middle" }))).toMatchObject({ canceling: false, rerunAt: after(6) });
  });

  test("is paused by itself or by one above it, past those that have ended (S173)", () => {
    seedRun("top", { spec: { suspend: true } });
    seedRun("middle", { parent: "top", situation: completed });
    const child = seedRun("child", { parent: "middle" });
    const below = parentOf(child)?.suspendedBy;
    seedRun("middle", { parent: "top", situation: completed, spec: { suspend: true } });

    expect([below, parentOf(child)?.suspendedBy]).toEqual(["top", "middle"]);
  });

  test("hands down the earlier of its own deadline and the one from above (S72)", () => {
    seedRun("top", { spec: { deadlineSeconds: 60 } });
    seedRun("middle", { parent: "top", spec: { deadlineSeconds: 3600 } });

    expect(parentOf(seedRun("child", { parent: "middle" }))?.deadlineAt).toEqual(after(60));
  });

  test("of runs that own each other in a circle is found in finite time", () => {
    seedRun("a", { parent: "b", situation: completed });
    const b = seedRun("b", { parent: "a", situation: completed });

    const { world } = observe(b);

    expect(world.parent?.metadata.name).toBe("a");
    expect(world.descendantsFinished).toBe(true);
  });
});

describe("what removal waits for (S160)", () => {
  test("all descendants, through those that have ended", () => {
    const top = seedRun("top", { situation: completed });
    seedRun("child", { parent: "top", situation: completed });
    seedRun("grandchild", { parent: "child" });
    const whileOneLives = observe(top).world.descendantsFinished;

    seedRun("grandchild", { parent: "child", situation: canceled });

    expect([whileOneLives, observe(top).world.descendantsFinished]).toEqual([false, true]);
  });

  test("of which a root knows all, and no other run any (S156)", () => {
    const top = seedRun("top");
    const child = seedRun("child", { parent: "top", root: "top" });
    seedRun("grandchild", { parent: "child", root: "top" });
    seedRun("other");

    const names = (run: typeof top) => observe(run).world.descendants.map(({ metadata }) => metadata.name);

    expect([names(top).toSorted(), names(child)]).toEqual([["child", "grandchild"], []]);
  });

  test("the root, unless it is gone or the run is one itself", () => {
    const child = seedRun("child", { parent: "top", root: "top" });
    const withoutRoot = observe(child).world.rootFinished;
    seedRun("top");
    const whileRootLives = observe(child).world.rootFinished;
    seedRun("top", { situation: completed });

    expect([withoutRoot, whileRootLives, observe(child).world.rootFinished]).toEqual([true, false, true]);
    expect(observe(seedRun("alone")).world.rootFinished).toBe(true);
  });
});

test("what only this look knows is passed on, and no more is made up", () => {
  const refusal = { kind: "quota", message: "exceeded quota" } as const;
  cluster.seed(instanceTypes, { metadata: { name: "pro", uid: "pro" }, spec: anInstanceType("pro").spec });

  const { world } = observe(anAcceptedRun([anAttempt()]), { refusal });

  expect(world).toMatchObject({ refusal, podSettings: podSettings(), taskDefaults: {} });
  expect([...world.instanceTypes.keys()]).toEqual(["pro"]);
  for (const absent of ["parent", "bundle", "gonePod", "gatewayReadySince"]) expect(world).not.toHaveProperty(absent);
});
