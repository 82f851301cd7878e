import { component, label, podName } from "@stint/crds/labels";
import { beforeEach, describe, expect, test } from "vitest";

import { dueBatches, runRetention } from "../../src/controller/retention.ts";
import type { ObservedRun, OwnedPod } from "../../src/core/world.ts";
import type { Cache } from "../../src/effects/caches.ts";
import { keyOf } from "../../src/effects/key.ts";
import { pods as podResource, type Pod } from "../../src/effects/resources.ts";
import { after, anAcceptedRun, anAttempt, aPod, aTaskRun, runUid, stamp, t0, type Overrides } from "../builders.ts";
import { FakeClock } from "../fakes/clock.ts";
import { apiError, FakeCluster } from "../fakes/cluster.ts";
import { silentLogger } from "../fakes/telemetry.ts";
import { StoreCaches } from "../gateway/store-caches.ts";

type Changes = Parameters<typeof aPod>[2] & { readonly metadata?: Overrides<OwnedPod["metadata"]> };

/** The pod of an attempt as retention finds it: with its name on a label, ended after 5 s. */
function ended(attempt = 1, { metadata, ...changes }: Changes = {}): OwnedPod {
  const name = podName({ name: "square-4", uid: runUid }, attempt);
  const labels = {
    [label.component]: component.attempt,
    [label.run]: "square-4",
    [label.attempt]: String(attempt),
    [label.podName]: name,
  };
  return aPod(attempt, "Failed", { ...changes, metadata: { name, labels, ...metadata } });
}

/** Many such pods of runs that are gone, each a second younger than the one before. */
function many(count: number, namespace = "team-a"): OwnedPod[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `old-${String(index).padStart(4, "0")}`;
    const labels = { [label.component]: component.attempt, [label.podName]: name };
    const container = { terminated: { exitCode: 0, finishedAt: stamp(index) } };
    return aPod(1, "Succeeded", { container, metadata: { name, namespace, uid: name, labels } });
  });
}

function cacheOf<T extends OwnedPod | ObservedRun>(objects: readonly T[]): Cache<T> {
  return {
    list: () => objects,
    by: () => [],
    get: (key) => objects.find(({ metadata }) => keyOf(metadata) === key),
  };
}

interface Given {
  readonly pods?: readonly OwnedPod[];
  readonly runs?: readonly ObservedRun[];
  readonly now?: Date;
}

const cluster = new FakeCluster({ now: () => t0 });

function due({ pods = [ended()], runs = [], now = after(605) }: Given): string[][] {
  const deps = { cluster, clock: new FakeClock(now), log: silentLogger, retentionSeconds: 600 };
  return dueBatches({ ...deps, pods: cacheOf(pods), runs: cacheOf(runs) }).map(({ names }) => [...names]);
}

const first = podName({ name: "square-4", uid: runUid }, 1);
const over = { finishedAt: stamp(6), reason: "TaskError" };

describe("what is due (S300)", () => {
  test("a finished pod goes 600 s after its end, and not before", () => {
    expect(due({ now: after(604) })).toEqual([]);
    expect(due({ now: after(605) })).toEqual([[first]]);
  });

  test("a pod that runs, or that somebody deletes already, is left alone", () => {
    const pods = [aPod(1, "Running"), ended(2, { metadata: { deletionTimestamp: stamp(6) } })];

    expect(due({ pods, now: after(9999) })).toEqual([]);
  });

  test("a pod that has no label with its name is left alone: no selector finds it", () => {
    expect(due({ pods: [aPod(1, "Failed")], now: after(9999) })).toEqual([]);
  });

  test.each<[string, readonly ObservedRun[]]>([
    ["the run is gone", []],
    ["the run is over", [anAcceptedRun([], {}, { kind: "Succeeded", reason: "Completed" })]],
    ["the attempt's end is on record", [anAcceptedRun([anAttempt(1, over)])]],
    ["a later attempt has begun", [anAcceptedRun([anAttempt(2)])]],
    ["the run is a namesake of the pod's", [aTaskRun({ metadata: { uid: "namesake" } })]],
  ])("a pod goes when %s", (_, runs) => {
    expect(due({ runs })).toEqual([[first]]);
  });

  test.each<[string, readonly ObservedRun[]]>([
    ["its attempt's end is not on record", [anAcceptedRun([anAttempt(1)])]],
    ["the cache has not heard of its attempt yet", [aTaskRun()]],
  ])("a pod stays, whatever its age, while %s: its cause would be lost", (_, runs) => {
    expect(due({ runs, now: after(999_999) })).toEqual([]);
  });

  test("a pod that never had a container counts from its creation", () => {
    const pods = [ended(1, { status: { containerStatuses: undefined } })];

    expect(due({ pods, now: after(599) })).toEqual([]);
    expect(due({ pods, now: after(600) })).toEqual([[first]]);
  });

  test("the pod of a registration goes the same way", () => {
    const labels = { [label.component]: component.registration, [label.podName]: "math-r1-1" };

    expect(due({ pods: [ended(1, { metadata: { name: "math-r1-1", labels } })] })).toEqual([["math-r1-1"]]);
  });

  test("a batch has at most 100 pods, of one namespace", () => {
    const pods = [...many(150), ...many(20, "team-b")];

    expect(due({ pods, now: after(9999) }).map(({ length }) => length)).toEqual([100, 50, 20]);
  });

  test("a namespace keeps 1000, whatever their age; the oldest go first", () => {
    const pods = many(1002).toReversed();

    expect(due({ pods: [...pods, ...many(1000, "team-b")], now: after(0) })).toEqual([["old-0000", "old-0001"]]);
  });
});

describe("the sweep", () => {
  let clock: FakeClock;
  let api: FakeCluster;

  beforeEach(() => {
    clock = new FakeClock(after(700));
    api = new FakeCluster({ now: () => clock.now() });
  });

  async function sweepFor(ms: number): Promise<void> {
    const stop = new AbortController();
    const { pods, runs } = new StoreCaches(api);
    const swept = runRetention(
      { cluster: api, pods, runs, retentionSeconds: 600, clock, log: silentLogger },
      stop.signal,
    );
    await clock.advance(ms);
    stop.abort();
    await swept;
  }

  function seed(list: readonly OwnedPod[]): readonly Pod[] {
    return list.map((pod) => api.seed(podResource, pod));
  }

  test("deletes by name and nothing else, every ten seconds", async () => {
    seed([ended(), aPod(2), ...many(3)]);

    await sweepFor(25_000);

    expect(api.peekAll(podResource).map(({ metadata }) => metadata.uid)).toEqual(["pod-uid-2"]);
    expect(api.writes).toHaveLength(1);
    expect(clock.sleeps).toEqual([10_000, 10_000, 10_000]);
    expect(clock.sleeping).toBe(0);
  });

  test("a namespace that refuses keeps the others from nothing, and is asked again", async () => {
    seed([...many(1), ...many(1, "team-b")]);
    api.failNext("deleteCollection", podResource, apiError("forbidden"));

    await sweepFor(0);
    const left = api.peekAll(podResource).map(({ metadata }) => metadata.namespace);
    await sweepFor(10_000);

    expect(left).toEqual(["team-a"]);
    expect(api.peekAll(podResource)).toEqual([]);
  });
});
