import type { Clock } from "../../src/clock.ts";

interface Sleeper {
  readonly ms: number;
  readonly dueMs: number;
  readonly wake: () => void;
}

/** Time in the test's hand. It begins at 0 and moves only by {@link advance}, or by sleeps that are skipped. */
export class FakeClock implements Clock {
  /** The sleeps that were skipped, in order. */
  readonly skipped: number[] = [];
  readonly #skips: (ms: number) => boolean;
  readonly #sleepers = new Set<Sleeper>();
  readonly #arrivals = new EventTarget();
  #nowMs = 0;

  /** `skips`: which sleeps end at once, as if their time had passed. */
  constructor(skips: (ms: number) => boolean = () => false) {
    this.#skips = skips;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#skips(ms)) {
      this.skipped.push(ms);
      this.#nowMs += ms;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { ms, dueMs: this.#nowMs + ms, wake: resolve };
    this.#sleepers.add(sleeper);
    this.#arrivals.dispatchEvent(new Event("sleep"));
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    await promise.finally(() => this.#sleepers.delete(sleeper));
  }

  /** Lets time pass, and everything happen that this causes. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await turn();
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#sleepers.delete(next);
      next.wake();
      await turn();
    }
    this.#nowMs = untilMs;
  }

  /** Resolves once somebody sleeps for just so long. */
  async asleep(ms: number): Promise<void> {
    while (![...this.#sleepers].some((sleeper) => sleeper.ms === ms)) {
      await new Promise((resolve) => this.#arrivals.addEventListener("sleep", resolve, { once: true }));
    }
  }

  #next(untilMs: number): Sleeper | undefined {
    return [...this.#sleepers].filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Resolves when all microtasks and ticks that are due have run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
