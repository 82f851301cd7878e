// The cluster in memory keeps the API server's law. Whoever builds on it builds on these facts.
import type { WatchEvent } from "@stint/operator/effects/cluster";
import { configMaps, type Pod, pods, taskRuns } from "@stint/operator/effects/resources";
import { beforeEach, describe, expect, test } from "vitest";

import { VirtualClock } from "../../src/memory/clock.ts";
import { MemoryCluster } from "../../src/memory/cluster.ts";
import { ObjectStore } from "../../src/memory/object-store.ts";

const ref = { namespace: "ns", name: "a" };
const run = { metadata: { name: "a" }, spec: { task: "math/square" }, status: { phase: "Running" } };

let clock: VirtualClock;
let cluster: MemoryCluster;

beforeEach(() => {
  clock = new VirtualClock("2026-01-01T00:00:00.700Z");
  cluster = new MemoryCluster(new ObjectStore(() => clock.now()));
});

function inWords(event: WatchEvent<{ metadata: { name: string } }>): string {
  return event.type === "BOOKMARK"
    ? `BOOKMARK ${event.resourceVersion}`
    : `${event.type} ${event.object.metadata.name}`;
}

describe("writes", () => {
  test("a create makes uid, version, generation and whole seconds, and takes no status", async () => {
    const created = await cluster.create(taskRuns, "ns", run);

    expect(created).toMatchObject({ apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", spec: run.spec });
    expect(created.metadata).toMatchObject({
      ...ref,
      uid: "uid-1",
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
    });
    expect(created.status).toBeUndefined();
    await expect(cluster.create(taskRuns, "ns", run)).rejects.toMatchObject({ reason: "alreadyExists" });
  });

  test("names can be made up", async () => {
    const made = await cluster.create(taskRuns, "ns", { metadata: { generateName: "run-" }, spec: run.spec });

    expect(made.metadata.name).toMatch(/^run-.+/);
  });

  test.each(["A", "a_b", "-a", "a-", "a..b", "a".repeat(254), ""])("%o is no name", async (name) => {
    const created = cluster.create(taskRuns, "ns", { metadata: { name }, spec: run.spec });

    await expect(created).rejects.toMatchObject({ reason: "invalid", status: 422 });
    await expect(created).rejects.toThrow(
      `create taskrun ns/${name}: TaskRun.stint.dev "${name}" is invalid: metadata.name: Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
    );
  });

  test("a status and the rest are written apart, and only the rest moves the generation", async () => {
    const created = await cluster.create(taskRuns, "ns", run);
    const withStatus = await cluster.replaceStatus(taskRuns, created.metadata, { phase: "Running" });

    const changed = await cluster.replace(taskRuns, { ...withStatus, status: {}, spec: { ...run.spec, cancel: true } });

    expect(withStatus.metadata.generation).toBe(1);
    expect(changed.metadata.generation).toBe(2);
    expect(changed.status).toEqual({ phase: "Running" });
  });

  test("a stale version is a conflict, and a namesake's uid too", async () => {
    const { metadata } = await cluster.create(taskRuns, "ns", run);
    await cluster.replaceStatus(taskRuns, metadata, { phase: "Running" });

    const stale = cluster.replaceStatus(taskRuns, metadata, {});
    await expect(stale).rejects.toMatchObject({ reason: "conflict" });
    const current = { ...cluster.store.get(taskRuns, ref).metadata, uid: "another" };
    await expect(cluster.replaceStatus(taskRuns, current, {})).rejects.toMatchObject({ reason: "conflict" });
  });

  test("a write that changes nothing makes no version and no event", async () => {
    const { metadata } = await cluster.create(taskRuns, "ns", run);
    const first = await cluster.replaceStatus(taskRuns, metadata, { phase: "Running" });

    const second = await cluster.replaceStatus(taskRuns, first.metadata, { phase: "Running" });

    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test("what was stored cannot be changed by who holds it", async () => {
    const created = await cluster.create(configMaps, "ns", { metadata: { name: "a" }, data: { a: "1" } });

    expect(() => Object.assign(created.data ?? {}, { a: "2" })).toThrow(TypeError);
  });
});

describe("deletes", () => {
  test("a uid is a precondition, and a finalizer keeps the object until it is taken off", async () => {
    const { metadata } = await cluster.create(taskRuns, "ns", { ...run, metadata: { name: "a", finalizers: ["x"] } });
    await cluster.delete(taskRuns, ref, { uid: "another" });
    expect(cluster.peek(taskRuns, ref)?.metadata.deletionTimestamp).toBeUndefined();

    await cluster.delete(taskRuns, ref, { uid: metadata.uid });
    const going = cluster.store.get(taskRuns, ref);
    expect(going.metadata.deletionTimestamp).toBeDefined();
    cluster.edit(taskRuns, ref, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } }));

    expect(cluster.peek(taskRuns, ref)).toBeUndefined();
  });

  test.each([
    { given: "not on a node", spec: {}, phase: "Pending", stays: false },
    { given: "alive on a node", spec: { nodeName: "n" }, phase: "Running", stays: true },
    { given: "over", spec: { nodeName: "n" }, phase: "Failed", stays: false },
  ])("a pod $given stays for the kubelet: $stays", async ({ spec, phase, stays }) => {
    const { metadata } = await cluster.create<Pod>(pods, "ns", { metadata: { name: "a" }, spec });
    cluster.setStatus(pods, ref, { phase });

    await cluster.delete(pods, ref, { uid: metadata.uid });

    expect(cluster.peek(pods, ref)?.metadata.deletionTimestamp).toBe(stays ? "2026-01-01T00:00:30Z" : undefined);
    expect(cluster.peek(pods, ref) !== undefined).toBe(stays);
  });

  test("a pod's own grace period is as good as the caller's", async () => {
    const spec = { nodeName: "n", terminationGracePeriodSeconds: 5 };
    const { metadata } = await cluster.create<Pod>(pods, "ns", { metadata: { name: "a" }, spec });

    await cluster.delete(pods, ref, { uid: metadata.uid });

    expect(cluster.peek(pods, ref)?.metadata.deletionGracePeriodSeconds).toBe(5);
  });

  test("garbage goes when all its owners are gone", async () => {
    const { metadata } = await cluster.create(taskRuns, "ns", run);
    const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "a", uid: metadata.uid, controller: true };
    await cluster.create(pods, "ns", { metadata: { name: "a-1", ownerReferences: [owner] }, spec: {} });

    cluster.store.collectGarbage([pods]);
    expect(cluster.peekAll(pods)[0]?.metadata.ownerReferences).toEqual([owner]);
    cluster.remove(taskRuns, ref);
    cluster.store.collectGarbage([pods]);

    expect(cluster.peekAll(pods)).toEqual([]);
  });
});

function watch(resourceVersion: string, signal = new AbortController().signal, labelSelector = "") {
  const events: string[] = [];
  const follow = async () => {
    for await (const event of cluster.watch(taskRuns, {
      resourceVersion,
      timeoutSeconds: 300,
      signal,
      labelSelector,
    })) {
      events.push(inWords(event));
    }
  };
  return { events, over: follow() };
}

describe("watches", () => {
  test("what happened since the version, what happens, bookmarks, and a clean end", async () => {
    const from = cluster.store.resourceVersion;
    const { metadata } = await cluster.create(taskRuns, "ns", run);
    const { events, over } = watch(from);
    await clock.advance(0);

    await cluster.replaceStatus(taskRuns, metadata, { phase: "Running" });
    await cluster.delete(taskRuns, ref, { uid: metadata.uid });
    cluster.sendBookmarks();
    cluster.endWatches();
    await over;

    expect(events).toEqual(["ADDED a", "MODIFIED a", "DELETED a", `BOOKMARK ${cluster.store.resourceVersion}`]);
  });

  test("an object enters and leaves a selection", async () => {
    cluster.seed(taskRuns, { ...run, metadata: { ...ref, uid: "u" } });
    const { events, over } = watch(cluster.store.resourceVersion, undefined, "stage in (on)");
    await clock.advance(0);

    for (const stage of ["on", "off"]) {
      cluster.edit(taskRuns, ref, (object) => ({ ...object, metadata: { ...object.metadata, labels: { stage } } }));
    }
    cluster.endWatches();
    await over;

    expect(events).toEqual(["ADDED a", "DELETED a"]);
  });

  test("a version from before a compaction is gone", async () => {
    const from = cluster.store.resourceVersion;
    await cluster.create(taskRuns, "ns", run);
    cluster.store.compact();

    await expect(watch(from).over).rejects.toMatchObject({ reason: "gone" });
  });

  test("a stopped watch is closed", async () => {
    const stop = new AbortController();
    const { over } = watch("1", stop.signal);
    await clock.advance(0);
    expect(cluster.watches).toBe(1);

    stop.abort(new Error("enough"));

    await expect(over).rejects.toThrow("enough");
    expect(cluster.watches).toBe(0);
  });
});
