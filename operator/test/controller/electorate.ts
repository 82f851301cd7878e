import { strictEqual as equal } from "node:assert";

import type { Clock } from "../../src/clock.ts";
import { LeaderElection } from "../../src/controller/leader.ts";
import type { Cluster } from "../../src/effects/cluster.ts";
import { type LeaseSpec, leases } from "../../src/effects/resources.ts";
import { FakeClock } from "../fakes/clock.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { ObjectStore } from "../../../testing/src/memory/object-store.ts";
import { freshMetrics, silentLogger } from "../fakes/telemetry.ts";

export const leaseRef = { namespace: "stint-system", name: "stint-leader" };

/** One process that stands for election, with its own way to the API server. */
export interface Candidate {
  readonly name: string;
  readonly cluster: FakeCluster;
  readonly stop: AbortController;
  readonly over: Promise<void>;
  electedMs?: number;
  lostMs?: number;
}

/** Everybody who stands for one lease, before one API server and on one clock. */
export class Electorate {
  readonly clock = new FakeClock();
  readonly store = new ObjectStore(() => this.clock.now());
  readonly leading = new Set<string>();
  readonly candidates: Candidate[] = [];
  mostAtOnce = 0;

  enter({ clock = this.clock, random = 0 }: { readonly clock?: Clock; readonly random?: number } = {}): Candidate {
    const name = `c${this.candidates.length + 1}`;
    const cluster = new FakeCluster({ store: this.store });
    const stop = new AbortController();
    const election = electionOf(cluster, {
      name,
      clock,
      random,
      onElected: () => {
        candidate.electedMs = this.clock.monotonicMs();
        this.leading.add(name);
        this.mostAtOnce = Math.max(this.mostAtOnce, this.leading.size);
      },
      onLost: () => {
        candidate.lostMs = this.clock.monotonicMs();
        this.leading.delete(name);
      },
    });
    // Giving back comes last: until then it leads.
    const over = election.run(stop.signal).then(() => void this.leading.delete(name));
    const candidate: Candidate = { name, cluster, stop, over };
    this.candidates.push(candidate);
    return candidate;
  }

  spec(): LeaseSpec {
    return new FakeCluster({ store: this.store }).peek(leases, leaseRef)?.spec ?? {};
  }

  async close(): Promise<void> {
    for (const { cluster, stop } of this.candidates) {
      cluster.heal();
      stop.abort();
    }
    await this.clock.advance(20_000);
    await Promise.all(this.candidates.map(({ over }) => over));
    equal(this.clock.sleeping, 0, "a timer was left behind");
  }
}

interface Watched {
  readonly name: string;
  readonly clock: Clock;
  readonly random: number;
  readonly onElected: () => void;
  readonly onLost: () => void;
}

export function electionOf(cluster: Cluster, { name, clock, random, onElected, onLost }: Watched): LeaderElection {
  return new LeaderElection({
    cluster,
    lease: leaseRef,
    identity: name,
    onElected,
    onLost,
    clock,
    random: () => random,
    log: silentLogger,
    metrics: freshMetrics(),
  });
}
