import { createInformers, type Informers } from "../../src/controller/informers.ts";
import { FakeClock } from "../fakes/clock.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { freshMetrics, silentLogger } from "../fakes/telemetry.ts";

/** The operator's informers on a cluster in memory, synced. */
export class InformersBox implements Disposable {
  readonly clock = new FakeClock();
  readonly cluster = new FakeCluster({ now: () => this.clock.now() });
  readonly informers: Informers;
  readonly #stop = new AbortController();

  constructor() {
    const { cluster, clock } = this;
    this.informers = createInformers({
      cluster,
      clock,
      random: () => 0.5,
      log: silentLogger,
      metrics: freshMetrics(),
    });
  }

  /** Lists what is there by now, and follows it. */
  async follow(): Promise<void> {
    const all = Object.values(this.informers);
    for (const informer of all) void informer.run(this.#stop.signal);
    await Promise.all(all.map((informer) => informer.untilSynced(this.#stop.signal)));
  }

  /** Resolves when the caches show all that has happened, and handlers have heard of it. */
  caughtUp(): Promise<void> {
    return this.clock.advance(0);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}
