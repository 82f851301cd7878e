// A run done again by hand, with everything real but the cluster, the clock and the kubelet (S170 to S172).
import { expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { namespace } from "../builders.ts";
import { lives } from "./kubelet.ts";
import { aBox } from "./operator-in-a-box.ts";

const run = { namespace, name: "square-4" };
const once = { retry: { maxRetries: 0 } };

test("a run that failed begins anew, with the attempts that it has and both budgets whole (S170)", async () => {
  const { box } = await aBox({ lives: [lives.throws, lives.throws, lives.throws, lives.succeeds] });
  await box.apply({ retry: { maxRetries: 1 } });
  await box.untilFinished();
  const first = box.status;

  box.rerun();
  await box.until(() => box.status.finishedAt === undefined);
  await box.untilFinished();

  expect(first).toMatchObject({ phase: "Failed", attemptCount: 2, userRetries: 1 });
  expect(box.ends).toEqual(["TaskError", "TaskError", "TaskError", "Succeeded"]);
  expect(box.status).toMatchObject({ phase: "Succeeded", result: 16, attemptCount: 4, userRetries: 1 });
  expect(box.status).not.toHaveProperty("error");
  expect(new Set(box.status.attempts?.map(({ podName }) => podName)).size).toBe(4);
  expect(box.mostLivePods).toBe(1);
});

test("it may be repeated without limit, also by an operator that has just started (S170)", async () => {
  const { box, operator } = await aBox({ lives: [lives.throws] });
  await box.apply(once);
  await box.untilFinished();
  operator.kill();

  box.rerun();
  await box.start();
  for (let generation = 1; generation <= 3; generation++) {
    await box.until(() => box.status.rerunGeneration === generation && box.status.finishedAt !== undefined);
    expect(box.status.attemptCount).toBe(generation + 1);
    box.rerun();
  }
});

test("a canceled run goes on if the same update takes the cancel back, and is canceled again if not (S161, S170)", async () => {
  const { box } = await aBox({ lives: [lives.lasts, lives.succeeds] });
  await box.apply({ cancel: true });
  await box.untilFinished();

  box.edit({ rerun: { generation: 1 } });
  await box.until(() => box.status.rerunGeneration === 1 && box.status.finishedAt !== undefined);
  const stillCanceled = box.standing;
  box.rerun();
  await box.until(() => box.status.rerunGeneration === 2);
  await box.untilReason("AttemptRunning");

  expect(stillCanceled).toBe("Canceled Canceled");
});

test("a run that never was accepted is accepted by a rerun on Latest, once the bundle can (S172)", async () => {
  const { box } = await aBox({ lives: [lives.succeeds] });
  await box.apply({ task: "math/square:7" });
  await box.untilFinished();
  const refused = box.standing;

  box.rerun("Latest");
  await box.until(() => box.status.phase === "Succeeded");

  expect(refused).toBe("Failed RevisionNotFound");
  expect(box.status).toMatchObject({ revision: 1, result: 16 });
});

test("a run reopened at the instant of its removal stays (S160)", async () => {
  const { box, operator } = await aBox({ lives: [lives.throws, lives.succeeds] });
  await box.apply({ ...once, ttlSecondsAfterFinished: 60 });
  await box.untilFinished();

  operator.cluster.beforeNext("delete", taskRuns, () => box.rerun());
  await box.until(() => box.status.phase === "Succeeded");

  expect(
    operator.cluster.writes.filter(({ verb, resource }) => `${verb} ${resource}` === "delete taskruns"),
  ).toHaveLength(1);
  expect(box.hand.peek(taskRuns, run)?.metadata.uid).toBeDefined();
});

test("a child alone may be done again after its canceled parent has ended; what it starts lives, too (S165)", async () => {
  const { box } = await aBox({ lives: [lives.lasts] });
  const parent = await box.apply();
  const child = await box.apply({}, "child", parent);
  await box.untilReason("AttemptRunning", "child");
  box.edit({ cancel: true });
  await box.untilFinished("child");
  await box.untilFinished();

  box.rerun("Pinned", "child");
  await box.untilReason("Retrying", "child");
  await box.apply({}, "grandchild", child);
  await box.untilReason("AttemptRunning", "grandchild");

  expect(box.standing).toBe("Canceled Canceled");
});

test("a run that was done again before its parent was canceled ends with it (S165)", async () => {
  const { box } = await aBox({ lives: [lives.lasts] });
  const parent = await box.apply();
  await box.apply({ cancel: true }, "child", parent);
  await box.untilFinished("child");
  box.rerun("Pinned", "child");
  await box.untilReason("AttemptRunning", "child");

  box.edit({ cancel: true });
  await box.untilReason("ParentCanceled", "child");

  expect(box.statusOf("child").attempts?.map(({ reason }) => reason)).toEqual(["Canceled"]);
});

test("a parent is not removed while a child is being done again (S160, S170)", async () => {
  const { box } = await aBox({ lives: [lives.throws, lives.lasts] });
  const parent = await box.apply({ ...once, ttlSecondsAfterFinished: 60 });
  await box.apply(once, "child", parent);
  await box.untilFinished();
  await box.untilFinished("child");

  box.rerun("Pinned", "child");
  await box.untilReason("Retrying", "child");
  await box.clock.advance(600_000);

  expect(box.run()).toBeDefined();
});
