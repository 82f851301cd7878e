// One run from its apply to its end, with everything real but the cluster, the clock and the kubelet.
import { expect, test } from "vitest";

import { pods, taskRuns } from "../../src/effects/resources.ts";
import { after, namespace } from "../builders.ts";
import { valueOf } from "../fakes/telemetry.ts";
import { lives } from "./kubelet.ts";
import { aBox, ClusterBox } from "./operator-in-a-box.ts";

const status = "replaceStatus taskruns";
const pod = "create pods";
const run = { namespace, name: "square-4" };

/** Seconds from the end of each attempt to the intent of the next. */
function waits(box: ClusterBox): number[] {
  const attempts = box.status.attempts ?? [];
  return attempts
    .slice(1)
    .map(({ createdAt }, index) => (Date.parse(createdAt) - Date.parse(attempts[index]?.finishedAt ?? "")) / 1000);
}

test("a run that succeeds costs three writes of its status and one pod (S299)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });

  await box.apply();
  await box.untilFinished();
  await box.clock.advance(300_000);

  expect(box.standing).toBe("Succeeded Completed");
  expect(box.status.result).toBe(16);
  expect(operator.writes()).toEqual([status, pod, status, status]);
  expect(box.events).toEqual([]);
});

test("a run that is over within 500 ms is never written as Running (S154)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeedsAtOnce] });

  await box.apply();
  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
  expect(operator.writes()).toEqual([status, pod, status]);
});

test("Running is written half a second after the container was seen running (S154)", async () => {
  const { box } = await aBox({ lives: [lives.lasts] });

  await box.apply();
  await box.until(() => box.podOf(1)?.status?.phase === "Running");
  const seenMs = box.clock.monotonicMs();
  await box.untilReason("AttemptRunning");

  expect(box.clock.monotonicMs() - seenMs).toBe(500);
  expect(box.status.attempts?.[0]).toMatchObject({ podUid: box.podOf(1)?.metadata.uid, nodeName: "node-1" });
});

test("a run that fails is tried again after 1, 2 and 4 s, and then it has failed (S78, S89)", async () => {
  const { box } = await aBox({ lives: [lives.throws] });

  await box.apply();
  await box.untilFinished();

  expect(box.standing).toBe("Failed TaskError");
  expect(box.message).toBe("failed after 4 attempt(s): n is not a number");
  expect(waits(box)).toEqual([1, 2, 4]);
  expect(box.events).toEqual(["TaskError", "TaskError", "TaskError", "TaskError"]);
  expect(box.status).toMatchObject({ attemptCount: 4, userRetries: 3, infrastructureRetries: 0 });
  expect(box.mostLivePods).toBe(1);
});

test("a retry that succeeds ends the run well, with both attempts on record (S88, S101)", async () => {
  const { box } = await aBox({ lives: [lives.exits, lives.succeeds] });

  await box.apply();
  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
  expect(box.ends).toEqual(["ExitedWithoutReport", "Succeeded"]);
  expect(box.status.attempts?.[0]).toMatchObject({ class: "User", exitCode: 3, nodeName: "node-1" });
  expect(box.status.startedAt).toBe(box.status.attempts?.[0]?.startedAt);
});

test("a run waits for its bundle, and starts when it comes (S255)", async () => {
  const box = new ClusterBox({ lives: [lives.succeeds] });
  await box.start();
  await box.apply();
  await box.untilReason("BundleNotFound");
  await box.clock.advance(600_000);
  const waitedMs = box.clock.monotonicMs();

  box.applyBundle();
  await box.untilReason("Starting");

  expect(box.clock.monotonicMs() - waitedMs).toBeLessThan(100);
  expect(box.podOf(1)).toBeDefined();
});

test("a revision that does not exist fails the run before any pod (S248)", async () => {
  const { box } = await aBox();

  await box.apply({ task: "math/square:7" });
  await box.untilFinished();

  expect(box.standing).toBe("Failed RevisionNotFound");
  expect(box.message).toBe("bundle math has no revision 7");
  expect(box.pods).toEqual([]);
});

test("a bundle that is deleted ends its runs at their next attempt (S249)", async () => {
  const { box } = await aBox({ lives: [lives.throws] });
  await box.apply();
  await box.untilReason("AttemptRunning");

  box.deleteBundle();
  await box.untilFinished();

  expect(box.standing).toBe("Failed RevisionNotFound");
  expect(box.message).toBe("bundle math was deleted");
  expect(box.ends).toEqual(["TaskError"]);
});

test("a cancel ends the pod and then the run; a result that comes later is not taken (S163, S164)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");

  box.edit({ cancel: true });
  await box.untilReason("Canceling");
  const canceling = box.standing;
  await box.untilFinished();

  expect(canceling).toBe("Running Canceling");
  expect(box.standing).toBe("Canceled Canceled");
  expect(box.status).not.toHaveProperty("result");
  expect(box.status.attempts?.[0]).toMatchObject({ reason: "Canceled", exitCode: 143 });
  expect(box.status.attempts?.[0]).not.toHaveProperty("class");
  expect(box.acknowledged).toEqual([]);
  expect(box.pods).toEqual([]);
});

test("a cancel between two attempts needs no pod (S162)", async () => {
  const { box } = await aBox({ lives: [lives.throws] });
  await box.apply({ retry: { maxRetries: 1, waitDurationMs: 60_000 } });
  await box.untilReason("AwaitingRetry");

  box.edit({ cancel: true });
  await box.untilFinished("square-4", 1000);

  expect(box.standing).toBe("Canceled Canceled");
  expect(box.status).not.toHaveProperty("nextRetryAt");
});

test("a cancel flows down the tree, to a child made a moment too late as well (S165)", async () => {
  const { box } = await aBox({ lives: [lives.lasts] });
  const parent = await box.apply();
  const child = await box.apply({}, "child", parent);
  await box.apply({}, "grandchild", child);
  for (const name of ["square-4", "child", "grandchild"]) await box.untilReason("AttemptRunning", name);

  box.edit({ cancel: true });
  await box.untilFinished("grandchild", 10_000);
  await box.apply({}, "late", parent);
  await box.untilFinished("late", 1000);

  expect(box.reasonOf("square-4")).toBe("Canceled");
  expect(["child", "grandchild", "late"].map((name) => box.reasonOf(name))).toEqual(
    Array.from({ length: 3 }, () => "ParentCanceled"),
  );
  expect(box.podOf(1, "late")).toBeUndefined();
});

test("a deadline stops the attempt first, and then the run has failed (S71)", async () => {
  const { box } = await aBox({ lives: [lives.lasts] });

  await box.apply({ deadlineSeconds: 60 });
  await box.untilFinished();

  expect(box.standing).toBe("Failed DeadlineExceeded");
  expect(box.message).toBe("run exceeded its deadline of 60 second(s)");
  expect(box.status.attempts).toMatchObject([
    { reason: "DeadlineExceeded", class: "Final", stop: { at: after(60).toISOString() } },
  ]);
  expect(box.pods).toEqual([]);
});

test("an attempt that overstays its timeout is stopped and tried again (S68)", async () => {
  const { box } = await aBox({ lives: [lives.lasts, lives.succeeds] });

  await box.apply({ timeoutSeconds: 60 });
  await box.untilFinished("square-4", 300_000);

  expect(box.ends).toEqual(["TimedOut", "Succeeded"]);
  expect(box.status).toMatchObject({ userRetries: 1, result: 16 });
  expect(box.mostLivePods).toBe(1);
});

test("a finished run is kept for its time, and goes with all that is its own (S160)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds], podRetentionSeconds: 86_400 });
  await box.apply({ ttlSecondsAfterFinished: 3600 });
  await box.untilFinished();

  await box.clock.advance(3_599_000);
  expect(box.run()).toBeDefined();
  await box.clock.advance(1000);

  expect(box.run()).toBeUndefined();
  expect(box.pods).toEqual([]);
});

test("a finished run is not removed before its descendants have ended (S160)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds] });
  const parent = await box.apply({ ttlSecondsAfterFinished: 0 });
  const startAt = after(600).toISOString();
  await box.apply({ startAt, ttlSecondsAfterFinished: 0 }, "child", parent);
  await box.untilFinished();

  await box.clock.advance(500_000);
  expect(box.run()).toBeDefined();
  await box.clock.advance(200_000);

  expect(box.hand.peekAll(taskRuns)).toEqual([]);
});

test("a run that is deleted is forgotten, and its pods go with it (S168)", async () => {
  const { box, operator } = await aBox({ lives: [lives.lasts] });
  await box.apply();
  await box.untilReason("AttemptRunning");
  const before = operator.writes().length;
  const planned = await valueOf(operator.metrics.queueDelayed, { queue: "runs" });

  box.hand.deleteByHand(taskRuns, run);
  await box.until(() => box.pods.length === 0);
  const stillPlanned = await valueOf(operator.metrics.queueDelayed, { queue: "runs" });
  await box.clock.advance(120_000);

  expect(operator.writes()).toHaveLength(before);
  expect({ planned, stillPlanned }).toEqual({ planned: 1, stillPlanned: 0 });
});

test("a run that is created again under its old name gets a pod of its own (S98)", async () => {
  const { box } = await aBox({ lives: [lives.lasts] });
  await box.apply();
  await box.untilReason("AttemptRunning");
  const first = box.podOf(1)?.metadata.name;

  box.hand.deleteByHand(taskRuns, run);
  await box.apply();
  await box.untilReason("AttemptRunning");

  expect(box.status.attempts?.[0]?.podName).not.toBe(first);
  expect(box.ends).toEqual([undefined]);
});

test("a finished pod is kept for its logs, and deleted in a batch (S300)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  await box.apply();
  await box.untilFinished();

  await box.clock.advance(600_000);
  expect(box.pods).toHaveLength(1);
  await box.clock.advance(20_000);

  expect(box.pods).toEqual([]);
  expect(operator.writes().slice(4)).toEqual(["deleteCollection pods"]);
});

test("a pod that has ended while nothing was heard of pods keeps its logs (S300)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");
  const release = operator.cluster.holdBack(pods);
  await box.untilFinished();

  await box.clock.advance(100_000);
  expect(box.podOf(1)?.metadata).not.toHaveProperty("deletionTimestamp");
  expect(operator.cluster.calls).toContainEqual(expect.objectContaining({ verb: "delete", resource: "pods" }));
  release();
  await box.clock.advance(100_000);

  expect(box.pods).toHaveLength(1);
});

test("a pod that outlives its run by 45 s is deleted (S300)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds.slice(0, 2)] });
  await box.apply();
  await box.untilFinished();

  await box.clock.advance(44_000);
  expect(box.podOf(1)?.metadata).not.toHaveProperty("deletionTimestamp");
  await box.clock.advance(3000);

  expect(box.hand.peekAll(pods)).toEqual([]);
});
