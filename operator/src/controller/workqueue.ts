// The work queue: which keys deserve a look, and when.
//
//   Q1. A key is held by at most one worker. An add while it is held is remembered, not dropped.
//   Q2. Adding a waiting key is free: the queue counts keys, not events.
//   Q3. A delayed add never postpones an earlier one; the soonest instant wins.
//   Q4. Only failure backs off. A planned requeue (a deadline, a TTL) goes through addAt and forgets past failures.
//   Q5. A drained queue hands out nothing. What waits in it is found again by the next leader's list.
import type { Clock } from "../clock.ts";
import type { Key } from "../effects/key.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { Alarm } from "./alarm.ts";

export interface WorkQueueOptions {
  /** Labels the metrics. */
  readonly name: string;
  readonly clock: Clock;
  /** From 0 to 1: spreads the backoff. */
  readonly random: () => number;
  readonly metrics: Metrics;
}

const backoffMs = { first: 5, max: 300_000 };

export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #metrics: Metrics;
  readonly #labels: { readonly queue: string };

  readonly #ready = new Fifo();
  /** Ready, or to be made ready when it is let go of; with the instant since when. */
  readonly #dirty = new Map<Key, number>();
  readonly #held = new Set<Key>();
  readonly #failures = new Map<Key, number>();
  readonly #delayed: Alarm<Key>;
  #idleWorkers: ((key: Key | undefined) => void)[] = [];
  #isDraining = false;

  constructor({ name, clock, random, metrics }: WorkQueueOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#metrics = metrics;
    this.#labels = { queue: name };
    this.#delayed = new Alarm(clock, (key) => {
      this.#countDelayed();
      this.add(key);
    });
  }

  /** Keys that are ready and not yet taken. */
  get length(): number {
    return this.#ready.length;
  }

  add(key: Key): void {
    if (this.#isDraining || this.#dirty.has(key)) return; // Q2
    this.#dirty.set(key, this.#clock.monotonicMs());
    if (!this.#held.has(key)) this.#makeReady(key); // Q1
  }

  addAfter(key: Key, delayMs: number): void {
    if (this.#isDraining) return;
    if (delayMs <= 0) return this.add(key);
    this.#delayed.set(key, delayMs); // Q3
    this.#countDelayed();
  }

  addAt(key: Key, at: Date): void {
    this.addAfter(key, at.getTime() - this.#clock.now().getTime());
  }

  /** Adds after a backoff: 5 ms, doubled with each failure since {@link forget}, at most 5 min; up to a quarter less. */
  addRateLimited(key: Key): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics.queueRetries.inc(this.#labels);
    const fullMs = Math.min(backoffMs.first * 2 ** failures, backoffMs.max);
    this.addAfter(key, fullMs * (1 - this.#random() / 4));
  }

  /** The key's failures no longer count. */
  forget(key: Key): void {
    this.#failures.delete(key);
  }

  /** The instant that the key waits for is off: that of a deadline may be weeks ahead, and its object gone. */
  cancel(key: Key): void {
    this.#delayed.cancel(key);
    this.#countDelayed();
  }

  /** The next key, as soon as there is one; the caller holds it until {@link done}. Undefined once drained. */
  get(): Promise<Key | undefined> {
    if (this.#isDraining) return Promise.resolve(undefined);
    const key = this.#ready.shift();
    if (key !== undefined) return Promise.resolve(this.#handOut(key));
    return new Promise((resolve) => this.#idleWorkers.push(resolve));
  }

  /** The caller lets go of the key. If it was added meanwhile, it is ready again. */
  done(key: Key): void {
    this.#held.delete(key);
    if (this.#dirty.has(key)) this.#makeReady(key);
  }

  /** Takes no more keys and hands out no more; who holds one finishes it (Q5). */
  drain(): void {
    this.#isDraining = true;
    this.#delayed.clear();
    for (const idle of this.#idleWorkers.splice(0)) idle(undefined);
  }

  #countDelayed(): void {
    this.#metrics.queueDelayed.set(this.#labels, this.#delayed.size);
  }

  #makeReady(key: Key): void {
    if (this.#isDraining) return;
    this.#metrics.queueAdds.inc(this.#labels);
    const idle = this.#idleWorkers.shift();
    if (idle) return idle(this.#handOut(key));
    this.#ready.push(key);
    this.#metrics.queueDepth.set(this.#labels, this.#ready.length);
  }

  #handOut(key: Key): Key {
    const sinceMs = this.#dirty.get(key) ?? this.#clock.monotonicMs();
    this.#metrics.queueSeconds.observe(this.#labels, (this.#clock.monotonicMs() - sinceMs) / 1000);
    this.#metrics.queueDepth.set(this.#labels, this.#ready.length);
    this.#dirty.delete(key);
    this.#held.add(key);
    return key;
  }
}

/** First in, first out, with an index for a head: `Array.shift()` moves every entry, and 300,000 of them cost 98%. */
class Fifo {
  #keys: Key[] = [];
  #head = 0;

  get length(): number {
    return this.#keys.length - this.#head;
  }

  push(key: Key): void {
    this.#keys.push(key);
  }

  shift(): Key | undefined {
    const key = this.#keys[this.#head];
    if (key === undefined) return undefined;
    this.#head++;
    if (this.#head * 2 > this.#keys.length) {
      this.#keys = this.#keys.slice(this.#head);
      this.#head = 0;
    }
    return key;
  }
}
