// Leader election by a Lease. It saves work and does not fence: two processes can both believe for an instant that they
// lead. What keeps them from harm are resourceVersions, uids and names that follow from what is written.
//
//   E1. A lease has expired when the record, as seen from here, has not changed for as long as it was promised to hold,
//       on our monotonic clock. Instants of other machines are never compared with ours.
//   E2. Every write carries the version that was read: a conflict means that another won.
//   E3. The deadline for a renewal runs on a timer of its own, from the moment the last successful one was sent: checked
//       only between calls, it would be late by as long as a call hangs, and outlive the lease.
//   E4. Losing the lease is final. `onLost` ends the process, since JavaScript cannot cancel a look that is under way.
//   E5. A clean stop gives the lease back, so that the next leader need not wait for it to expire.
import type { Clock } from "../clock.ts";
import type { Cluster, ObjectRef } from "../effects/cluster.ts";
import { type Lease, leases, type LeaseSpec } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { toMicroTime } from "../effects/micro-time.ts";
import { pause } from "./waiting.ts";
import { Watchdog } from "./watchdog.ts";

export interface ElectionOptions {
  /** A client of its own: no other request may delay a renewal. */
  readonly cluster: Cluster;
  readonly lease: ObjectRef & { readonly namespace: string };
  /** Unique to this process, not to this pod: a container that restarts is another candidate. */
  readonly identity: string;
  /** Called once, when we have become leader. */
  readonly onElected: () => void;
  /** Called once, when we no longer are; not after a clean stop. The process has to end. */
  readonly onLost: () => void;
  readonly clock: Clock;
  /** From 0 to 1: spreads the candidates. */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * Those of controller-runtime. Without a renewal for `deadlineMs` the leader gives up, well before another can take
 * over; several calls of `callMs` fit into that.
 */
const times = { leaseMs: 15_000, deadlineMs: 10_000, retryMs: 2_000, callMs: 3_000 };

export class LeaderElection {
  readonly #options: ElectionOptions;
  /** The record as it was last seen, and since when it has looked like this (E1). */
  #observed: { readonly record: string; readonly atMs: number } | undefined;

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /**
   * Stands for election, leads, and on abort gives the lease back. Resolves after that, or once the lease is lost. Abort
   * it only when the work that the lease protects is over.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { onElected, onLost, log, metrics, identity } = this.#options;
    const won = await this.#stand(signal);
    if (!won) return;
    if (signal.aborted) return this.#release(won.lease);
    metrics.leader.set(1);
    log.info({ identity }, "leading");
    onElected();
    const end = await this.#lead(won.lease, won.sentMs, signal);
    metrics.leader.set(0);
    if (end !== "lost") return this.#release(end);
    log.error({ identity }, "the lease is lost");
    onLost(); // E4
  }

  /** Tries until we hold the lease. Undefined if we were stopped before. */
  async #stand(signal: AbortSignal): Promise<{ readonly lease: Lease; readonly sentMs: number } | undefined> {
    const { clock, random, log } = this.#options;
    while (!signal.aborted) {
      const sentMs = clock.monotonicMs();
      try {
        const lease = await this.#withinLimit(signal, (limit) => this.#tryToTake(limit));
        if (lease) return { lease, sentMs };
      } catch (error) {
        // Losing a race to another candidate is how elections go.
        if (!signal.aborted && !isApiError(error, "conflict", "alreadyExists")) {
          log.warn({ error }, "the lease could not be read or taken");
        }
      }
      await pause(clock, times.retryMs * (1 + random() / 5), signal);
    }
    return undefined;
  }

  async #tryToTake(signal: AbortSignal): Promise<Lease | undefined> {
    const { cluster, lease: ref } = this.#options;
    const lease = await this.#read(signal);
    if (!lease) {
      const body = { metadata: { name: ref.name }, spec: this.#claim(undefined) };
      return cluster.create(leases, ref.namespace, body, { signal });
    }
    if (!this.#isFree(lease.spec ?? {})) return undefined;
    return cluster.replace(leases, { ...lease, spec: this.#claim(lease.spec) }, { signal }); // E2
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { cluster, lease: ref } = this.#options;
    try {
      return await cluster.get(leases, ref, { signal });
    } catch (error) {
      if (isApiError(error, "notFound")) return undefined;
      throw error;
    }
  }

  #isFree(spec: LeaseSpec): boolean {
    const { identity, clock } = this.#options;
    const record = JSON.stringify(spec);
    const nowMs = clock.monotonicMs();
    if (this.#observed?.record !== record) this.#observed = { record, atMs: nowMs };
    if (!spec.holderIdentity || spec.holderIdentity === identity) return true;
    const heldMs = spec.leaseDurationSeconds === undefined ? times.leaseMs : spec.leaseDurationSeconds * 1000;
    return nowMs - this.#observed.atMs > heldMs; // E1
  }

  /** Renews until we are stopped, and then answers the lease as we last wrote it, or until it is lost. */
  async #lead(won: Lease, sentMs: number, signal: AbortSignal): Promise<Lease | "lost"> {
    const { clock } = this.#options;
    const deadline = new Watchdog(clock, times.deadlineMs, signal, sentMs);
    let lease = won;
    try {
      for (;;) {
        await pause(clock, times.retryMs, deadline.signal);
        if (deadline.hasBitten) return "lost"; // E3
        if (signal.aborted) return lease;
        const startMs = clock.monotonicMs();
        const renewed = await this.#renew(lease, deadline.signal);
        if (renewed === "lost") return "lost";
        if (renewed === "unknown") continue;
        deadline.sign(startMs);
        lease = renewed;
      }
    } finally {
      await deadline.stop();
    }
  }

  async #renew(lease: Lease, signal: AbortSignal): Promise<Lease | "lost" | "unknown"> {
    const { clock, log } = this.#options;
    try {
      return await this.#rewrite(lease, { renewTime: toMicroTime(clock.now()) }, signal);
    } catch (error) {
      if (!signal.aborted) log.warn({ error }, "the lease could not be renewed");
      return "unknown";
    }
  }

  async #release(lease: Lease): Promise<void> {
    const { clock, log } = this.#options;
    const given = { holderIdentity: "", leaseDurationSeconds: 1, renewTime: toMicroTime(clock.now()) };
    try {
      await this.#rewrite(lease, given, neverStopped);
      log.info({}, "the lease is given back");
    } catch (error) {
      log.warn({ error }, "the lease could not be given back: the next leader waits until it expires");
    }
  }

  /** Changes a lease that is ours; `lost` if it no longer is. */
  async #rewrite(lease: Lease, change: LeaseSpec, signal: AbortSignal): Promise<Lease | "lost"> {
    const { cluster, identity } = this.#options;
    const changed = { ...lease, spec: { ...lease.spec, ...change } };
    try {
      return await this.#withinLimit(signal, (limit) => cluster.replace(leases, changed, { signal: limit })); // E2
    } catch (error) {
      if (!isApiError(error, "conflict", "notFound")) throw error;
    }
    // Somebody wrote it since: another leader, or we ourselves in a write whose answer was lost.
    const current = await this.#withinLimit(signal, (limit) => this.#read(limit));
    if (current?.spec?.holderIdentity !== identity) return "lost";
    return this.#rewrite(current, change, signal);
  }

  #claim(previous: LeaseSpec | undefined): LeaseSpec {
    const { clock, identity } = this.#options;
    const now = toMicroTime(clock.now());
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(times.leaseMs / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions: previous ? (previous.leaseTransitions ?? 0) + 1 : 0,
    };
  }

  async #withinLimit<T>(signal: AbortSignal, call: (limit: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new Watchdog(this.#options.clock, times.callMs, signal);
    try {
      return await call(limit.signal);
    } finally {
      await limit.stop();
    }
  }
}

/** Giving the lease back comes after every stop, so only its own time limit ends it. */
const neverStopped: AbortSignal = new AbortController().signal;
