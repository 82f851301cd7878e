import { expect, test } from "vitest";

import { pods, taskRuns } from "../../src/effects/resources.ts";
import { aFailure, anAcceptedRun, anAttempt, aPod, aSuccess, namespace, podUid, stamp } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { valueOf } from "../fakes/telemetry.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

const run = { namespace, name: "square-4" };
const running = { kind: "Running", reason: "AttemptRunning" } as const;

test("a report ends the run with its result", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.post("report", aSuccess(16));

  expect(answer).toMatchObject({ status: 200, body: { accepted: true } });
  expect(box.run()?.status).toMatchObject({ phase: "Succeeded", result: 16 });
  expect(await valueOf(box.metrics.gatewayRequests, { route: "report", status: "200" })).toBe(1);
});

test("the answer says how the run has ended by it, also when it is asked again (S104)", async () => {
  await using box = await GatewayBox.open();

  const first = await box.post("report", aSuccess(16));
  const again = await box.post("report", aSuccess(16));

  const ended = { phase: "Succeeded", reason: "Completed", message: "", attempts: 1 };
  expect([first.body, again.body]).toEqual([
    { accepted: true, ended },
    { accepted: true, ended },
  ]);
});

test("the answer to a failure that is retried says of no end; to one that is not, why (S93, S105)", async () => {
  await using box = await GatewayBox.open();
  const retried = await box.post("report", aFailure());
  box.seedRun(anAcceptedRun([anAttempt()], {}, running));

  const denied = await box.post("report", aFailure({ retryDenied: true }));

  expect(retried.body).toEqual({ accepted: true });
  expect(denied.body).toEqual({
    accepted: true,
    ended: {
      phase: "Failed",
      reason: "TaskError",
      message: "failed after 1 attempt(s): n is not a number",
      attempts: 1,
    },
  });
});

test("the acknowledgement comes after the write", async () => {
  await using box = await GatewayBox.open();
  const writing = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const write = box.cluster.replaceStatus.bind(box.cluster);
  box.cluster.replaceStatus = async (...call) => {
    writing.resolve();
    await released.promise;
    return write(...call) as Promise<never>; // generic in the kind of object, which the spread forgets
  };
  let isAnswered = false;

  const answer = box.post("report", aSuccess(16)).finally(() => (isAnswered = true));
  await writing.promise;
  await box.get("no-such-endpoint"); // a whole exchange on another connection

  expect(isAnswered).toBe(false);
  expect(box.run()?.status).not.toHaveProperty("result");

  released.resolve();

  expect(await answer).toMatchObject({ status: 200 });
  expect(box.run()?.status).toHaveProperty("result", 16);
});

test("the same report again is acknowledged again, and written once", async () => {
  await using box = await GatewayBox.open();

  const answers = [await box.post("report", aSuccess(16)), await box.post("report", aSuccess(16))];

  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(box.cluster.writes.filter(({ resource }) => resource === "taskruns")).toHaveLength(1);
});

test("another report of an attempt that has ended is refused", async () => {
  await using box = await GatewayBox.open();
  await box.post("report", aSuccess(16));

  const answer = await box.post("report", aSuccess(17));

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
  expect(box.run()?.status).toHaveProperty("result", 16);
});

test("a failure is recorded with the wait before the next attempt, and its repetition is acknowledged", async () => {
  await using box = await GatewayBox.open();

  const answers = [await box.post("report", aFailure()), await box.post("report", aFailure())];

  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(box.run()?.status).toMatchObject({
    phase: "Pending",
    attempts: [{ number: 1, reason: "TaskError" }],
    nextRetryAt: expect.any(String),
  });
});

test("a report whose write is carried out and not answered is acknowledged", async () => {
  await using box = await GatewayBox.open();
  box.cluster.commitThenFailNext("replaceStatus", taskRuns);

  const answer = await box.post("report", aSuccess(16));

  expect(answer.status).toBe(200);
  expect(box.run()?.status).toHaveProperty("result", 16);
});

test("a report that meets a change the cache has not seen is decided again", async () => {
  await using box = await GatewayBox.open();
  box.caches.fallBehind();
  box.cluster.edit(taskRuns, run, (live) => ({ ...live, spec: { ...live.spec, ttlSecondsAfterFinished: 5 } }));

  const answer = await box.post("report", aSuccess(16));

  expect(answer.status).toBe(200);
  expect(box.run()).toMatchObject({ spec: { ttlSecondsAfterFinished: 5 }, status: { result: 16 } });
});

test("a cancel that is stored while the report is on its way wins (S164)", async () => {
  await using box = await GatewayBox.open();
  box.cluster.beforeNext("replaceStatus", taskRuns, () =>
    box.cluster.edit(taskRuns, run, (live) => ({ ...live, spec: { ...live.spec, cancel: true } })),
  );

  const answer = await box.post("report", aSuccess(16));

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
  expect(box.run()?.status).not.toHaveProperty("result");
});

test("after a stop no report counts (S164)", async () => {
  await using box = await GatewayBox.open();
  const stopped = anAttempt(1, { stop: { reason: "TimedOut", at: stamp(9) } });
  box.seedRun(anAcceptedRun([stopped], {}, running));

  const answer = await box.post("report", aSuccess(16));

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
});

test("an attempt that another one has followed is refused (S98)", async () => {
  await using box = await GatewayBox.open();
  const lost = anAttempt(1, { finishedAt: stamp(30), reason: "NodeLost", class: "Infrastructure" });
  box.seedRun(anAcceptedRun([lost, anAttempt(2)], {}, running));

  const answer = await box.post("report", aSuccess(16));

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
});

test.each([
  { behind: "shows another pod", attempt: anAttempt(1, { podUid: "an-earlier-pod" }) },
  { behind: "shows the attempt as ended", attempt: anAttempt(1, { finishedAt: stamp(5) }) },
])("no refusal rests on a cache that $behind (S98)", async ({ attempt }) => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([attempt]));
  box.caches.fallBehind();
  box.seedRun(anAcceptedRun([anAttempt()], {}, running));

  const answer = await box.post("report", aSuccess(16));

  expect(answer.status).toBe(200);
});

test("a pod of another uid than the attempt's is refused (S98)", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.post("report", aSuccess(16), { token: await box.token({ podUid: "another" }) });

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
  expect(box.run()?.status).not.toHaveProperty("result");
});

test("a report of a run that was deleted is refused (S168)", async () => {
  await using box = await GatewayBox.open();
  box.cluster.remove(taskRuns, run);

  const answer = await box.post("report", aSuccess(16));

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
});

test("a runner that is faster than the write of its pod's uid is recognised by the pod itself", async () => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([anAttempt(1, { podUid: undefined })]));

  const answer = await box.post("report", aSuccess(16));

  expect(answer.status).toBe(200);
  expect(box.run()?.status?.attempts).toMatchObject([{ podUid: podUid(1), nodeName: "node-1" }]);
});

test("a pod that the API server does not know yet is told to ask again", async () => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([anAttempt(1, { podUid: undefined })]));
  box.cluster.remove(pods, { namespace, name: anAttempt().podName });

  const answer = await box.post("report", aSuccess(16));

  expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "1" }, body: { code: "Unavailable" } });
});

test.each([
  { given: "the pod of another uid", seed: aPod(1, "Running", { metadata: { uid: "another" } }) },
  { given: "a pod that the run does not control", seed: aPod(1, "Running", { metadata: { ownerReferences: [] } }) },
])("$given under the attempt's name is refused", async ({ seed }) => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([anAttempt(1, { podUid: undefined })]));
  box.cluster.seed(pods, seed);

  const answer = await box.post("report", aSuccess(16));

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
});

test("a pod whose name is no attempt's is refused", async () => {
  await using box = await GatewayBox.open();

  const answer = await box.post("report", aSuccess(16), { token: await box.token({ podName: "web-7d9f" }) });

  expect(answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
});

test("while the API server is away a report is neither taken nor refused", async () => {
  await using box = await GatewayBox.open();
  box.cluster.partition("refused");

  const away = await box.post("report", aSuccess(16));
  box.cluster.heal();
  const back = await box.post("report", aSuccess(16));

  expect(away).toMatchObject({ status: 503, body: { code: "Unavailable" } });
  expect(back.status).toBe(200);
});

test("a report that loses to other writers again and again is told to ask again", async () => {
  await using box = await GatewayBox.open();
  for (let round = 1; round <= 5; round++) box.cluster.failNext("replaceStatus", taskRuns, apiError("conflict"));

  const beaten = await box.post("report", aSuccess(16));
  const again = await box.post("report", aSuccess(16));

  expect(beaten).toMatchObject({ status: 503, body: { code: "Unavailable" } });
  expect(again.status).toBe(200);
});

test("what a user returns is stored as it is, whatever its members are called", async () => {
  await using box = await GatewayBox.open();
  const report =
    '{"kind":"succeeded","startedAt":"2026-01-01T00:00:01Z","value":{"__proto__":{"a":null},"constructor":[null]}}';

  const answer = await box.post("report", undefined, { raw: report });

  expect(answer.status).toBe(200);
  expect(JSON.stringify(box.run()?.status?.result)).toBe('{"__proto__":{"a":null},"constructor":[null]}');
});
