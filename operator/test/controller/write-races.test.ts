// Writes that are carried out and not answered, caches that do not show them yet, and two writers of one status.
import { expect, test } from "vitest";

import { pods, taskRuns } from "../../src/effects/resources.ts";
import { apiError } from "../fakes/cluster.ts";
import { lives } from "./kubelet.ts";
import { aBox, type Operator } from "./operator-in-a-box.ts";

const status = "replaceStatus taskruns";
const pod = "create pods";

/** From the next write of a run's status on, the operator hears nothing of runs until the function returned is called. */
function goDeafAtNextStatus({ cluster }: Operator): () => void {
  let release = () => {};
  cluster.beforeNext("replaceStatus", taskRuns, () => (release = cluster.holdBack(taskRuns)));
  return () => release();
}

function liveReads({ cluster }: Operator): number {
  return cluster.calls.filter(({ verb, resource }) => verb === "get" && resource === "taskruns").length;
}

test("nothing is decided on a cache that is older than our own write", async () => {
  const { box, operator } = await aBox({ lives: [lives.lasts] });
  goDeafAtNextStatus(operator);

  await box.apply();
  await box.clock.advance(4900);

  expect(box.podOf(1)?.status?.phase).toBe("Running");
  expect(operator.writes()).toEqual([status, pod]);
  expect(liveReads(operator)).toBe(0);
});

test("an own write whose event does not come is read back after 5 s, and the run goes on", async () => {
  const { box, operator } = await aBox({ lives: [lives.lasts] });
  goDeafAtNextStatus(operator);

  await box.apply();
  await box.untilReason("AttemptRunning");

  expect(box.clock.monotonicMs()).toBeLessThan(6000);
  expect(liveReads(operator)).toBeGreaterThan(0);
  expect(operator.writes()).toEqual([status, pod, status]);
});

test("an operator that hears nothing of runs for minutes takes a run to its end all the same", async () => {
  const { box, operator } = await aBox({ lives: [lives.throws, lives.exits, lives.succeeds] });
  const release = goDeafAtNextStatus(operator);

  await box.apply();
  await box.untilFinished();
  release();
  await box.clock.advance(60_000);

  expect(box.ends).toEqual(["TaskError", "ExitedWithoutReport", "Succeeded"]);
  expect(box.mostLivePods).toBe(1);
});

test("an intent whose write is carried out and not answered stands, and has one pod", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  operator.cluster.commitThenFailNext("replaceStatus", taskRuns);

  await box.apply();
  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
  expect(box.status.attemptCount).toBe(1);
  expect(box.hand.peekAll(pods)).toHaveLength(1);
});

test("a pod whose create is carried out and not answered is found again, and costs no attempt", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  operator.cluster.commitThenFailNext("create", pods);

  await box.apply();
  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
  expect(box.status).toMatchObject({ attemptCount: 1, infrastructureRetries: 0 });
  expect(box.hand.peekAll(pods)).toHaveLength(1);
});

test("a delete that fails is asked for again", async () => {
  const { box, operator } = await aBox({ lives: [lives.lasts] });
  await box.apply();
  await box.untilReason("AttemptRunning");
  operator.cluster.failNext("delete", pods, apiError("unavailable"));

  box.edit({ cancel: true });
  await box.untilFinished("square-4", 30_000);

  expect(box.standing).toBe("Canceled Canceled");
  expect(operator.writes().filter((write) => write === "delete pods")).toHaveLength(2);
});

test("a run that changes at the instant of a write is decided again, and nothing was done meanwhile (A1)", async () => {
  const { box, operator } = await aBox();
  operator.cluster.beforeNext("replaceStatus", taskRuns, () => box.edit({ cancel: true }));

  await box.apply();
  await box.untilFinished();

  expect(box.standing).toBe("Canceled Canceled");
  expect(operator.writes()).toEqual([status, status]);
});

test("an outcome that another replica's gateway wrote stands, whatever an old cache makes of the pod's end", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  await box.start({ leads: false });
  await box.apply();
  await box.untilReason("AttemptRunning");
  const release = operator.cluster.holdBack(taskRuns);

  await box.until(() => box.podOf(1)?.status?.phase === "Succeeded");
  await box.clock.advance(10_000);
  const whileBehind = { standing: box.standing, result: box.status.result, ends: box.ends };
  release();
  await box.clock.advance(60_000);

  expect(whileBehind).toEqual({ standing: "Succeeded Completed", result: 16, ends: ["Succeeded"] });
  expect(box.standing).toBe("Succeeded Completed");
  expect(box.hand.peekAll(pods)).toHaveLength(1);
  expect(box.acknowledged).toHaveLength(1);
});

test("two leaders at one time make one pod an attempt (S98)", async () => {
  const { box, operator } = await aBox({ lives: [lives.throws, lives.exits, lives.succeeds] });
  const other = await box.start();

  await box.apply();
  await box.untilFinished();
  await box.clock.advance(60_000);

  expect(box.ends).toEqual(["TaskError", "ExitedWithoutReport", "Succeeded"]);
  expect(box.mostLivePods).toBe(1);
  const created = [...operator.writes(), ...other.writes()].filter((write) => write === pod);
  expect(created.length).toBeGreaterThanOrEqual(3);
  expect(box.hand.peekAll(pods)).toHaveLength(3);
});

test("an API server that is away for a while costs no attempt", async () => {
  const { box, operator } = await aBox({ lives: [lives.succeeds] });
  await box.apply();
  await box.untilReason("AttemptRunning");

  operator.cluster.partition("refused");
  await box.clock.advance(60_000);
  operator.cluster.heal();
  await box.untilFinished();

  expect(box.standing).toBe("Succeeded Completed");
  expect(box.status.attemptCount).toBe(1);
});
