import { component, label } from "@stint/crds/labels";
import { beforeEach, describe, expect, test } from "vitest";

import { connectTriggers } from "../../src/controller/triggers.ts";
import { withSituation, type Situation } from "../../src/core/status.ts";
import { controllerRevisions, nodes, pods, taskBundles, taskRuns } from "../../src/effects/resources.ts";
import { anAttempt, aPod, bundleUid, namespace, runUid, t0 } from "../builders.ts";
import { aTaskBundle } from "../bundle-builders.ts";
import { InformersBox } from "./informers-in-a-box.ts";

/** A queue that keeps what it is given; what is given for later stands there with its instant. */
class Heard extends Set<string> {
  addAt(key: string, at: Date): void {
    this.add(`${key} at ${at.toISOString()}`);
  }
}

const woken = { runs: new Heard(), bundles: new Set<string>() };
const run = { namespace, name: "square-4" };
const completed: Situation = { kind: "Succeeded", reason: "Completed" };

let box: InformersBox;

beforeEach(async () => {
  box = new InformersBox();
  await box.follow();
  connectTriggers(box.informers, woken);
  return () => box[Symbol.dispose]();
});

/** What was woken by something that happens. */
async function wokenBy(happens: () => unknown): Promise<{ readonly runs: string[]; readonly bundles: string[] }> {
  await box.caughtUp();
  woken.runs.clear();
  woken.bundles.clear();
  happens();
  await box.caughtUp();
  return { runs: [...woken.runs].toSorted(), bundles: [...woken.bundles] };
}

/** A run, below another one if that is given; the root of the tree is then `top`. */
function seedRun(name: string, uid: string, parentUid?: string): void {
  const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "parent", uid: parentUid, controller: true };
  const labels = { [label.root]: "top", [label.rootUid]: "top" };
  const metadata = { namespace, name, uid, ...(parentUid !== undefined && { ownerReferences: [owner], labels }) };
  box.cluster.seed(taskRuns, { metadata, spec: { task: "math/square" } });
}

function setStatus(name: string, status: object): void {
  box.cluster.setStatus(taskRuns, { namespace, name }, status);
}

function settle(name: string, situation: Situation): void {
  setStatus(name, withSituation({ revision: 1 }, situation, { now: t0, generation: 1 }));
}

test("who begins to listen is told of everything that is there", async () => {
  seedRun("square-4", runUid);
  seedRun("square-5", "another");
  await box.caughtUp();
  const heard = { runs: new Heard(), bundles: new Set<string>() };

  connectTriggers(box.informers, heard);

  expect([...heard.runs]).toEqual(["team-a/square-4", "team-a/square-5"]);
});

test("a run is woken when it comes, changes and goes", async () => {
  const comes = await wokenBy(() => seedRun("square-4", runUid));
  const changes = await wokenBy(() => setStatus("square-4", { phase: "Pending" }));
  const goes = await wokenBy(() => box.cluster.remove(taskRuns, run));

  expect([comes.runs, changes.runs, goes.runs]).toEqual(Array.from({ length: 3 }, () => ["team-a/square-4"]));
});

test("a pod wakes the run that it is an attempt of, when it comes, changes and goes", async () => {
  const ref = { namespace, name: anAttempt().podName };

  const comes = await wokenBy(() => box.cluster.seed(pods, aPod(1, "Pending")));
  const changes = await wokenBy(() => box.cluster.setStatus(pods, ref, { phase: "Running" }));
  const goes = await wokenBy(() => box.cluster.remove(pods, ref));

  expect([comes.runs, changes.runs, goes.runs]).toEqual(Array.from({ length: 3 }, () => ["team-a/square-4"]));
});

test("the pod of a registration wakes its bundle", async () => {
  const owner = { kind: "TaskBundle", name: "math", uid: bundleUid, controller: true };
  const labels = { [label.component]: component.registration };
  const metadata = { namespace, name: "math-r1-1", uid: "math-r1-1", labels, ownerReferences: [owner] };

  const { runs, bundles } = await wokenBy(() => box.cluster.seed(pods, { metadata, spec: {} }));

  expect(bundles).toEqual(["team-a/math"]);
  expect(runs).toEqual([]);
});

test("a foreign pod wakes nobody", async () => {
  const owner = { kind: "Job", name: "square-4", uid: "job", controller: true };
  const labels = { [label.component]: component.attempt };
  const metadata = { namespace, name: "foreign", uid: "foreign", labels, ownerReferences: [owner] };

  expect(await wokenBy(() => box.cluster.seed(pods, { metadata, spec: {} }))).toEqual({ runs: [], bundles: [] });
});

test("a cancel wakes those below, past those that have ended (S165)", async () => {
  seedRun("top", "top");
  seedRun("ended", "ended", "top");
  seedRun("live", "live", "top");
  seedRun("below", "below", "ended");
  settle("ended", completed);

  const { runs } = await wokenBy(() =>
    box.cluster.edit(taskRuns, { namespace, name: "top" }, (top) => ({ ...top, spec: { ...top.spec, cancel: true } })),
  );

  expect(runs).toEqual(["team-a/below", "team-a/live", "team-a/top"]);
});

test("a run that ends wakes its root, if that has ended before (S156)", async () => {
  seedRun("top", "top");
  seedRun("child", "child", "top");
  const whileRootLives = await wokenBy(() => settle("child", completed));
  seedRun("late", "late", "top");
  settle("top", completed);

  const afterRootEnded = await wokenBy(() => settle("late", completed));

  expect([whileRootLives.runs, afterRootEnded.runs]).toEqual([["team-a/child"], ["team-a/late", "team-a/top"]]);
});

describe("the progress of a run below", () => {
  const rows = { progress: [{ label: "rows", total: 1, done: 0 }] };
  const summed = { at: t0.toISOString(), own: [] };

  test("wakes the root: at once the first time, and then when its next sum is due (S148)", async () => {
    seedRun("top", "top");
    seedRun("child", "child", "top");
    const first = await wokenBy(() => setStatus("child", rows));
    setStatus("top", { summed });

    const next = await wokenBy(() => setStatus("child", { progress: [{ label: "rows", total: 1, done: 1 }] }));

    expect(first.runs).toEqual(["team-a/child", "team-a/top"]);
    expect(next.runs).toEqual(["team-a/child", "team-a/top at 2026-01-01T00:00:02.000Z"]);
  });

  test("wakes the root when it goes with its run, and when a new attempt begins without any (S148)", async () => {
    seedRun("top", "top");
    setStatus("top", { summed });
    for (const name of ["begins", "goes"]) {
      seedRun(name, name, "top");
      setStatus(name, rows);
    }

    const begins = await wokenBy(() => setStatus("begins", {}));
    const goes = await wokenBy(() => box.cluster.remove(taskRuns, { namespace, name: "goes" }));

    expect(begins.runs).toEqual(["team-a/begins", "team-a/top at 2026-01-01T00:00:02.000Z"]);
    expect(goes.runs).toEqual(["team-a/goes", "team-a/top at 2026-01-01T00:00:02.000Z"]);
  });

  test("is nothing to a root that has ended, nor to a namesake of the root", async () => {
    seedRun("top", "top");
    seedRun("child", "child", "top");
    settle("top", completed);
    const afterEnd = await wokenBy(() => setStatus("child", rows));
    box.cluster.remove(taskRuns, { namespace, name: "top" });
    seedRun("top", "another");

    const ofNamesake = await wokenBy(() => setStatus("child", {}));

    expect([afterEnd.runs, ofNamesake.runs]).toEqual([["team-a/child"], ["team-a/child"]]);
  });
});

test("a pause wakes those below (S173)", async () => {
  seedRun("top", "top");
  seedRun("live", "live", "top");

  const { runs } = await wokenBy(() =>
    box.cluster.edit(taskRuns, { namespace, name: "top" }, (top) => ({ ...top, spec: { ...top.spec, suspend: true } })),
  );

  expect(runs).toEqual(["team-a/live", "team-a/top"]);
});

test("a parent that ends, or gets a deadline, wakes its children (S72)", async () => {
  seedRun("top", "top");
  seedRun("child", "child", "top");

  const bounded = await wokenBy(() => setStatus("top", { deadlineAt: t0.toISOString() }));
  const ended = await wokenBy(() => settle("top", completed));

  expect([bounded.runs, ended.runs]).toEqual(Array.from({ length: 2 }, () => ["team-a/child", "team-a/top"]));
});

test("the progress of a parent is nothing to its children", async () => {
  seedRun("top", "top");
  seedRun("child", "child", "top");

  const { runs } = await wokenBy(() => setStatus("top", { displayName: "half way" }));

  expect(runs).toEqual(["team-a/top"]);
});

describe("who depends on a run is woken", () => {
  const depends = (name: string, spec: object) =>
    box.cluster.seed(taskRuns, { metadata: { namespace, name, uid: name }, spec: { task: "math/square", ...spec } });

  test("when that comes, ends and goes, and by nothing else of it (S131, S132)", async () => {
    depends("after", { dependsOn: [{ run: "a" }] });
    depends("taking", { inputRefs: [{ pointer: "/0", run: "a" }] });
    const all = ["team-a/a", "team-a/after", "team-a/taking"];

    const comes = await wokenBy(() => seedRun("a", "a"));
    const runs = await wokenBy(() => setStatus("a", { displayName: "half way" }));
    const ends = await wokenBy(() => settle("a", completed));
    const isReopened = await wokenBy(() => settle("a", { kind: "Pending", reason: "Starting" }));
    const goes = await wokenBy(() => box.cluster.remove(taskRuns, { namespace, name: "a" }));

    expect([comes.runs, ends.runs, isReopened.runs, goes.runs]).toEqual([all, all, all, all]);
    expect(runs.runs).toEqual(["team-a/a"]);
  });

  test("when one below that ends (S138)", async () => {
    const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "a", uid: "a", controller: true };
    seedRun("a", "a");
    const metadata = { namespace, name: "child", uid: "child", ownerReferences: [owner] };
    box.cluster.seed(taskRuns, { metadata, spec: { task: "math/square" } });
    depends("after", { dependsOn: [{ run: "a", scope: "Subtree" }] });

    const { runs } = await wokenBy(() => settle("child", completed));

    expect(runs).toEqual(["team-a/after", "team-a/child"]);
  });

  test("unless it has ended itself", async () => {
    seedRun("a", "a");
    depends("after", { dependsOn: [{ run: "a" }] });
    settle("after", completed);

    expect((await wokenBy(() => settle("a", completed))).runs).toEqual(["team-a/a"]);
  });
});

test("a run that waits for subtasks hears of a failure, a deletion and the last end, not of each (S136)", async () => {
  const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "top", uid: "top", controller: true };
  seedRun("top", "top");
  for (const name of ["a", "b", "c"]) {
    const labels = { [label.handedOver]: "1" };
    const metadata = { namespace, name, uid: name, labels, ownerReferences: [owner] };
    box.cluster.seed(taskRuns, { metadata, spec: { task: "math/square" } });
  }

  const first = await wokenBy(() => settle("a", completed));
  const fails = await wokenBy(() => settle("b", { kind: "Failed", reason: "TaskError", message: "bad" }));
  const last = await wokenBy(() => settle("c", completed));
  const goes = await wokenBy(() => box.cluster.remove(taskRuns, { namespace, name: "c" }));

  expect(first.runs).toEqual(["team-a/a"]);
  expect([fails.runs, last.runs, goes.runs].map((runs) => runs.includes("team-a/top"))).toEqual([true, true, true]);
});

test("a bundle wakes the runs that wait for it, and no run that has its revision (S255)", async () => {
  seedRun("waiting", "waiting");
  seedRun("pinned", "pinned");
  setStatus("pinned", { revision: 1 });

  const comes = await wokenBy(() => box.cluster.seed(taskBundles, aTaskBundle()));
  const becomesReady = await wokenBy(() =>
    box.cluster.setStatus(taskBundles, { namespace, name: "math" }, { revision: 1 }),
  );

  expect([comes, becomesReady]).toEqual(
    Array.from({ length: 2 }, () => ({ runs: ["team-a/waiting"], bundles: ["team-a/math"] })),
  );
});

test("a revision wakes its bundle and the runs that wait for it, since it may come last", async () => {
  seedRun("waiting", "waiting");
  const labels = { [label.component]: component.bundle, [label.bundle]: "math" };
  const metadata = { namespace, name: "math-r1", uid: "math-r1", labels };

  const { runs, bundles } = await wokenBy(() => box.cluster.seed(controllerRevisions, { metadata, revision: 1 }));

  expect({ runs, bundles }).toEqual({ runs: ["team-a/waiting"], bundles: ["team-a/math"] });
});

test("a node that is lost, found or gone wakes the runs on it, and its heartbeats wake nobody (S98)", async () => {
  const tell = (status: string, lastHeartbeatTime: string) =>
    box.cluster.seed(nodes, {
      metadata: { name: "node-1", uid: "node-1" },
      status: { conditions: [{ type: "Ready", status, lastHeartbeatTime }] },
    });
  tell("True", "10:00");
  box.cluster.seed(pods, aPod());

  const beats = await wokenBy(() => tell("True", "10:05"));
  const isLost = await wokenBy(() => tell("Unknown", "10:05"));
  const isGone = await wokenBy(() => box.cluster.remove(nodes, { name: "node-1" }));

  expect([beats.runs, isLost.runs, isGone.runs]).toEqual([[], ["team-a/square-4"], ["team-a/square-4"]]);
});
