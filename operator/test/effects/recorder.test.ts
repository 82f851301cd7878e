import { beforeEach, expect, test } from "vitest";

import { createRecorder, type Recorder } from "../../src/effects/recorder.ts";
import { events } from "../../src/effects/resources.ts";
import { aTaskRun, namespace } from "../builders.ts";
import { FakeClock } from "../fakes/clock.ts";
import { apiError, FakeCluster } from "../fakes/cluster.ts";

const failed = { type: "Warning", reason: "TaskError", note: "n is not a number" } as const;

let clock: FakeClock;
let cluster: FakeCluster;
let background: Promise<unknown>[];
let recorder: Recorder;

beforeEach(() => {
  clock = new FakeClock("2026-01-01T00:00:00.123Z");
  cluster = new FakeCluster({ now: () => clock.now() });
  background = [];
  const now = () => clock.now();
  recorder = createRecorder({
    cluster,
    now,
    instance: "stint-operator-0",
    background: (_, promise) => void background.push(promise),
  });
});

async function recorded() {
  await Promise.allSettled(background);
  return cluster.peekAll(events);
}

async function noteOf(note: string): Promise<string> {
  recorder.record(aTaskRun(), { ...failed, note });
  const [event] = await recorded();
  return event?.note ?? "";
}

test("an event says what happened to whom, who saw it and when, with six digits", async () => {
  recorder.record(aTaskRun(), failed);

  const { uid, resourceVersion } = aTaskRun().metadata;
  expect(await recorded()).toMatchObject([
    {
      metadata: { namespace, name: expect.stringMatching(/^square-4\.[0-9a-v]{16}$/) },
      regarding: {
        apiVersion: "stint.dev/v1alpha1",
        kind: "TaskRun",
        namespace,
        name: "square-4",
        uid,
        resourceVersion,
      },
      eventTime: "2026-01-01T00:00:00.123000Z",
      reportingController: "stint.dev/operator",
      reportingInstance: "stint-operator-0",
      action: "Reconcile",
      ...failed,
    },
  ]);
});

test("the same event about the same run is sent once in ten minutes", async () => {
  recorder.record(aTaskRun(), failed);
  await clock.advance(599_999);
  recorder.record(aTaskRun(), failed);
  const sentBefore = (await recorded()).length;

  await clock.advance(1);
  recorder.record(aTaskRun(), failed);

  expect(sentBefore).toBe(1);
  expect(await recorded()).toHaveLength(2);
});

test("what differs in its text, its reason or its run is another event", async () => {
  recorder.record(aTaskRun(), failed);
  recorder.record(aTaskRun(), { ...failed, note: "n is not a string" });
  recorder.record(aTaskRun(), { ...failed, reason: "TimedOut" });
  recorder.record(aTaskRun({ metadata: { uid: "namesake" } }), failed);

  expect(await recorded()).toHaveLength(4);
});

test("of many events the oldest are forgotten, so that memory stays bounded", async () => {
  for (let n = 0; n <= 2000; n++) recorder.record(aTaskRun(), { ...failed, note: `${n}` });
  const before = (await recorded()).length;
  await clock.advance(1); // the name of an event follows from its instant

  recorder.record(aTaskRun(), { ...failed, note: "2000" });
  recorder.record(aTaskRun(), { ...failed, note: "0" });

  expect(before).toBe(2001);
  expect(await recorded()).toHaveLength(2002);
});

test("a note of 1000 bytes is sent whole, and a longer one is cut", async () => {
  expect(await noteOf("x".repeat(1000))).toBe("x".repeat(1000));
  await clock.advance(1);
  background = [];

  recorder.record(aTaskRun(), { ...failed, note: "y".repeat(1001) });

  const note = (await recorded()).map((event) => event.note ?? "").find((text) => text.startsWith("y")) ?? "";
  expect(note).toMatch(/^y+…$/);
  expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1000);
});

test.each([0, 1, 2, 3])("a cut falls between characters, never into one (%i bytes before)", async (shift) => {
  const note = await noteOf("x".repeat(shift) + "🙂".repeat(300));

  expect(note).toMatch(/^x*(🙂)+…$/u);
  expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1000);
  expect(Buffer.byteLength(note)).toBeGreaterThan(990);
});

test("an event that the API server refuses is somebody else's to count, and is not sent again", async () => {
  cluster.failNext("create", events, apiError("forbidden"));

  recorder.record(aTaskRun(), failed);
  recorder.record(aTaskRun(), failed);

  expect(await Promise.allSettled(background)).toMatchObject([{ status: "rejected" }]);
  expect(await recorded()).toEqual([]);
});
