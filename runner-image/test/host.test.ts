import type { Assignment, EventsRequest, RunsRequest } from "@stint/crds/attempt";
import { describe, expect, test } from "vitest";

import { ChannelLost, Refusal } from "../src/channel.ts";
import type { Gateway } from "../src/gateway.ts";
import { createHost } from "../src/host.ts";
import { Stop } from "../src/stop.ts";
import { aGateway, aStart } from "./builders.ts";
import { FakeClock, turn } from "./fakes/clock.ts";
import { silentLog } from "./fakes/log.ts";
import { rejectionOf } from "./fakes/rejection.ts";

const never = new AbortController().signal;
const lost = new ChannelLost("POST children", new Error("connection refused"));
const notCurrent = new Refusal({ code: "NotCurrent", message: "the attempt is over" });

function aHost(answers: Partial<Gateway>, assignment: Pick<Assignment, "parent" | "isRead"> = {}) {
  const stop = new Stop();
  const clock = new FakeClock();
  const host = createHost({
    gateway: aGateway(answers),
    stop,
    clock,
    log: silentLog,
    startedAtMs: 0,
    assignment,
  });
  return { host, stop, clock };
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.catch(() => {}).then(() => (settled = true));
  await turn();
  return settled;
}

test.each([
  { given: "a lost gateway", error: lost },
  { given: "a refusal as no longer current", error: notCurrent },
])("$given ends the process's part, and the user's code never hears of it (H8)", async ({ error }) => {
  const { host } = aHost({ startChildren: () => Promise.reject(error) });

  const started = host.startChild(aStart(1));

  await expect(host.ended).rejects.toBe(error);
  await expect(isSettled(started)).resolves.toBe(false);
});

test("any other refusal is the caller's", async () => {
  const refusal = new Refusal({ code: "KeyConflict", message: 'key "a" was used for another call' });
  const { host } = aHost({ startChildren: () => Promise.reject(refusal) });

  await expect(host.startChild(aStart(1))).rejects.toBe(refusal);
  await expect(isSettled(host.ended)).resolves.toBe(false);
});

test("a stop rejects the calls under way with its reason", async () => {
  const { host, stop } = aHost({
    startChildren: (_, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  const started = rejectionOf(host.startChild(aStart(1)));
  await turn();

  stop.begin({ reason: "TimedOut", message: "attempt exceeded its timeout of 5 second(s)" });

  await expect(started).resolves.toMatchObject({ name: "TimeoutError" });
});

test("a child can still be cancelled after a stop", async () => {
  const cancelled: string[] = [];
  const { host, stop } = aHost({
    async cancelChild(name, signal) {
      signal.throwIfAborted();
      cancelled.push(name);
    },
  });
  stop.begin({ reason: "TimedOut", message: "too long" });

  await host.cancelChild("trn-1");

  expect(cancelled).toEqual(["trn-1"]);
});

test("a root run without a name gets one before the first request, so that a repeat starts no second run", async () => {
  const requests: RunsRequest[] = [];
  const { host } = aHost({
    async triggerRun(request) {
      requests.push(request);
      return { name: request.name ?? "", uid: "u" };
    },
  });

  const names = await Promise.all([
    host.triggerRun({ task: "math/square", input: [2] }),
    host.triggerRun({ task: "math/square", input: [2] }),
    host.triggerRun({ task: "math/square", input: [2], name: "nightly" }),
  ]);

  expect(names).toEqual(requests.map(({ name }) => name));
  expect(names).toEqual([expect.stringMatching(/^trn-[0-9a-v]{20}$/), expect.stringMatching(/^trn-/), "nightly"]);
  expect(new Set(names).size).toBe(3);
});

test("a child that the function started without awaiting it is started before the flush ends (S117)", async () => {
  const answer = Promise.withResolvers<{ children: [] }>();
  const { host } = aHost({ startChildren: () => answer.promise });
  const started = host.startChild(aStart(1));
  const flushed = host.flush(never);
  await expect(isSettled(flushed)).resolves.toBe(false);

  answer.resolve({ children: [] });

  await expect(started).rejects.toThrow("did not answer");
  await expect(flushed).resolves.toBeUndefined();
});

test("a flush ends with the gateway's loss", async () => {
  const { host } = aHost({ startChildren: () => Promise.reject(lost) });

  void host.startChild(aStart(1));

  await expect(host.flush(never)).rejects.toBe(lost);
});

test("the tree's cache: bytes here, base64 on the wire, and what is written is delivered before the flush ends (S149)", async () => {
  const written = Promise.withResolvers<void>();
  const puts: unknown[] = [];
  const { host } = aHost({
    cache: {
      get: async (key) => (key === "a" ? { value: "AP8=" } : {}),
      put: (...[key, request]) => {
        puts.push([key, request]);
        return written.promise;
      },
      delete: async () => {},
      keys: async () => ({ keys: ["a", "b"] }),
    },
  });

  expect(await host.cache.get("a")).toEqual(new Uint8Array([0, 255]));
  expect(await host.cache.get("b")).toBeUndefined();
  expect(await host.cache.keys()).toEqual(["a", "b"]);
  void host.cache.set("a", new Uint8Array([1]), 60);
  const flushed = host.flush(never);
  await expect(isSettled(flushed)).resolves.toBe(false);
  written.resolve();
  await flushed;
  expect(puts).toEqual([["a", { value: "AQ==", ttlSeconds: 60 }]]);
});

describe("what the function yields (S24)", () => {
  const news = { since: "s", outcomes: [], isRead: true };

  test("is sent from the start if the run is read", async () => {
    const sent: unknown[] = [];
    const { host, clock } = aHost({ values: async (request) => void sent.push(request.values) }, { isRead: true });

    host.yielded(1);
    await clock.advance(0);

    expect(sent).toEqual([[1]]);
  });

  test("waits for a reader who comes later, and is not asked for before a second has passed", async () => {
    const sent: unknown[] = [];
    const asked: unknown[] = [];
    const events = async (request: EventsRequest) => (asked.push(request), news);
    const { host, clock } = aHost(
      { events, values: async (request) => void sent.push(request.values) },
      { parent: "p" },
    );

    host.yielded(1);
    host.yielded(2);
    await clock.advance(999);
    expect(asked).toEqual([]);
    await clock.advance(1);

    expect(asked).toEqual([{ awaiting: [], untilRead: true, waitMs: 30_000 }]);
    expect(sent).toEqual([[1, 2]]);
  });

  test("costs nothing in a run that nobody started, and nothing in one that is soon over", async () => {
    const root = aHost({});
    const child = aHost({}, { parent: "p" });

    for (const { host } of [root, child]) {
      host.yielded(1);
      await host.flush(never);
    }
    await root.clock.advance(60_000);

    await expect(isSettled(root.host.ended)).resolves.toBe(false);
  });

  test("is with the gateway before the report (H14)", async () => {
    const held = Promise.withResolvers<void>();
    const { host, clock } = aHost({ values: () => held.promise }, { isRead: true });
    host.yielded(1);
    await clock.advance(0);

    const flushed = host.flush(never);
    await expect(isSettled(flushed)).resolves.toBe(false);
    held.resolve();

    await expect(flushed).resolves.toBeUndefined();
  });
});
