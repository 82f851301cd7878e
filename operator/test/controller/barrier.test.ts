import { beforeEach, expect, test } from "vitest";

import { Barrier, type VersionedCache } from "../../src/controller/barrier.ts";
import { FakeClock } from "../fakes/clock.ts";

let clock: FakeClock;
let barrier: Barrier;
let runs: { resourceVersion: string | undefined };
let pods: { resourceVersion: string | undefined };

beforeEach(() => {
  clock = new FakeClock();
  barrier = new Barrier(clock);
  runs = { resourceVersion: "9" } satisfies VersionedCache;
  pods = { resourceVersion: "9" } satisfies VersionedCache;
});

test("a key that we never wrote is open", () => {
  expect(barrier.state("ns/a")).toBe("open");
});

test("a key is behind until every cache that we wrote to has caught up", () => {
  barrier.wrote("ns/a", runs, "10");
  barrier.wrote("ns/a", pods, "12");
  expect(barrier.state("ns/a")).toBe("behind");

  runs.resourceVersion = "10";
  expect(barrier.state("ns/a")).toBe("behind");

  pods.resourceVersion = "100";
  expect(barrier.state("ns/a")).toBe("open");
  expect(barrier.state("ns/b")).toBe("open");
});

test("versions are compared as numbers without being numbers, which would make two of them one", () => {
  runs.resourceVersion = "9007199254740992";
  barrier.wrote("ns/a", runs, "9007199254740993");
  expect(barrier.state("ns/a")).toBe("behind");

  runs.resourceVersion = "9007199254740993";
  expect(barrier.state("ns/a")).toBe("open");
});

test("a write that changed nothing returns an old version, and costs nothing", () => {
  barrier.wrote("ns/a", runs, "8");

  expect(barrier.state("ns/a")).toBe("open");
});

test("a cache that has not been listed yet is behind", () => {
  runs.resourceVersion = undefined;
  barrier.wrote("ns/a", runs, "8");

  expect(barrier.state("ns/a")).toBe("behind");
});

test("after five seconds the event is lost, not late: read live, forget, go on", async () => {
  barrier.wrote("ns/a", runs, "10");
  await clock.advance(4_000);
  expect(barrier.patience("ns/a")).toEqual(new Date(clock.now().getTime() + 1_000));
  expect(barrier.state("ns/a")).toBe("behind");

  await clock.advance(1_000);
  expect(barrier.state("ns/a")).toBe("overdue");

  barrier.forget("ns/a");
  expect(barrier.state("ns/a")).toBe("open");
});
