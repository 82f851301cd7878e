// All waiting of one attempt, as one long poll (S293).
//
//   H3. There is a poll exactly while something is awaited. It names everything that is, so when a name is added the
//       poll in flight is dropped and asked anew: the gateway answers from the present state, and nothing is missed.
//   H4. The poll also brings the stop notice, long before the kubelet's SIGTERM could.
//   H5. A stop ends all waiting.
//   H10. Between an answer and the next poll passes a moment: the outcomes of a fan-out come in bunches, and a gateway
//       that is leaving answers everybody at once.
//   H11. A run that the gateway does not find fails those who wait for it, and nobody else.
import { type EventsResponse, ProtocolCode, type RunOutcome } from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";

import { Refusal } from "./channel.ts";
import type { Clock } from "./clock.ts";
import type { Gateway } from "./gateway.ts";
import type { Stop } from "./stop.ts";

/** Much less than a pod takes to start (H10). */
const pauseMs = 25;

interface Waiter {
  readonly resolve: (outcome: RunOutcome) => void;
  readonly reject: (reason: unknown) => void;
}

export class Outcomes {
  readonly #gateway: Pick<Gateway, "events">;
  readonly #stop: Pick<Stop, "signal" | "begin">;
  readonly #clock: Clock;
  readonly #awaited = new Map<string, Set<Waiter>>();
  #since: string | undefined;
  /** Drops the request in flight; present while there is a poll. */
  #poll: AbortController | undefined;
  #isOutdated = false;

  constructor(gateway: Pick<Gateway, "events">, stop: Pick<Stop, "signal" | "begin">, clock: Clock) {
    this.#gateway = gateway;
    this.#stop = stop;
    this.#clock = clock;
    stop.signal.addEventListener("abort", () => this.#reject([...this.#awaited.keys()], stop.signal.reason), {
      once: true,
    }); // H5
  }

  /** Resolves with the run's outcome, however long that takes. Rejects with the reason of `signal` or of the stop. */
  async of(name: string, signal?: AbortSignal): Promise<RunOutcome> {
    this.#stop.signal.throwIfAborted();
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<RunOutcome>();
    const waiter = { resolve, reject };
    const leave = (): void => reject(signal?.reason);
    this.#add(name, waiter);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", leave);
      this.#remove(name, waiter);
    }
  }

  #add(name: string, waiter: Waiter): void {
    const waiters = this.#awaited.get(name);
    if (waiters) {
      waiters.add(waiter);
      return;
    }
    this.#awaited.set(name, new Set([waiter]));
    if (!this.#isOutdated) process.nextTick(() => this.#ask()); // once for all names of this turn
    this.#isOutdated = true;
  }

  #remove(name: string, waiter: Waiter): void {
    const waiters = this.#awaited.get(name);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#awaited.delete(name);
    if (this.#awaited.size === 0) this.#poll?.abort();
  }

  #ask(): void {
    this.#isOutdated = false;
    this.#poll?.abort(); // H3
    if (this.#awaited.size === 0) return;
    this.#poll = new AbortController();
    void this.#pollOn(this.#poll.signal);
  }

  /** Asks again and again until nothing is awaited, or another poll has taken over. */
  async #pollOn(poll: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([poll, this.#stop.signal]);
    while (!signal.aborted) {
      await this.#request([...this.#awaited.keys()], limits.eventsWaitMs, signal);
      await this.#clock.sleep(pauseMs, signal).catch(() => {}); // H10; ended early with the poll
    }
  }

  async #request(awaiting: readonly string[], waitMs: number, signal: AbortSignal): Promise<void> {
    const since = this.#since === undefined ? {} : { since: this.#since };
    try {
      this.#take(await this.#gateway.events({ awaiting, waitMs, ...since }, signal));
    } catch (error) {
      if (!signal.aborted) await this.#refused(awaiting, error, signal);
    }
  }

  /** Halves the names until those that the gateway does not find stand alone (H11). */
  async #refused(names: readonly string[], error: unknown, signal: AbortSignal): Promise<void> {
    const isOfSome = names.length > 1 && error instanceof Refusal && error.code === ProtocolCode.NotFound;
    if (!isOfSome) return this.#reject(names, error);
    const middle = Math.ceil(names.length / 2);
    await this.#request(names.slice(0, middle), 0, signal);
    await this.#request(names.slice(middle), 0, signal);
  }

  #take({ since, outcomes, stop }: EventsResponse): void {
    this.#since = since;
    for (const outcome of outcomes) {
      for (const { resolve } of this.#awaited.get(outcome.name) ?? []) resolve(outcome);
      this.#awaited.delete(outcome.name);
    }
    if (this.#awaited.size === 0) this.#poll?.abort();
    if (stop) this.#stop.begin(stop); // H4
  }

  #reject(names: readonly string[], reason: unknown): void {
    for (const name of names) {
      for (const { reject } of this.#awaited.get(name) ?? []) reject(reason);
      this.#awaited.delete(name);
    }
    if (this.#awaited.size === 0) this.#poll?.abort();
  }
}
