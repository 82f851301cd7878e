const backoffMs = { first: 800, max: 30_000 };

/** How long an informer waits before it asks again. */
export class Patience {
  readonly #random: () => number;
  #failures = 0;
  #expiries = 0;

  /** `random` is from 0 to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds after a failure: 0.8 s, doubled with each one in a row, at most 30 s; half of it to one and a half. */
  afterFailure(): number {
    return this.#backoff(this.#failures++);
  }

  /** Milliseconds after a version that was too old. A list cures it, so the first one waits for nothing. */
  afterExpiry(): number {
    return this.#expiries++ === 0 ? 0 : this.#backoff(this.#expiries - 2);
  }

  /** A watch has held: what failed before it is over. */
  reset(): void {
    this.#failures = 0;
    this.#expiries = 0;
  }

  #backoff(before: number): number {
    return Math.min(backoffMs.first * 2 ** before, backoffMs.max) * (0.5 + this.#random());
  }
}
