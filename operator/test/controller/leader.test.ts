import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Clock } from "../../src/clock.ts";
import { KubernetesCluster } from "../../src/effects/kubernetes.ts";
import { leases } from "../../src/effects/resources.ts";
import { ApiServer } from "../fakes/api-server.ts";
import { FakeClock } from "../fakes/clock.ts";
import { hurriedTime } from "../fakes/hurried-time.ts";
import { type Candidate, Electorate, electionOf, leaseRef as ref } from "./electorate.ts";

let votes: Electorate;

beforeEach(() => {
  votes = new Electorate();
});

afterEach(() => votes.close());

describe("taking the lease", () => {
  test("the first candidate makes it, with instants of six digits, and renews it every two seconds", async () => {
    const first = votes.enter();
    await votes.clock.advance(0);

    expect(first.electedMs).toBe(0);
    expect(votes.spec()).toEqual({
      holderIdentity: "c1",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-01T00:00:00.000000Z",
      renewTime: "2026-01-01T00:00:00.000000Z",
      leaseTransitions: 0,
    });

    await votes.clock.advance(6_000);
    expect(votes.spec().renewTime).toBe("2026-01-01T00:00:06.000000Z");
    expect(first.cluster.writes).toHaveLength(1 + 3);
  });

  test("as long as it is renewed, nobody else gets it", async () => {
    votes.enter();
    await votes.clock.advance(0);
    const second = votes.enter();

    await votes.clock.advance(600_000);

    expect(second.electedMs).toBeUndefined();
    expect(second.cluster.writes).toEqual([]);
  });

  test("of two that find it free, one wins and the other goes on waiting", async () => {
    const both = [votes.enter(), votes.enter()];

    await votes.clock.advance(60_000);

    expect(both.map(({ electedMs }) => electedMs)).toEqual([0, undefined]);
    expect(votes.mostAtOnce).toBe(1);
  });

  test("a clock that is wrong by an hour steals nothing", async () => {
    votes.enter();
    await votes.clock.advance(0);
    const ahead: Clock = {
      now: () => new Date(votes.clock.now().getTime() + 3_600_000),
      monotonicMs: () => votes.clock.monotonicMs(),
      sleep: (ms, signal) => votes.clock.sleep(ms, signal),
    };
    const second = votes.enter({ clock: ahead });

    await votes.clock.advance(60_000);

    expect(second.electedMs).toBeUndefined();
  });

  test("a candidate that is stopped before it wins leaves nothing behind", async () => {
    votes.enter();
    await votes.clock.advance(0);
    const second = votes.enter();
    await votes.clock.advance(1_000);

    second.stop.abort();
    await second.over;

    expect(second.electedMs).toBeUndefined();
    expect(votes.spec().holderIdentity).toBe("c1");
  });
});

describe("giving it up", () => {
  test("a clean stop gives it back, and the next one has it within one retry", async () => {
    const first = votes.enter();
    await votes.clock.advance(0);
    const second = votes.enter();
    await votes.clock.advance(5_000);

    first.stop.abort();
    await first.over;
    expect(first.lostMs).toBeUndefined();
    await votes.clock.advance(2_400);

    expect(second.electedMs).toBeLessThanOrEqual(5_000 + 2_400);
    expect(votes.spec()).toMatchObject({ holderIdentity: "c2", leaseTransitions: 1 });
  });

  test.each([
    { given: "was carried out", script: ({ cluster }: Candidate) => cluster.commitThenHangNext("replace", leases) },
    { given: "was not", script: ({ cluster }: Candidate) => cluster.hangNext("replace", leases) },
  ])("a stop in the middle of a renewal that $given still gives it back", async ({ script }) => {
    const first = votes.enter();
    await votes.clock.advance(0);
    script(first);
    await votes.clock.advance(2_000);

    first.stop.abort();
    await first.over;

    expect(votes.spec().holderIdentity).toBe("");
  });

  test("a stop while the API server is silent ends all the same", async () => {
    const first = votes.enter();
    await votes.clock.advance(0);
    first.cluster.partition("silent");

    first.stop.abort();
    await votes.clock.advance(3_000);
    await first.over;

    expect(votes.spec().holderIdentity).toBe("c1");
  });
});

describe("losing it", () => {
  test.each(["silent", "refused"] as const)(
    "a leader that is cut off (%s) stops before another can begin, and another begins",
    async (how) => {
      const first = votes.enter();
      await votes.clock.advance(0);
      const second = votes.enter();
      await votes.clock.advance(10_000);

      first.cluster.partition(how);
      await votes.clock.advance(30_000);

      expect(first.lostMs).toBe(10_000 + 10_000);
      expect(second.electedMs).toBeGreaterThan(20_000);
      expect(second.electedMs).toBeLessThanOrEqual(10_000 + 15_000 + 2_000 + 400);
      expect(votes.mostAtOnce).toBe(1);
      await first.over;
    },
  );

  test("the deadline counts from when the last renewal was sent, and a call that hangs does not hold it up", async () => {
    const first = votes.enter();
    await votes.clock.advance(0);
    const answer = first.cluster.holdNext("replace", leases);
    await votes.clock.advance(2_000 + 2_500);
    answer();
    await votes.clock.advance(0);
    first.cluster.partition("silent");

    await votes.clock.advance(7_499);
    expect(first.lostMs).toBeUndefined();
    await votes.clock.advance(1);

    expect(first.lostMs).toBe(2_000 + 10_000);
  });

  test("so it does for the very first write", async () => {
    const first = votes.enter();
    const answer = first.cluster.holdNext("create", leases);
    await votes.clock.advance(2_500);
    answer();
    await votes.clock.advance(0);
    first.cluster.partition("silent");

    await votes.clock.advance(10_000);

    expect(first.electedMs).toBe(2_500);
    expect(first.lostMs).toBe(10_000);
  });

  test("a lease in another's name is lost at the next renewal", async () => {
    const first = votes.enter();
    await votes.clock.advance(0);
    first.cluster.edit(leases, ref, (lease) => ({ ...lease, spec: { ...lease.spec, holderIdentity: "usurper" } }));

    await votes.clock.advance(2_000);

    expect(first.lostMs).toBe(2_000);
    expect(votes.spec().holderIdentity).toBe("usurper");
  });

  test("a lease that was deleted is lost", async () => {
    const first = votes.enter();
    await votes.clock.advance(0);
    votes.store.remove(leases, ref);

    await votes.clock.advance(2_000);

    expect(first.lostMs).toBe(2_000);
  });
});

describe("keeping it", () => {
  test("a renewal whose answer was lost is recognised as our own", async () => {
    const first = votes.enter();
    await votes.clock.advance(0);
    first.cluster.commitThenFailNext("replace", leases);

    await votes.clock.advance(60_000);

    expect(first.lostMs).toBeUndefined();
    expect(votes.spec()).toMatchObject({ holderIdentity: "c1", renewTime: "2026-01-01T00:01:00.000000Z" });
  });

  test("a take whose answer was lost is taken again", async () => {
    const first = votes.enter();
    first.cluster.commitThenFailNext("create", leases);

    await votes.clock.advance(2_000);

    expect(first.electedMs).toBe(2_000);
  });

  test("a label that somebody puts on the lease harms nothing", async () => {
    const first = votes.enter();
    await votes.clock.advance(0);
    first.cluster.edit(leases, ref, (lease) => ({ ...lease, metadata: { ...lease.metadata, labels: { a: "b" } } }));

    await votes.clock.advance(60_000);

    expect(first.lostMs).toBeUndefined();
    expect(votes.store.get(leases, ref).metadata.labels).toEqual({ a: "b" });
  });

  test("hiccups shorter than the deadline are survived", async () => {
    const first = votes.enter();
    for (let i = 0; i < 5; i++) {
      await votes.clock.advance(2_000);
      first.cluster.partition(i % 2 ? "silent" : "refused");
      await votes.clock.advance(5_000);
      first.cluster.heal();
      await votes.clock.advance(5_000);
    }

    expect(first.lostMs).toBeUndefined();
  });
});

type Fate =
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "cut" | "silence" | "heal" | "stop" | "enter"; readonly who: number };

function fates(): fc.Arbitrary<Fate[]> {
  const kind = fc.constantFrom("cut" as const, "silence" as const, "heal" as const, "stop" as const, "enter" as const);
  const pass = fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 12_000 }) });
  return fc.array(fc.oneof({ weight: 2, arbitrary: pass }, fc.record({ kind, who: fc.nat(5) })), { maxLength: 30 });
}

function strike({ kind, who }: Exclude<Fate, { readonly kind: "pass" }>, votes: Electorate): void {
  const one = votes.candidates[who % votes.candidates.length];
  if (kind === "cut") one?.cluster.partition("refused");
  else if (kind === "silence") one?.cluster.partition("silent");
  else if (kind === "heal") one?.cluster.heal();
  else if (kind === "stop") one?.stop.abort();
  else votes.enter({ random: who / 5 });
}

test(
  "whatever is cut off, healed, stopped or started anew: never two leaders, and in the end one",
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fates(), async (history) => {
        const votes = new Electorate();
        for (const random of [0, 0.3, 0.9]) votes.enter({ random });
        for (const fate of history) {
          if (fate.kind === "pass") await votes.clock.advance(fate.ms);
          else strike(fate, votes);
        }
        for (const { cluster } of votes.candidates) cluster.heal();
        votes.enter();
        await votes.clock.advance(20_000);

        expect(votes.mostAtOnce).toBe(1);
        expect(votes.leading.size).toBe(1);
        await votes.close();
      }),
      { numRuns: 60 },
    );
  },
);

test("over HTTP the lease is made, renewed and given back in a form that the API server takes", async () => {
  const server = await ApiServer.start();
  const cluster = new KubernetesCluster({
    connection: { server: server.url, tls: async () => ({}), headers: async () => ({}) },
    time: hurriedTime(),
    random: () => 0,
    userAgent: "stint-operator/0.1.0",
    observer: { throttled: () => {}, answered: () => {} },
    connections: 1,
    tries: 1,
  });
  const clock = new FakeClock();
  const elected = Promise.withResolvers<void>();
  const onLost = () => elected.reject(new Error("lost"));
  const election = electionOf(cluster, { name: "me", clock, random: 0, onElected: elected.resolve, onLost });
  const stop = new AbortController();

  const over = election.run(stop.signal);
  await elected.promise;
  await clock.untilAsleepFor(2_000);
  await clock.advance(2_000);
  await server.untilSeen("replace");
  await clock.untilAsleepFor(2_000);
  stop.abort();
  await over;

  expect(server.requests.map(({ verb }) => verb)).toEqual(["get", "create", "replace", "replace"]);
  const { spec } = JSON.parse(server.requests.at(-1)?.body ?? "");
  expect(spec).toMatchObject({ holderIdentity: "", renewTime: "2026-01-01T00:00:02.000000Z" });
  await cluster.close();
  await server.close();
});
