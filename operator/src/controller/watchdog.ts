import type { Clock } from "../clock.ts";

/**
 * Aborts its signal when there was no sign of life for `silenceMs`, on a timer of its own: a limit that is only looked
 * at between two calls is late by as much as a call can hang.
 */
export class Watchdog {
  /** Aborted after silence, or with the signal given. */
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #bite = new AbortController();
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;
  #lastSignMs: number;

  /** `lastSignMs` and {@link sign} are instants of the monotonic clock; no sign is earlier than the one before it. */
  constructor(clock: Clock, silenceMs: number, signal: AbortSignal, lastSignMs: number = clock.monotonicMs()) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
    this.#lastSignMs = lastSignMs;
    this.signal = AbortSignal.any([signal, this.#bite.signal]);
    this.#watching = this.#watch();
  }

  /** It lives, or did at that instant. */
  sign(atMs: number = this.#clock.monotonicMs()): void {
    this.#lastSignMs = atMs;
  }

  get hasBitten(): boolean {
    return this.#bite.signal.aborted;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    try {
      for (;;) {
        const leftMs = this.#lastSignMs + this.#silenceMs - this.#clock.monotonicMs();
        if (leftMs <= 0) break;
        await this.#clock.sleep(leftMs, this.#stop.signal);
      }
      this.#bite.abort(new Error(`no sign of life for ${this.#silenceMs} ms`));
    } catch {
      // Stopped: the sleep has nothing else to say.
    }
  }
}
