// What the informer keeps, and whether it can be trusted: on the in-memory cluster.
import { strictEqual as equal } from "node:assert";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { Informer } from "../../src/controller/informer.ts";
import { type Pod, pods } from "../../src/effects/resources.ts";
import type { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../fakes/clock.ts";
import { apiError, FakeCluster } from "../fakes/cluster.ts";
import { freshMetrics, silentLogger, valueOf } from "../fakes/telemetry.ts";

const auditMs = 600_000;

let clock: FakeClock;
let cluster: FakeCluster;
let metrics: Metrics;
let informer: Informer<Pod, Pod, "node">;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  clock = new FakeClock();
  cluster = new FakeCluster({ now: () => clock.now() });
  metrics = freshMetrics();
  stop = new AbortController();
  running = Promise.resolve();
  informer = new Informer({
    cluster,
    resource: pods,
    selection: { labelSelector: "ours=yes" },
    keep: ({ spec: { nodeName }, ...pod }: Pod): Pod => ({ ...pod, spec: nodeName === undefined ? {} : { nodeName } }),
    indexes: { node: ({ spec: { nodeName } }) => (nodeName === undefined ? [] : [nodeName]) },
    clock,
    random: () => 0.5,
    log: silentLogger,
    metrics,
  });
});

afterEach(async () => {
  stop.abort();
  await running;
  equal(clock.sleeping, 0, "a timer was left behind");
  equal(cluster.watches, 0, "a watch was left open");
});

async function start(): Promise<void> {
  running = informer.run(stop.signal);
  await clock.advance(0);
}

interface PodOptions {
  readonly nodeName?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function createPod(name: string, { nodeName = "n1", labels = { ours: "yes" } }: PodOptions = {}): Pod {
  return cluster.seed<Pod>(pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "ns", uid: `uid-of-${name}`, labels },
    spec: { nodeName, containers: [{ name: "task" }] },
  });
}

/** A day's worth of bookmarks would be long; the API server sends one a minute. */
async function pass(ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 60_000) {
    await clock.advance(Math.min(leftMs, 60_000));
    cluster.sendBookmarks();
  }
  await clock.advance(0);
}

describe("what is kept", () => {
  test("only what was selected, and of that only what `keep` keeps", async () => {
    createPod("a");
    createPod("foreign", { labels: {} });

    await start();

    expect(informer.cache.list().map(({ metadata, spec }) => [metadata.name, spec])).toEqual([
      ["a", { nodeName: "n1" }],
    ]);
  });

  test("a pod that loses the label is deleted, as far as we are concerned", async () => {
    createPod("a");
    await start();

    cluster.edit(pods, { namespace: "ns", name: "a" }, (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, labels: {} },
    }));
    await clock.advance(0);

    expect(informer.cache.size).toBe(0);
  });

  test("indexes follow every change", async () => {
    createPod("a");
    createPod("b", { nodeName: "n2" });
    await start();
    expect([podsOn("n1"), podsOn("n2"), podsOn("n3")]).toEqual([["a"], ["b"], []]);

    createPod("b", { nodeName: "n1" });
    cluster.remove(pods, { namespace: "ns", name: "a" });
    await clock.advance(0);

    expect([podsOn("n1"), podsOn("n2")]).toEqual([["b"], []]);
  });

  test("whoever subscribes late is told of what is there", async () => {
    createPod("a");
    await start();
    const added: string[] = [];

    informer.subscribe({ add: ({ metadata }) => added.push(metadata.name) });

    expect(added).toEqual(["a"]);
  });
});

describe("whom it waits for", () => {
  test("a version is reached by an event or a bookmark", async () => {
    await start();
    const { resourceVersion } = createPod("foreign", { labels: {} }).metadata;
    let isReached = false;
    const reached = informer.untilVersion(resourceVersion, stop.signal).then(() => (isReached = true));

    await clock.advance(0);
    expect(isReached).toBe(false);
    cluster.sendBookmarks();
    await reached;

    expect(informer.resourceVersion).toBe(resourceVersion);
  });

  test("whoever waits for the first list leaves with the signal", async () => {
    const leaving = new AbortController();
    const waiting = informer.untilSynced(leaving.signal);

    leaving.abort(new Error("enough"));

    await expect(waiting).rejects.toThrow("enough");
  });
});

describe("freshness", () => {
  test("bookmarks keep a quiet cache fresh", async () => {
    await start();

    await pass(1_800_000);

    expect(informer.freshness).toBe("fresh");
  });

  test("it is stale after five minutes without a word, lost after fifteen, and fresh after the next one", async () => {
    await start();
    cluster.partition("silent");
    cluster.endWatches(apiError("unavailable"));

    await clock.advance(299_999);
    expect(informer.freshness).toBe("fresh");
    await clock.advance(1);
    expect(informer.freshness).toBe("stale");
    await clock.advance(600_000);
    expect(informer.freshness).toBe("lost");

    cluster.heal();
    createPod("a");
    await clock.advance(300_000);
    expect(informer.freshness).toBe("fresh");
    expect(informer.cache.size).toBe(1);
  });

  test("before its first list it grows stale, too", async () => {
    cluster.partition("refused");
    await start();

    await clock.advance(300_000);

    expect(informer.hasSynced).toBe(false);
    expect(informer.freshness).toBe("stale");
  });
});

describe("the audit", () => {
  test("every ten minutes the cache is compared with a new list, and a healthy one passes", async () => {
    createPod("a");
    await start();

    await pass(3 * auditMs);

    expect(await valueOf(metrics.informerAudits)).toBe(3);
    expect(await valueOf(metrics.informerCacheMisses)).toBe(0);
    expect(await valueOf(metrics.informerLists)).toBe(1);
  });

  test.each([
    { given: "an object too few", harm: () => informer.cache.remove(createdPod("a")) },
    { given: "an object too many", harm: () => informer.cache.put({ ...createdPod("a"), ...named("ghost") }) },
    { given: "an old version", harm: () => makeOlder("a") },
  ])("a cache with $given is found out, repaired and counted", async ({ harm }) => {
    createPod("a");
    createPod("b");
    await start();
    harm();

    await pass(auditMs);

    expect(await valueOf(metrics.informerCacheMisses)).toBe(1);
    expect(informer.cache.list().map(versionOf).toSorted()).toEqual(cluster.peekAll(pods).map(versionOf));

    await pass(auditMs);
    expect(await valueOf(metrics.informerCacheMisses)).toBe(1);
  });

  test("what changes while it runs is not taken for a miss", async () => {
    createPod("a");
    await start();
    await pass(auditMs - 60_000);
    cluster.beforeNext("list", pods, () => createPod("b"));

    await clock.advance(60_000);
    createPod("c");
    cluster.remove(pods, { namespace: "ns", name: "a" });
    await clock.advance(0);
    cluster.sendBookmarks();
    await clock.advance(0);

    expect(await valueOf(metrics.informerAudits)).toBe(1);
    expect(await valueOf(metrics.informerCacheMisses)).toBe(0);
  });

  test("one that fails is tried again ten minutes later", async () => {
    await start();
    await pass(auditMs - 60_000);
    cluster.failNext("list", pods, apiError("unavailable"));

    await pass(60_000 + auditMs);

    expect(await valueOf(metrics.informerAudits)).toBe(1);
    expect(await valueOf(metrics.informerErrors, { reason: "unavailable" })).toBe(1);
  });
});

function createdPod(name: string): Pod {
  const pod = informer.cache.get(`ns/${name}`);
  if (!pod) throw new Error(`there is no pod ${name}`);
  return pod;
}

function podsOn(node: string): readonly string[] {
  return informer.cache.by("node", node).map(({ metadata }) => metadata.name);
}

function named(name: string): Pick<Pod, "metadata"> {
  return { metadata: { ...createdPod("a").metadata, name, uid: name } };
}

/** As if the cache had missed the last change. */
function makeOlder(name: string): void {
  const pod = createdPod(name);
  informer.cache.remove(pod);
  informer.cache.put({ ...pod, metadata: { ...pod.metadata, resourceVersion: "1" } });
}

function versionOf({ metadata }: Pod): string {
  return `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`;
}
