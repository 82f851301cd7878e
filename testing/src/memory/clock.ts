import { setImmediate as nextTurn } from "node:timers/promises";

import type { Clock } from "@stint/operator/clock";

export interface Sleeper {
  readonly ms: number;
  readonly dueMs: number;
  readonly wake: () => void;
}

export interface VirtualClockOptions {
  /** Resolves once nothing more happens without time; by default when the event loop has turned once. */
  readonly settle?: () => Promise<unknown>;
}

/** A clock that stands still until somebody moves it. */
export class VirtualClock implements Clock {
  readonly #startMs: number;
  readonly #settle: () => Promise<unknown>;
  #monotonicMs = 0;
  #sleepers: Sleeper[] = [];

  constructor(start: Date | string, { settle = nextTurn }: VirtualClockOptions = {}) {
    this.#startMs = new Date(start).getTime();
    this.#settle = settle;
  }

  now(): Date {
    return new Date(this.#startMs + this.#monotonicMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (ms <= 0) return resolve();
      const stop = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
      const sleeper: Sleeper = { ms, dueMs: this.#monotonicMs + ms, wake };
      this.#sleepers.push(sleeper);
      signal.addEventListener("abort", stop, { once: true });
      this.fellAsleep(sleeper);
    });
  }

  /** Milliseconds until the next sleeper wakes; Infinity if nobody sleeps. */
  get nextInMs(): number {
    return this.#soonest() - this.#monotonicMs;
  }

  /**
   * Lets `ms` pass. Each sleeper wakes at its own instant, the soonest first, and whatever it does without I/O is
   * finished, new sleeps included, before time moves on.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await this.#settle();
    for (let dueMs = this.#soonest(); dueMs <= endMs; dueMs = this.#soonest()) await this.#moveTo(dueMs);
    await this.#moveTo(endMs);
  }

  /** Lets time pass until somebody has woken, but not more than `ms`. */
  async advanceToNext(ms: number): Promise<void> {
    await this.#moveTo(Math.min(this.#soonest(), this.#monotonicMs + ms));
  }

  /** Those who sleep now. */
  protected get sleepers(): readonly Sleeper[] {
    return this.#sleepers;
  }

  /** For a fake that notes who sleeps. */
  protected fellAsleep(_sleeper: Sleeper): void {}

  /** To an instant before which nobody wakes. */
  async #moveTo(instantMs: number): Promise<void> {
    this.#monotonicMs = instantMs;
    const due = this.#sleepers.filter(({ dueMs }) => dueMs === instantMs);
    if (due.length > 0) this.#sleepers = this.#sleepers.filter(({ dueMs }) => dueMs !== instantMs);
    for (const sleeper of due) sleeper.wake();
    await this.#settle();
  }

  #soonest(): number {
    return Math.min(Infinity, ...this.#sleepers.map((sleeper) => sleeper.dueMs));
  }
}
