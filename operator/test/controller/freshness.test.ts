import { expect, test } from "vitest";

import { staleCaches, untilLost, type Followed } from "../../src/controller/freshness.ts";
import { FakeClock } from "../fakes/clock.ts";
import { InformersBox } from "./informers-in-a-box.ts";

const fresh: Followed = { hasSynced: true, freshness: "fresh" };

test("a cache that was never listed, or is silent, is not to be relied on, and is named", () => {
  const informers = {
    runs: fresh,
    pods: { ...fresh, hasSynced: false },
    nodes: { ...fresh, freshness: "stale" },
    bundles: { ...fresh, freshness: "lost" },
  } as const;

  expect(staleCaches(informers)).toEqual(["pods", "nodes", "bundles"]);
});

test("a cache that is lost is found within half a minute, and one that is merely stale is waited for", async () => {
  const clock = new FakeClock();
  const pods: { hasSynced: boolean; freshness: Followed["freshness"] } = { hasSynced: true, freshness: "stale" };
  let lost: readonly string[] | undefined;
  void untilLost({ runs: fresh, pods }, clock, new AbortController().signal).then((names) => (lost = names));
  await clock.advance(600_000);
  const whileStale = lost;

  pods.freshness = "lost";
  await clock.advance(30_000);

  expect(whileStale).toBeUndefined();
  expect(lost).toEqual(["pods"]);
  expect(clock.sleeping).toBe(0);
});

test("an API server that is away for a quarter of an hour loses every cache", async () => {
  using box = new InformersBox();
  await box.follow();
  const lost = untilLost(box.informers, box.clock, new AbortController().signal);

  box.cluster.partition("refused");
  await box.clock.advance(300_000);
  const stale = staleCaches(box.informers);
  await box.clock.advance(630_000);

  expect(stale).toHaveLength(6);
  expect((await lost).toSorted()).toEqual(["bundles", "instanceTypes", "nodes", "pods", "revisions", "runs"]);
});

test("who stops waiting is told of none, and leaves no timer behind", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const watching = untilLost({ runs: fresh }, clock, stop.signal);
  await clock.advance(1000);

  stop.abort();

  expect(await watching).toEqual([]);
  expect(clock.sleeping).toBe(0);
});
