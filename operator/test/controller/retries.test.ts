// Waits, clocks and records of a run's attempts, with everything real but the cluster, the clock and the kubelet.
import { isDeepStrictEqual } from "node:util";

import type { TaskRun } from "@stint/crds/taskrun";
import { expect, test } from "vitest";

import { taskRuns } from "../../src/effects/resources.ts";
import { lives, type PodLife } from "./kubelet.ts";
import { aBox, ClusterBox } from "./operator-in-a-box.ts";

test("a wait is drawn once: an operator that starts meanwhile neither lengthens nor changes it (S87)", async () => {
  const { box, operator } = await aBox({ lives: [lives.throws, lives.lasts] });
  await box.apply({ retry: { waitDurationMs: 60_000, jitterFactor: 1 } });
  await box.untilReason("AwaitingRetry");
  const { nextRetryAt } = box.status;

  await box.clock.advance(5000);
  operator.kill();
  await box.clock.advance(3000);
  await box.start();
  await box.clock.advance(1000);
  const meanwhile = box.status.nextRetryAt;
  await box.until(() => box.status.attemptCount === 2, 180_000);

  expect(meanwhile).toBe(nextRetryAt);
  expect(box.status.attempts?.[1]?.createdAt).toBe(nextRetryAt);
});

test("the timeout counts from the start of the container, not from the creation of its pod (S66, S67)", async () => {
  const startsLate: PodLife = [
    { afterMs: 100_000, does: "start" },
    ...lives.succeeds.slice(1), // 5 s
  ];
  const { box } = await aBox({ lives: [startsLate] });

  await box.apply({ timeoutSeconds: 10 });
  await box.untilFinished("square-4", 300_000);

  expect(box.standing).toBe("Succeeded Completed");
});

test("a retry is the same run: its name, its uid and its children stay (S88)", async () => {
  const { box } = await aBox({ lives: [lives.throws, lives.succeeds] });
  const { metadata } = await box.apply();
  await box.untilFinished();

  expect(box.run()?.metadata.uid).toBe(metadata.uid);
  expect(box.hand.peekAll(taskRuns)).toHaveLength(1);
  expect(box.status.attemptCount).toBe(2);
});

test("whoever sees a phase sees all that led to it, in the same version of the object (S157)", async () => {
  const box = new ClusterBox({ lives: [lives.throws, lives.succeeds] });
  box.applyBundle();
  const seen: TaskRun[] = [];
  box.store.watch(taskRuns, {}, "0", (event) => {
    if (event.type !== "BOOKMARK") seen.push(event.object as TaskRun); // of that resource
  });
  await box.start();
  await box.apply();
  await box.untilFinished();

  const told = seen.map(({ status = {} }) => {
    const [first, second] = status.attempts ?? [];
    return [status.phase, first?.reason, second?.reason, status.nextRetryAt !== undefined, status.result];
  });
  const distinct = told.filter((state, index) => !isDeepStrictEqual(state, told[index - 1]));
  expect(distinct).toEqual([
    [undefined, undefined, undefined, false, undefined],
    ["Pending", undefined, undefined, false, undefined],
    ["Running", undefined, undefined, false, undefined],
    ["Pending", "TaskError", undefined, true, undefined],
    ["Pending", "TaskError", undefined, false, undefined],
    ["Running", "TaskError", undefined, false, undefined],
    ["Succeeded", "TaskError", "Succeeded", false, 16],
  ]);
});

test("a root that ends before its children tells of all of them in the end, with one write more (S156)", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  const root = await box.apply();
  const startAt = new Date(box.clock.now().getTime() + 60_000).toISOString();
  for (const name of ["one", "two"]) await box.apply({ startAt }, name, root);
  await box.untilFinished();
  const early = box.status;
  const writes = operator.writes().filter((write) => write === "replaceStatus taskruns").length;
  await box.untilFinished("one");
  await box.untilFinished("two");
  await box.clock.advance(60_000);

  expect(early.stats).toMatchObject({ totalRuns: 3, runsByPhase: { Succeeded: 1, Pending: 2 } });
  expect(box.status.stats).toMatchObject({ totalRuns: 3, runsByPhase: { Succeeded: 3 } });
  expect(box.status).toEqual({ ...early, stats: box.status.stats });
  expect(operator.writes().filter((write) => write === "replaceStatus taskruns").length - writes).toBe(2 * 3 + 1);
});
