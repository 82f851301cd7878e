import { beforeEach, expect, test } from "vitest";

import { createRunEvents, type RunEventsOf } from "../../src/controller/run-events.ts";
import { pods, taskRuns } from "../../src/effects/resources.ts";
import { anAttempt, aPod, namespace, runUid } from "../builders.ts";
import { InformersBox } from "./informers-in-a-box.ts";

let box: InformersBox;
let events: RunEventsOf;
let heard: number;
const listen = () => void heard++;

beforeEach(async () => {
  box = new InformersBox();
  await box.follow();
  events = createRunEvents(box.informers);
  heard = 0;
  return () => box[Symbol.dispose]();
});

function seedRun(name: string, uid: string, parentUid?: string): void {
  const owner = { kind: "TaskRun", name: "square-4", uid: parentUid, controller: true };
  const metadata = { namespace, name, uid, ...(parentUid !== undefined && { ownerReferences: [owner] }) };
  box.cluster.seed(taskRuns, { metadata, spec: { task: "math/square" } });
}

/** How often the listener was called while something happened. */
async function heardOf(happens: () => unknown): Promise<number> {
  await box.caughtUp();
  heard = 0;
  happens();
  await box.caughtUp();
  return heard;
}

test("who names a run hears of it when it comes, changes and goes, and of no other", async () => {
  events.subscribe(["team-a/square-4"], listen);

  const comes = await heardOf(() => seedRun("square-4", runUid));
  const changes = await heardOf(() =>
    box.cluster.setStatus(taskRuns, { namespace, name: "square-4" }, { phase: "Running" }),
  );
  const goes = await heardOf(() => box.cluster.remove(taskRuns, { namespace, name: "square-4" }));
  const another = await heardOf(() => seedRun("square-5", "another"));

  expect([comes, changes, goes, another]).toEqual([1, 1, 1, 0]);
});

test("a pod that changes or goes tells of its run", async () => {
  box.cluster.seed(pods, aPod());
  await box.caughtUp();
  events.subscribe(["team-a/square-4"], listen);
  const ref = { namespace, name: anAttempt().podName };

  const changes = await heardOf(() => box.cluster.deleteByHand(pods, ref));
  const goes = await heardOf(() => box.cluster.remove(pods, ref));

  expect([changes, goes]).toEqual([1, 1]);
});

test("a parent that changes tells of its children, whom it may stop", async () => {
  seedRun("square-4", runUid);
  seedRun("child", "child", runUid);
  await box.caughtUp();
  events.subscribe(["team-a/child"], listen);

  const changes = await heardOf(() =>
    box.cluster.edit(taskRuns, { namespace, name: "square-4" }, (run) => ({
      ...run,
      spec: { ...run.spec, cancel: true },
    })),
  );

  expect(changes).toBe(1);
});

test("who has left hears nothing more, and does not take others along", async () => {
  let othersHeard = 0;
  const leave = events.subscribe(["team-a/square-4", "team-a/square-5"], listen);
  events.subscribe(["team-a/square-4"], () => void othersHeard++);

  leave();
  const comes = await heardOf(() => seedRun("square-4", runUid));

  expect({ comes, othersHeard }).toEqual({ comes: 0, othersHeard: 1 });
});

test("a listener that leaves while it is told takes nothing from the next one", async () => {
  let othersHeard = 0;
  const leave: () => void = events.subscribe(["team-a/square-4"], () => leave());
  events.subscribe(["team-a/square-4"], () => void othersHeard++);

  await heardOf(() => seedRun("square-4", runUid));

  expect(othersHeard).toBe(1);
});
