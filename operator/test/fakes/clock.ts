import { setImmediate as nextTurn } from "node:timers/promises";

import type { Clock } from "../../src/clock.ts";

interface Sleeper {
  readonly ms: number;
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #sleepers: Sleeper[] = [];
  #awaited: { readonly ms: number; readonly resolve: () => void }[] = [];
  /** How long everybody who slept wanted to, in order. */
  readonly sleeps: number[] = [];

  constructor(start: Date | string = "2026-01-01T00:00:00.000Z") {
    this.#wallMs = new Date(start).getTime();
  }

  now(): Date {
    return new Date(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (ms <= 0) return resolve();
      this.sleeps.push(ms);
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
      for (const one of this.#awaited.filter((one) => one.ms === ms)) one.resolve();
      this.#awaited = this.#awaited.filter((one) => one.ms !== ms);
    });
  }

  /** Resolves once somebody sleeps who wanted to for exactly `ms`: how a test waits for what does I/O before its pause. */
  async untilAsleepFor(ms: number): Promise<void> {
    if (this.#sleepers.some((sleeper) => sleeper.ms === ms)) return;
    await new Promise<void>((resolve) => this.#awaited.push({ ms, resolve }));
  }

  /** How many are asleep: a stopped component leaves none behind. */
  get sleeping(): number {
    return this.#sleepers.length;
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
    await nextTurn();
    for (let dueMs = this.#soonest(); dueMs <= endMs; dueMs = this.#soonest()) {
      this.#moveTo(dueMs);
      const due = this.#sleepers.filter((sleeper) => sleeper.dueMs === dueMs);
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.dueMs !== dueMs);
      for (const sleeper of due) sleeper.wake();
      await nextTurn();
    }
    this.#moveTo(endMs);
    await nextTurn();
  }

  /** Sets the wall clock forward or back, as an administrator or NTP does. Durations are unharmed. */
  skew(ms: number): void {
    this.#wallMs += ms;
  }

  #soonest(): number {
    return Math.min(Infinity, ...this.#sleepers.map((sleeper) => sleeper.dueMs));
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}
