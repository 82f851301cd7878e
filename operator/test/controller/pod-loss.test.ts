// Pods that go without a word, with one, or before anybody has looked. What is known of their end is not lost, and no attempt
// begins beside another.
import { expect, test } from "vitest";

import { pods, taskRuns } from "../../src/effects/resources.ts";
import { namespace } from "../builders.ts";
import { lives, type PodLife } from "./kubelet.ts";
import { aBox, workers, type ClusterBox, type Operator } from "./operator-in-a-box.ts";

function refOf(box: ClusterBox, attempt: number) {
  return { namespace, name: box.podOf(attempt)?.metadata.name ?? "" };
}

/** A run whose pod is recorded in its status, and an operator that begins to lead without having heard of that pod. */
async function aStaleLeader(life: PodLife) {
  const { box, operator } = await aBox({ lives: [life] });
  const leader = await box.start({ leads: false });
  const release = leader.cluster.holdBack(pods);
  await box.apply();
  await box.untilReason("AttemptRunning");
  operator.kill();
  return { box, leader, release };
}

/** Keeps every worker of an operator busy with other runs until the function returned is called. */
async function occupy(box: ClusterBox, { cluster }: Operator): Promise<() => void> {
  const releases = Array.from({ length: workers }, () => cluster.holdNext("replaceStatus", taskRuns));
  for (const index of releases.keys()) await box.apply({ task: "math/no-such-task" }, `other-${index}`);
  await box.clock.advance(0);
  return () => releases.forEach((release) => release());
}

/** Of the next pod that goes, the operator sees its deletion and nothing that came before. */
function skipToDeletion({ informers }: Operator): void {
  const put = informers.pods.cache.put.bind(informers.pods.cache);
  informers.pods.cache.put = (pod) => (pod.status.phase === "Failed" ? [] : put(pod));
}

function readsOfPods({ cluster }: Operator): number {
  return cluster.calls.filter(({ verb, resource }) => verb === "get" && resource === "pods").length;
}

test("a pod on a lost node is replaced on another node, at the cluster's cost (S98)", async () => {
  const { box } = await aBox({ lives: [lives.lasts, lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");

  box.kubelet.cutOff.add("node-1");
  box.setNode("node-1", false);
  await box.clock.advance(30_000);
  box.hand.deleteByHand(pods, refOf(box, 1));
  await box.until(() => box.podOf(2) !== undefined, 2000);
  await box.untilFinished();

  expect(box.ends).toEqual(["NodeLost", "Succeeded"]);
  expect(box.status.attempts?.map(({ nodeName }) => nodeName)).toEqual(["node-1", "node-2"]);
  expect(box.status).toMatchObject({ userRetries: 0, infrastructureRetries: 1, result: 16 });
});

test("a node that is not ready has lost nothing while nobody wants its pod gone (S98)", async () => {
  const { box } = await aBox({ lives: [lives.lasts] });
  await box.apply();
  await box.untilReason("AttemptRunning");

  box.setNode("node-1", false);
  await box.clock.advance(25_000);
  box.setNode("node-1", true);
  await box.clock.advance(60_000);

  expect(box.standing).toBe("Running AttemptRunning");
  expect(box.ends).toEqual([undefined]);
});

test("a pod that somebody deletes is replaced once it has ended, at the cluster's cost (S75)", async () => {
  const { box } = await aBox({ lives: [lives.lasts, lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");

  box.hand.deleteByHand(pods, refOf(box, 1));
  await box.untilFinished();

  expect(box.ends).toEqual(["PodDeleted", "Succeeded"]);
  expect(box.status.attempts?.[0]).toMatchObject({ class: "Infrastructure", exitCode: 143 });
  expect(box.mostLivePods).toBe(1);
});

test("a pod that is deleted by force is replaced at once (S75)", async () => {
  const { box } = await aBox({ lives: [lives.lasts, lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");

  box.hand.remove(pods, refOf(box, 1));
  await box.untilFinished();

  expect(box.ends).toEqual(["PodDeleted", "Succeeded"]);
  expect(box.status).toMatchObject({ userRetries: 0, infrastructureRetries: 1 });
});

test.each([
  {
    how: "on its own",
    life: lives.exitsAndVanishes,
    end: { reason: "ExitedWithoutReport", class: "User", exitCode: 3 },
  },
  { how: "by a drain", life: lives.isDrained, end: { reason: "Evicted", class: "Infrastructure", exitCode: 143 } },
])("a pod that fails and is gone before anybody looks keeps its cause: $how (S298)", async ({ life, end }) => {
  const { box, operator } = await aBox({ lives: [life, lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");
  const release = await occupy(box, operator);
  await box.until(() => box.podOf(1) === undefined);

  release();
  await box.untilFinished();

  expect(box.status.attempts).toMatchObject([{ ...end, nodeName: "node-1" }, { reason: "Succeeded" }]);
  expect(readsOfPods(operator)).toBe(0);
});

test("of a pod that is gone the state in which it went counts, not the one that was held", async () => {
  const { box, operator } = await aBox({ lives: [lives.exitsAndVanishes, lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");
  const release = await occupy(box, operator);
  skipToDeletion(operator);
  await box.until(() => box.podOf(1) === undefined);

  release();
  await box.untilFinished();

  expect(box.status.attempts?.[0]).toMatchObject({ reason: "ExitedWithoutReport", exitCode: 3 });
});

test("a pod that ends and is gone before its uid is recorded is not made again: its attempt is over", async () => {
  const brief: PodLife = [
    { afterMs: 1000, does: "start" },
    { afterMs: 100, does: "exit", code: 3 },
    { afterMs: 0, does: "vanish" },
  ];
  const { box, operator } = await aBox({ lives: [brief, lives.succeeds] });
  await box.apply();
  await box.until(() => box.podOf(1)?.status?.phase === "Running");
  const release = await occupy(box, operator);
  await box.until(() => box.podOf(1) === undefined);

  release();
  await box.untilFinished();

  expect(box.ends).toEqual(["ExitedWithoutReport", "Succeeded"]);
});

test.each([
  { known: "was held", isHeld: true },
  { known: "was made", isHeld: false },
])("a pod that $known and is missing from a live read is gone, and is not made again (S98)", async ({ isHeld }) => {
  const brief: PodLife = [
    { afterMs: 20_000, does: "start" },
    { afterMs: 100, does: "exit", code: 3 },
    { afterMs: 0, does: "vanish" },
  ];
  const { box, operator } = await aBox({ lives: [brief, lives.succeeds] });
  const releases: (() => void)[] = [];
  const goDeaf = (resource: typeof pods | typeof taskRuns) => releases.push(operator.cluster.holdBack(resource));
  operator.cluster.beforeNext("replaceStatus", taskRuns, () => goDeaf(taskRuns));
  if (!isHeld) operator.cluster.beforeNext("create", pods, () => goDeaf(pods));
  await box.apply();
  await box.until(() => box.podOf(1) !== undefined);
  if (isHeld) goDeaf(pods);
  await box.until(() => box.podOf(1) === undefined);
  const held = operator.gateway.caches.pods.list();
  await box.clock.advance(60_000);

  releases.forEach((release) => release());
  await box.untilFinished();

  expect(held).toHaveLength(isHeld ? 1 : 0);
  expect(operator.writes().filter((write) => write === "create pods")).toHaveLength(2);
  expect(box.ends).toEqual(["NeverStarted", "Succeeded"]);
  expect(box.status).toMatchObject({ userRetries: 0, infrastructureRetries: 1 });
});

test("the last of a pod is forgotten once the run tells of its attempt's end", async () => {
  const { box, operator } = await aBox({ lives: [lives.exitsAndVanishes, lives.lasts] });
  const { uid } = (await box.apply()).metadata;
  await box.untilReason("AttemptRunning");
  const release = await occupy(box, operator);
  await box.until(() => operator.gateway.caches.gonePods.get(uid) !== undefined);

  release();
  await box.untilReason("AwaitingRetry");
  await box.clock.advance(0);

  expect(operator.gateway.caches.gonePods.get(uid)).toBeUndefined();
});

test("a pod whose end nobody saw is charged to the cluster, after one look at the API server (S75)", async () => {
  const { box, operator } = await aBox({ lives: [lives.exitsAndVanishes, lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");
  operator.kill();
  await box.until(() => box.podOf(1) === undefined);

  const next = await box.start();
  await box.untilFinished();

  expect(box.status.attempts).toMatchObject([
    { reason: "PodDeleted", class: "Infrastructure" },
    { reason: "Succeeded" },
  ]);
  expect(readsOfPods(next)).toBe(1);
});

test("a pod that is recorded and not yet cached is asked for before it is called deleted", async () => {
  const { box, leader, release } = await aStaleLeader(lives.succeeds);

  leader.lead();
  await box.clock.advance(1000);
  const reads = readsOfPods(leader);
  release();
  await box.clock.advance(1000);

  expect(reads).toBe(1);
  expect(readsOfPods(leader)).toBe(1);
  expect(box.standing).toBe("Running AttemptRunning");
  expect(box.status.attemptCount).toBe(1);

  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
});

test("a cancel waits for the end of a pod that is recorded and not yet cached (S163)", async () => {
  const { box, leader, release } = await aStaleLeader(lives.lasts);
  box.edit({ cancel: true });

  leader.lead();
  await box.clock.advance(500);
  const early = box.standing;
  await box.until(() => box.pods.length === 0);
  release();
  await box.untilFinished();

  expect(early).toBe("Running Canceling");
  expect(box.standing).toBe("Canceled Canceled");
});
