// The informer and our client against a scripted API server: what a watch can do to us, one failure a test.
import { strictEqual as equal } from "node:assert";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { Informer } from "../../src/controller/informer.ts";
import { KubernetesCluster } from "../../src/effects/kubernetes.ts";
import { nodes, type Pod, pods } from "../../src/effects/resources.ts";
import type { Metrics } from "../../src/telemetry/metrics.ts";
import { ApiServer } from "../fakes/api-server.ts";
import { statusReply } from "../fakes/api-routes.ts";
import { FakeClock } from "../fakes/clock.ts";
import { hurriedTime } from "../fakes/hurried-time.ts";
import { freshMetrics, silentLogger, valueOf } from "../fakes/telemetry.ts";

const idleMs = 180_000;

let server: ApiServer;
let cluster: KubernetesCluster;
let clock: FakeClock;
let metrics: Metrics;
let informer: Informer<Pod, Pod, never>;
let stop: AbortController;
let running: Promise<void>;
let heard: string[];

beforeEach(async () => {
  server = await ApiServer.start();
  cluster = new KubernetesCluster({
    connection: { server: server.url, tls: async () => ({}), headers: async () => ({}) },
    time: hurriedTime(),
    random: () => 0,
    userAgent: "stint-operator/0.1.0",
    observer: { throttled: () => {}, answered: () => {} },
    tries: 1, // so that every failure reaches the informer
  });
  clock = new FakeClock();
  metrics = freshMetrics();
  stop = new AbortController();
  running = Promise.resolve();
  heard = [];
  // In the middle of every range: each wait is exactly the one that the rules name.
  const middle = { clock, random: () => 0.5, log: silentLogger, metrics };
  informer = new Informer({ cluster, resource: pods, keep: (pod: Pod) => pod, indexes: {}, ...middle });
  informer.subscribe({
    add: ({ metadata }) => heard.push(`add ${metadata.name} ${metadata.uid}`),
    update: ({ metadata, status }) => heard.push(`update ${metadata.name} ${status?.phase}`),
    delete: ({ metadata }) => heard.push(`delete ${metadata.name} ${metadata.uid}`),
  });
});

afterEach(async () => {
  stop.abort();
  await running;
  equal(clock.sleeping, 0, "a timer was left behind");
  await cluster.close();
  await server.close();
});

function start(): void {
  running = informer.run(stop.signal);
}

/** Runs the informer up to an open, quiet watch. */
async function startAndSync(): Promise<void> {
  start();
  await informer.untilSynced(stop.signal);
  await clock.untilAsleepFor(idleMs);
  await server.untilWatches(1);
}

function createPod(name: string) {
  return server.store.create(pods, "ns", { metadata: { name }, spec: {} }).metadata;
}

/** The cache has seen all that has happened. */
async function caughtUp(): Promise<void> {
  await informer.untilVersion(server.store.resourceVersion, stop.signal);
}

/** Something happens that is none of its business, and a bookmark says how far the watch is. */
async function bookmark(): Promise<void> {
  server.store.create(nodes, undefined, { metadata: { name: `node-${server.store.resourceVersion}` } });
  server.sendBookmarks();
  await caughtUp();
}

function watchedFrom(): readonly (string | null)[] {
  return server.seen("watch").map(({ query }) => query.get("resourceVersion"));
}

describe("in calm weather", () => {
  test("it lists, watches from the list's version, and keeps up", async () => {
    const first = createPod("a");
    const listed = server.store.resourceVersion;
    await startAndSync();

    createPod("b");
    server.store.replaceStatus(pods, first, { phase: "Running" });
    server.store.remove(pods, { namespace: "ns", name: "b" });
    await caughtUp();

    expect(watchedFrom()).toEqual([listed]);
    expect(server.seen("watch")[0]?.query.get("timeoutSeconds")).toBe("450");
    expect(heard).toEqual(["add a uid-1", "add b uid-2", "update a Running", "delete b uid-2"]);
    expect(informer.cache.list().map(({ metadata }) => metadata.name)).toEqual(["a"]);
    expect(await valueOf(metrics.informerObjects)).toBe(1);
  });

  test("four pages are one list", async () => {
    for (let i = 0; i < 1_600; i++) createPod(`p${i}`);

    await startAndSync();

    expect(server.seen("list").map(({ query }) => query.get("limit"))).toEqual(["500", "500", "500", "500"]);
    expect(informer.cache.size).toBe(1_600);
    expect(heard).toHaveLength(1_600);
  });

  test("a list whose pages expire starts over in one piece", async () => {
    for (let i = 0; i < 600; i++) createPod(`p${i}`);
    server.next("list", ({ reply }) => {
      const { items, resourceVersion, continue: token } = server.store.list(pods, {}, 500);
      reply(200, { metadata: { resourceVersion, continue: token }, items });
      server.store.compact();
    });

    await startAndSync();

    expect(server.seen("list").map(({ query }) => query.get("limit"))).toEqual(["500", "500", null]);
    expect(informer.cache.size).toBe(600);
  });

  test("a bookmark moves it on: the next watch begins there", async () => {
    await startAndSync();
    createPod("a");
    await bookmark();
    await clock.advance(1_000);
    server.endWatches();
    await server.untilSeen("watch", 2);

    expect(watchedFrom()[1]).toBe(server.store.resourceVersion);
    expect(heard).toEqual(["add a uid-1"]);
  });

  test("when it stops, it closes its watch and leaves no timer", async () => {
    await startAndSync();

    stop.abort();
    await running;
    await server.untilWatches(0);

    expect(clock.sleeping).toBe(0);
  });
});

describe("in bad weather", () => {
  test("a list that fails twice is asked a third time, and only then is it synced", async () => {
    createPod("a");
    server.refuseNext("list", 500);
    server.refuseNext("list", 500);
    start();

    await clock.untilAsleepFor(800);
    expect(informer.hasSynced).toBe(false);
    await clock.advance(800);
    await clock.untilAsleepFor(1_600);
    await clock.advance(1_600);
    await informer.untilSynced(stop.signal);

    expect(heard).toEqual(["add a uid-1"]);
  });

  test("a watch that is told to wait waits as long as it is told", async () => {
    server.refuseNext("watch", 429, "TooManyRequests", { "retry-after": "7" });
    start();

    await clock.untilAsleepFor(7_000);
    await clock.advance(7_000);
    await server.untilWatches(1);

    expect(server.seen("list")).toHaveLength(1);
  });

  test("a watch that fails three times backs off, and goes on from where it was", async () => {
    for (let i = 0; i < 3; i++) server.refuseNext("watch", 500);
    const from = server.store.resourceVersion;
    start();

    for (const waitMs of [800, 1_600, 3_200]) {
      await clock.untilAsleepFor(waitMs);
      await clock.advance(waitMs);
    }
    await server.untilWatches(1);

    expect(watchedFrom()).toEqual([from, from, from, from]);
    expect(server.seen("list")).toHaveLength(1);
    expect(await valueOf(metrics.informerErrors)).toBe(3);
  });

  test("a version too old, told by status, is listed again: at once the first time, with backoff the second", async () => {
    server.refuseNext("watch", 410, "Expired");
    server.refuseNext("watch", 410, "Expired");
    start();

    await clock.untilAsleepFor(800);
    expect(server.seen("list")).toHaveLength(2);
    await clock.advance(800);
    await server.untilWatches(1);

    expect(server.seen("list")).toHaveLength(3);
    expect(await valueOf(metrics.informerExpiries)).toBe(2);
  });

  test("a version too old, told in the stream, is listed again, and the list tells what was missed", async () => {
    createPod("a");
    await startAndSync();
    await clock.advance(1_000);
    server.next("watch", ({ stream }) => {
      const { write, end } = stream();
      createPod("b");
      server.store.remove(pods, { namespace: "ns", name: "a" });
      write(`${JSON.stringify({ type: "ERROR", object: statusReply(410, "Expired", "too old").body })}\n`);
      end();
    });

    server.endWatches();
    await server.untilSeen("list", 2);
    await caughtUp();

    expect(heard).toEqual(["add a uid-1", "delete a uid-1", "add b uid-2"]);
  });

  test.each([
    { given: "by events", isListed: false },
    { given: "by a list", isListed: true },
  ])("a pod that was made again while it was away is another pod, told $given", async ({ isListed }) => {
    createPod("a");
    await startAndSync();
    await clock.advance(1_000);
    server.resetAll();
    server.store.remove(pods, { namespace: "ns", name: "a" });
    createPod("a");
    if (isListed) server.store.compact();

    await clock.untilAsleepFor(800);
    await clock.advance(800);
    await caughtUp();

    expect(heard).toEqual(["add a uid-1", "delete a uid-1", "add a uid-2"]);
    expect(server.seen("list")).toHaveLength(isListed ? 2 : 1);
  });

  test("a connection that breaks in mid-stream is taken up after the last event", async () => {
    await startAndSync();
    createPod("a");
    await caughtUp();
    const last = server.store.resourceVersion;

    server.resetAll();
    await clock.untilAsleepFor(800);
    await clock.advance(800);
    await server.untilWatches(1);

    expect(watchedFrom()[1]).toBe(last);
    expect(heard).toEqual(["add a uid-1"]);
  });

  test("an error in the stream is a failure like any other", async () => {
    await startAndSync();
    createPod("a");
    await caughtUp();
    const last = server.store.resourceVersion;

    server.sendErrors(500, "InternalError");
    await clock.untilAsleepFor(800);
    await clock.advance(800);
    await server.untilWatches(1);

    expect(watchedFrom()[1]).toBe(last);
    expect(server.seen("list")).toHaveLength(1);
  });

  test("a handler that throws stops neither the stream nor the next handler", async () => {
    informer.subscribe({
      add: () => {
        throw new Error("a bug of ours");
      },
    });
    const others: string[] = [];
    informer.subscribe({ add: ({ metadata }) => others.push(metadata.name) });
    await startAndSync();

    createPod("a");
    createPod("b");
    await caughtUp();

    expect(others).toEqual(["a", "b"]);
    expect(heard).toEqual(["add a uid-1", "add b uid-2"]);
    expect(await valueOf(metrics.informerHandlerErrors)).toBe(2);
  });

  test("silence for three minutes is no health: the watch is opened again", async () => {
    await startAndSync();
    await clock.advance(100_000);
    await bookmark();

    await clock.advance(idleMs - 1);
    expect(server.seen("watch")).toHaveLength(1);
    await clock.advance(1);
    await clock.untilAsleepFor(800);
    await clock.advance(800);
    await server.untilSeen("watch", 2);

    expect(await valueOf(metrics.informerErrors, { reason: "interrupted" })).toBe(1);
  });

  test("a watch that ends cleanly is opened again at once, but one that ends within a second waits", async () => {
    await startAndSync();
    await clock.advance(1_000);
    server.endWatches();
    await server.untilSeen("watch", 2);
    await server.untilWatches(1);

    server.endWatches();
    await clock.untilAsleepFor(800);
    expect(server.seen("watch")).toHaveLength(2);
    await clock.advance(800);
    await server.untilSeen("watch", 3);

    expect(server.seen("list")).toHaveLength(1);
  });
});
