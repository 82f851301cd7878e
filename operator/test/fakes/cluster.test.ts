// The fake fails as it is told, and shows what it is told to show. That it keeps the API server's law otherwise is tested where
// the law is: testing/test/memory.
import type { TaskRun } from "@stint/crds/taskrun";
import { beforeEach, describe, expect, test } from "vitest";

import type { WatchEvent } from "../../src/effects/cluster.ts";
import { taskRuns } from "../../src/effects/resources.ts";
import { FakeClock } from "./clock.ts";
import { apiError, FakeCluster } from "./cluster.ts";

const ref = { namespace: "ns", name: "a" };
const run = { metadata: { name: "a" }, spec: { task: "math/square" }, status: { phase: "Running" } };

let clock: FakeClock;
let cluster: FakeCluster;

beforeEach(() => {
  clock = new FakeClock("2026-01-01T00:00:00.700Z");
  cluster = new FakeCluster({ now: () => clock.now() });
});

function inWords(event: WatchEvent<{ metadata: { name: string } }>): string {
  return event.type === "BOOKMARK"
    ? `BOOKMARK ${event.resourceVersion}`
    : `${event.type} ${event.object.metadata.name}`;
}

function createRun(): Promise<TaskRun> {
  return cluster.create(taskRuns, "ns", run);
}

function follow(watched: FakeCluster, signal: AbortSignal) {
  const events: string[] = [];
  const options = { resourceVersion: "0", timeoutSeconds: 300, signal };
  const read = async () => {
    for await (const event of watched.watch(taskRuns, options)) events.push(inWords(event));
  };
  return { events, over: read() };
}

describe("watches", () => {
  test("what is held back is shown later, in order, and to nobody else before", async () => {
    const stop = new AbortController();
    const other = follow(new FakeCluster({ store: cluster.store }), stop.signal);
    const { events, over } = follow(cluster, stop.signal);
    await clock.advance(0);

    const release = cluster.holdBack(taskRuns);
    await createRun();
    cluster.sendBookmarks();
    await clock.advance(0);
    const before = [...events];
    release();
    cluster.endWatches();
    await over;
    stop.abort();
    await other.over.catch(() => {}); // stopped

    expect(before).toEqual([]);
    expect(events).toEqual(["ADDED a", `BOOKMARK ${cluster.store.resourceVersion}`]);
    expect(other.events).toEqual(["ADDED a"]);
  });
});

describe("faults", () => {
  test("one call fails before it is carried out, one after, and the next is well", async () => {
    cluster.failNext("create", taskRuns, apiError("forbidden"));
    await expect(createRun()).rejects.toMatchObject({ reason: "forbidden" });
    expect(cluster.peekAll(taskRuns)).toEqual([]);

    cluster.commitThenFailNext("create", taskRuns);
    await expect(createRun()).rejects.toMatchObject({ reason: "unavailable" });
    expect(cluster.peekAll(taskRuns)).toHaveLength(1);

    await cluster.get(taskRuns, ref);
    expect(cluster.writes.map(({ verb, resource, key }) => `${verb} ${resource} ${key}`)).toEqual([
      "create taskruns ns/a",
      "create taskruns ns/a",
    ]);
  });

  test("a silent API server answers when the caller gives up", async () => {
    const stop = new AbortController();
    cluster.hangNext("get", taskRuns);
    const hanging = cluster.get(taskRuns, ref, { signal: stop.signal });

    stop.abort(new Error("too long"));

    await expect(hanging).rejects.toThrow("too long");
  });

  test("two processes before one API server are cut off one by one", async () => {
    const other = new FakeCluster({ store: cluster.store });
    await createRun();

    cluster.partition("refused");

    await expect(cluster.get(taskRuns, ref)).rejects.toMatchObject({ reason: "unavailable" });
    expect((await other.get(taskRuns, ref)).metadata.name).toBe("a");
    cluster.heal();
    await cluster.get(taskRuns, ref);
  });
});
