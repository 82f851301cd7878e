import { setImmediate as nextTurn } from "node:timers/promises";

import type { ChildrenResponse, EventsResponse } from "@stint/crds/attempt";
import { label } from "@stint/crds/labels";
import { expect, test } from "vitest";

import { pods, taskRuns } from "../../src/effects/resources.ts";
import { awaitEvents } from "../../src/gateway/events.ts";
import { anAcceptedRun, anAttempt, namespace, podUid, stamp } from "../builders.ts";
import { GatewayBox } from "./gateway-in-a-box.ts";

const run = { namespace, name: "square-4" };
const thePod = { namespace, name: anAttempt().podName };

/** The names of new children of the run. */
async function children(box: GatewayBox, count: number): Promise<readonly string[]> {
  const starts = Array.from({ length: count }, (_, index) => ({
    sequence: index + 1,
    task: { name: "square" },
    input: [],
  }));
  const { body } = await box.post("children", { starts });
  return (body as ChildrenResponse).children.map((child) => ("name" in child ? child.name : "")); // the gateway's own answer
}

/** Once a poll has taken its first look and waits. */
async function untilWaiting(box: GatewayBox): Promise<void> {
  const others = box.port === 0 ? 0 : 1; // the certificate's hourly look sleeps as well
  while (box.clock.sleeping === others) await nextTurn();
}

test("a child that has ended is told at once, with its result read live (S126)", async () => {
  await using box = await GatewayBox.open();
  const [name = ""] = await children(box, 1);
  box.finish(name, "Succeeded", { result: { a: null }, attemptCount: 2 });

  const answer = await box.post("events", { awaiting: [name], waitMs: 30_000 });

  expect(answer).toMatchObject({
    status: 200,
    body: {
      since: expect.any(String),
      outcomes: [
        { name, task: "math/square", phase: "Succeeded", reason: "Completed", attempts: 2, result: { a: null } },
      ],
    },
  });
});

test("a failure comes with its error, reason and message", async () => {
  await using box = await GatewayBox.open();
  const [name = ""] = await children(box, 1);
  const error = { name: "TypeError", message: "n is not a number", stack: "TypeError: n is not a number" };
  box.finish(name, "Failed", { error, attemptCount: 4 });

  const answer = await box.post("events", { awaiting: [name], waitMs: 0 });

  expect(answer.body).toMatchObject({ outcomes: [{ name, phase: "Failed", reason: "TaskError", error, attempts: 4 }] });
  expect((answer.body as EventsResponse).outcomes[0]).not.toHaveProperty("result"); // see above
});

test("a poll waits for the end of a child, and no longer", async () => {
  await using box = await GatewayBox.open();
  const [first = "", second = ""] = await children(box, 2);

  const answer = box.post("events", { awaiting: [first, second], waitMs: 30_000 });
  await untilWaiting(box);
  box.finish(second, "Succeeded", { result: 4 });

  expect((await answer).body).toMatchObject({ outcomes: [{ name: second, result: 4 }] });
});

test("without news a poll ends when its time is up", async () => {
  await using box = await GatewayBox.open();
  const [name = ""] = await children(box, 1);

  const answer = box.post("events", { awaiting: [name], waitMs: 30_000 });
  await untilWaiting(box);
  await box.clock.advance(30_000);

  expect((await answer).body).toEqual({ since: expect.any(String), outcomes: [] });
  expect(box.runEvents.listeners).toBe(0);
});

test("what happens while the poll takes its first look is not missed", async () => {
  const box = new GatewayBox();
  box.caches.fallBehind(); // so that the look has to read the child live
  seedChild(box);
  const get = box.cluster.get.bind(box.cluster);
  box.cluster.get = async (...call) => {
    const read = await get(...call);
    box.cluster.get = get;
    box.finish("child", "Succeeded");
    return read;
  };

  const news = await poll(box, ["child"]);

  expect(news.outcomes).toMatchObject([{ name: "child", phase: "Succeeded" }]);
});

test("a thousand polls whose callers have left leave nothing behind", async () => {
  const box = new GatewayBox();
  seedChild(box);
  const left = new AbortController();

  const polls = Array.from({ length: 1000 }, () => poll(box, ["child"], left.signal).catch(() => "left"));
  while (box.clock.sleeping < 1000) await nextTurn();
  left.abort();

  expect(new Set(await Promise.all(polls))).toEqual(new Set(["left"]));
  expect({ listeners: box.runEvents.listeners, sleeping: box.clock.sleeping }).toEqual({ listeners: 0, sleeping: 0 });
});

test("a client that hangs up ends its poll", async () => {
  await using box = await GatewayBox.open();
  seedChild(box);
  const left = new AbortController();

  const answer = box.post("events", { awaiting: ["child"], waitMs: 30_000 }, { signal: left.signal });
  await untilWaiting(box);
  left.abort();

  await expect(answer).rejects.toThrow("abort");
  while (box.runEvents.listeners > 0) await nextTurn(); // the server hears of it by the socket
  expect(box.clock.sleeping).toBe(1);
});

test("a gateway that closes answers its polls at once, and another one goes on from there (S126)", async () => {
  await using box = await GatewayBox.open();
  seedChild(box);

  const answer = box.post("events", { awaiting: ["child"], waitMs: 30_000 });
  await untilWaiting(box);
  await box.close();

  expect(await answer).toMatchObject({ status: 200, body: { outcomes: [] } });
});

test.each([
  { why: "its run is canceled", notice: { reason: "Canceled", message: "run square-4 was canceled" }, happens: cancel },
  {
    why: "its parent is canceled",
    notice: { reason: "Canceled", message: "run square-4 was canceled with its parent sum" },
    happens: cancelParent,
  },
  {
    why: "it exceeded its timeout",
    notice: { reason: "TimedOut", message: "attempt exceeded its timeout of 7200 second(s)" },
    happens: (box: GatewayBox) => stop(box, "TimedOut"),
  },
  {
    why: "its run exceeded its deadline",
    notice: { reason: "DeadlineExceeded", message: "run exceeded its deadline of 600 second(s)" },
    happens: (box: GatewayBox) => stop(box, "DeadlineExceeded"),
  },
  {
    why: "its pod is deleted by others",
    notice: { reason: "Disrupted", message: "the pod is being deleted" },
    happens: (box: GatewayBox) => box.cluster.deleteByHand(pods, thePod),
  },
  { why: "its node is drained", notice: { reason: "Disrupted", message: "Eviction API: evicting" }, happens: evict },
])("an attempt is told to stop because $why (S169)", async ({ notice, happens }) => {
  await using box = await GatewayBox.open();

  const answer = box.post("events", { awaiting: [], waitMs: 30_000 });
  await untilWaiting(box);
  happens(box);

  expect((await answer).body).toMatchObject({ stop: notice });
});

test("a stop that is already stored is told without waiting", async () => {
  await using box = await GatewayBox.open();
  stop(box, "TimedOut");
  box.cluster.deleteByHand(pods, thePod);

  const answer = await box.post("events", { awaiting: [], waitMs: 0 });

  expect(answer.body).toMatchObject({ stop: { reason: "TimedOut" } });
});

test("whoever waits for a child that was deleted is told that it is gone (S168)", async () => {
  await using box = await GatewayBox.open();
  seedChild(box);

  const answer = box.post("events", { awaiting: ["child"], waitMs: 30_000 });
  await untilWaiting(box);
  box.cluster.remove(taskRuns, { namespace, name: "child" });

  const message = "task run not found: child";
  expect((await answer).body).toMatchObject({ outcomes: [{ name: "child", phase: "Canceled", message }] });
});

test.each(["finished", "live"])("nobody may wait for a %s run of another tree", async (state) => {
  await using box = await GatewayBox.open();
  box.seedRun(anAcceptedRun([], { metadata: { name: "other", uid: "other" } }));
  if (state === "finished") box.finish("other", "Succeeded", { result: "secret" });

  const answer = await box.post("events", { awaiting: ["other"], waitMs: 30_000 });

  const message = "task run not found: other";
  expect(answer).toMatchObject({ status: 404, body: { code: "NotFound", message } });
});

test("many outcomes come in several answers", async () => {
  await using box = await GatewayBox.open();
  const names = await children(box, 40);
  for (const name of names) box.finish(name, "Succeeded");

  const first = (await box.post("events", { awaiting: names, waitMs: 0 })).body as EventsResponse; // see above
  const told = first.outcomes.map(({ name }) => name);
  const rest = names.filter((name) => !told.includes(name));
  const second = (await box.post("events", { awaiting: rest, waitMs: 0 })).body as EventsResponse; // see above

  expect([told.length, second.outcomes.length]).toEqual([32, 8]);
});

test("an attempt that ends while it polls is told that it is not current", async () => {
  await using box = await GatewayBox.open();

  const answer = box.post("events", { awaiting: [], waitMs: 30_000 });
  await untilWaiting(box);
  box.seedRun(anAcceptedRun([anAttempt(1, { finishedAt: stamp(5) }), anAttempt(2)]));

  expect(await answer).toMatchObject({ status: 409, body: { code: "NotCurrent" } });
});

function poll(box: GatewayBox, awaiting: readonly string[], left = never): Promise<EventsResponse> {
  const pod = { namespace, podName: thePod.name, podUid: podUid(1) };
  return awaitEvents(pod, { awaiting, waitMs: 30_000 }, box.deps, { left, closing: never });
}

const never = new AbortController().signal;

function seedChild(box: GatewayBox): void {
  const { uid } = anAcceptedRun().metadata;
  box.seedRun(anAcceptedRun([], { metadata: { name: "child", uid: "child", labels: { [label.rootUid]: uid } } }));
}

function cancel(box: GatewayBox): void {
  box.cluster.edit(taskRuns, run, (live) => ({ ...live, spec: { ...live.spec, cancel: true } }));
}

/** As far as the reconciler has got: the parent is on its way to Canceled, and says so to its child. */
function cancelParent(box: GatewayBox): void {
  box.seedRun(anAcceptedRun([], { metadata: { name: "sum", uid: "sum-uid" }, spec: { cancel: true } }));
  const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "sum", uid: "sum-uid", controller: true };
  box.seedRun(anAcceptedRun([anAttempt()], { metadata: { ownerReferences: [owner] } }));
}

function stop(box: GatewayBox, reason: string): void {
  const attempt = anAttempt(1, { stop: { reason, at: stamp(5) } });
  box.seedRun(anAcceptedRun([attempt], { status: { deadlineAt: stamp(600) } }));
}

function evict(box: GatewayBox): void {
  const condition = { type: "DisruptionTarget", status: "True", message: "Eviction API: evicting" };
  box.cluster.setStatus(pods, thePod, { phase: "Running", conditions: [condition] });
}
