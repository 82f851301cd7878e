// What a child yields, from its runner to the run that reads it, over any replica (S24).
import { setImmediate as nextTurn } from "node:timers/promises";

import type { EventsResponse, StreamPosition } from "@stint/crds/attempt";
import { annotation, label, podName, valuesName } from "@stint/crds/labels";
import { expect, test } from "vitest";

import { configMaps, taskRuns } from "../../src/effects/resources.ts";
import { anAcceptedRun, anAttempt, namespace, runUid, stamp } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { GatewayBox, type Answer } from "./gateway-in-a-box.ts";

const child = { name: "child", uid: "child-uid" };
const childRef = { namespace, name: child.name };
const start: StreamPosition = { attempt: 0, chunk: 0, value: 0 };

function attemptOf(number: number, overrides = {}) {
  return anAttempt(number, { podName: podName(child, number), podUid: `child-pod-${number}`, ...overrides });
}

/** A live child of `square-4` in its newest attempt. */
function seedChild(box: GatewayBox, attempts = [attemptOf(1)], annotations: Record<string, string> = {}): void {
  const labels = { [label.root]: "square-4", [label.rootUid]: runUid };
  const metadata = { ...child, labels, annotations };
  box.seedRun(anAcceptedRun(attempts, { metadata }, { kind: "Running", reason: "AttemptRunning" }));
}

async function aBoxWithChild(): Promise<GatewayBox> {
  const box = await GatewayBox.open();
  seedChild(box);
  return box;
}

async function sendValues(box: GatewayBox, values: unknown[], more: object = {}, attempt = 1): Promise<Answer> {
  const token = await box.token({ podName: podName(child, attempt), podUid: `child-pod-${attempt}` });
  return box.post("values", { chunk: 0, values, sealed: false, ...more }, { token });
}

async function read(box: GatewayBox, after = start, waitMs = 0): Promise<EventsResponse> {
  const { body } = await box.post("events", { awaiting: [], streams: [{ name: "child", after }], waitMs });
  return body as EventsResponse; // the gateway's own answer
}

function chunks(box: GatewayBox): unknown[] {
  return box.cluster.peekAll(configMaps).map(({ data }) => data);
}

function isMarked(box: GatewayBox): boolean {
  return box.run("child")?.metadata.annotations?.[annotation.read] === "true";
}

test("values are kept with the run that yields them, and go with it", async () => {
  await using box = await aBoxWithChild();

  const answer = await sendValues(box, [1, null]);

  expect(answer).toMatchObject({ status: 200, body: { accepted: true } });
  expect(box.cluster.peekAll(configMaps)).toMatchObject([
    {
      metadata: {
        name: valuesName(child, 1, 0),
        labels: { [label.run]: "child", [label.attempt]: "1", [label.component]: "values" },
        ownerReferences: [{ kind: "TaskRun", ...child, controller: true, blockOwnerDeletion: false }],
      },
      data: { values: "[1,null]", sealed: "false" },
    },
  ]);
});

test("a chunk grows, and neither a repeated nor a late request takes anything back", async () => {
  await using box = await aBoxWithChild();

  await sendValues(box, [1]);
  await sendValues(box, [1, 2]);
  const { length: writes } = box.cluster.writes;
  await sendValues(box, [1, 2]);
  await sendValues(box, [1]);
  expect(box.cluster.writes).toHaveLength(writes);
  await sendValues(box, [1, 2], { sealed: true });
  await sendValues(box, [1, 2]);

  expect(chunks(box)).toEqual([{ values: "[1,2]", sealed: "true" }]);
});

test("a write that was carried out and not answered is found at the repeat", async () => {
  await using box = await aBoxWithChild();
  box.cluster.commitThenFailNext("create", configMaps);

  const lost = await sendValues(box, [1]);
  const again = await sendValues(box, [1]);

  expect([lost.status, again.status]).toEqual([503, 200]);
  expect(chunks(box)).toEqual([{ values: "[1]", sealed: "false" }]);
});

test("two writes at once end in the longer one", async () => {
  await using box = await aBoxWithChild();
  await sendValues(box, [1]);
  box.cluster.beforeNext("replace", configMaps, () => {
    box.cluster.edit(configMaps, { namespace, name: valuesName(child, 1, 0) }, (map) => ({
      ...map,
      data: { values: "[1,2,3]", sealed: "false" },
    }));
  });

  expect((await sendValues(box, [1, 2])).status).toBe(200);
  expect(chunks(box)).toEqual([{ values: "[1,2,3]", sealed: "false" }]);
});

test.each([
  ["a quota", () => apiError("quotaExceeded", { serverMessage: "exceeded quota: count" })],
  ["a webhook", () => apiError("forbidden", { serverMessage: "exceeded quota: count" })],
])("%s that refuses values is told as what a repeat does not change", async (_, error) => {
  await using box = await aBoxWithChild();
  box.cluster.failNext("create", configMaps, error());

  expect(await sendValues(box, [1])).toMatchObject({
    status: 400,
    body: { code: "InvalidRequest", message: "values are not kept: exceeded quota: count" },
  });
});

test("an object of somebody else's under the name stays as it is", async () => {
  await using box = await aBoxWithChild();
  box.cluster.seed(configMaps, {
    metadata: { namespace, name: valuesName(child, 1, 0), uid: "theirs" },
    data: { a: "b" },
  });

  expect((await sendValues(box, [1])).status).toBe(400);
  expect(chunks(box)).toEqual([{ a: "b" }]);
  expect((await read(box)).streams).toBeUndefined();
});

test("a chunk over 524288 bytes, an empty one, and one of an attempt that has ended are refused", async () => {
  await using box = await aBoxWithChild();

  expect((await sendValues(box, ["x".repeat(524_284)])).status).toBe(200);
  expect(await sendValues(box, ["x".repeat(524_285)], { chunk: 1 })).toMatchObject({
    status: 400,
    body: { code: "TooLarge", message: "a chunk of 524289 bytes is over the limit of 524288 bytes" },
  });
  expect((await sendValues(box, [])).status).toBe(400);
  seedChild(box, [attemptOf(1, { finishedAt: stamp(5), class: "User", reason: "TaskError" }), attemptOf(2)]);
  expect(await sendValues(box, [1])).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
});

test("a reader marks the run, once; before that nothing is written (S299)", async () => {
  await using box = await aBoxWithChild();
  expect(isMarked(box)).toBe(false);

  await read(box);
  await read(box);

  expect(isMarked(box)).toBe(true);
  expect(box.cluster.writes.filter(({ resource }) => resource === "taskruns")).toMatchObject([{ verb: "replace" }]);
});

test("a mark that comes too late for its version is set at the next look", async () => {
  await using box = await aBoxWithChild();
  box.cluster.failNext("replace", taskRuns, apiError("conflict"));

  await read(box);
  expect(isMarked(box)).toBe(false);
  await read(box);

  expect(isMarked(box)).toBe(true);
});

test("the run itself is told that it is read: in its assignment, and while it asks", async () => {
  await using box = await aBoxWithChild();
  const token = await box.token({ podName: podName(child, 1), podUid: "child-pod-1" });
  expect((await box.get("assignment", { token })).body).not.toHaveProperty("isRead");

  const told = box.post("events", { awaiting: [], untilRead: true, waitMs: 30_000 }, { token });
  while (box.clock.sleeping < 2) await nextTurn(); // the certificate's hourly look sleeps as well
  await read(box);

  expect((await told).body).toMatchObject({ isRead: true });
  expect((await box.get("assignment", { token })).body).toHaveProperty("isRead", true);
});

test("a reader gets what is there, from where he stands, chunk after chunk", async () => {
  await using box = await aBoxWithChild();
  await sendValues(box, [1, 2], { sealed: true });
  await sendValues(box, [3], { chunk: 1 });
  const second = { attempt: 1, chunk: 0, value: 2 };
  const third = { attempt: 1, chunk: 1, value: 1 };

  expect((await read(box)).streams).toEqual([{ name: "child", after: start, values: [1, 2], next: second }]);
  expect((await read(box, { ...second, value: 1 })).streams).toMatchObject([{ values: [2], next: second }]);
  expect((await read(box, second)).streams).toMatchObject([{ values: [3], next: third }]);
  expect((await read(box, third)).streams).toBeUndefined();
});

test("a reader who waits looks once a second", async () => {
  await using box = await aBoxWithChild();

  const news = read(box, start, 30_000);
  while (box.clock.sleeping < 2) await nextTurn();
  await sendValues(box, [1]);
  await box.clock.advance(1_000);

  expect((await news).streams).toMatchObject([{ values: [1] }]);
});

test("a retry's values begin anew, and a replica that lags does not lead back (S24)", async () => {
  await using box = await aBoxWithChild();
  await sendValues(box, [1, 2]);
  const ended = attemptOf(1, { finishedAt: stamp(5), class: "User", reason: "TaskError" });
  seedChild(box, [ended, attemptOf(2)]);
  await sendValues(box, [7], {}, 2);
  const inFirst = { attempt: 1, chunk: 0, value: 2 };
  const inSecond = { attempt: 2, chunk: 0, value: 1 };

  expect((await read(box, inFirst)).streams).toEqual([{ name: "child", after: inFirst, values: [7], next: inSecond }]);
  seedChild(box);
  expect((await read(box, inSecond)).streams).toBeUndefined();
});

test.each(["Succeeded", "Failed", "Canceled"] as const)(
  "how a run ends comes after all its values: %s",
  async (phase) => {
    await using box = await aBoxWithChild();
    await sendValues(box, [1, 2]);
    box.finish("child", phase, { attemptCount: 1 });
    const end = { attempt: 1, chunk: 0, value: 2 };

    expect((await read(box)).streams).toEqual([{ name: "child", after: start, values: [1, 2], next: end }]);
    expect((await read(box, end)).streams).toMatchObject([
      { name: "child", after: end, outcome: { phase, attempts: 1 } },
    ]);
  },
);

test("a run that never was read, or had no attempt, or is gone, has its outcome alone", async () => {
  await using box = await aBoxWithChild();
  box.finish("child", "Canceled", { attemptCount: 0 });
  expect((await read(box)).streams).toMatchObject([{ outcome: { phase: "Canceled" } }]);

  box.cluster.remove(taskRuns, childRef);
  expect((await read(box)).streams).toMatchObject([{ outcome: { message: "task run not found: child" } }]);
});

test("a run of another tree is nobody's to read, and is not marked", async () => {
  await using box = await GatewayBox.open();
  const labels = { [label.root]: "other", [label.rootUid]: "other-uid" };
  box.seedRun(anAcceptedRun([attemptOf(1)], { metadata: { ...child, labels } }));
  await sendValues(box, [1]);

  const answer = await box.post("events", { awaiting: [], streams: [{ name: "child", after: start }], waitMs: 0 });

  expect(answer).toMatchObject({ status: 404, body: { message: "task run not found: child" } });
  expect(isMarked(box)).toBe(false);
});
