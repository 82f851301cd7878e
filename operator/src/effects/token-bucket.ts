import type { Timekeeper } from "./timekeeper.ts";

export interface TokenBucketOptions {
  readonly perSecond: number;
  /** How many may go at once after a quiet time. */
  readonly burst: number;
}

/** Protects the API server from a loop of ours gone wild (S299). Whoever comes first goes first. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #time: Timekeeper;
  /** Below zero: that many callers are waiting. */
  #tokens: number;
  #filledAtMs: number;

  constructor({ perSecond, burst }: TokenBucketOptions, time: Timekeeper) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#time = time;
    this.#tokens = burst;
    this.#filledAtMs = time.monotonicMs();
  }

  /** Resolves when the caller may go, with the milliseconds it had to wait. */
  async take(signal: AbortSignal): Promise<number> {
    this.#fill();
    this.#tokens -= 1;
    if (this.#tokens >= 0) return 0;
    const waitMs = -this.#tokens / this.#perMs;
    try {
      await this.#time.sleep(waitMs, signal);
    } catch (error) {
      this.#tokens += 1; // the caller has left, so its token goes to those behind it
      throw error;
    }
    return waitMs;
  }

  #fill(): void {
    const nowMs = this.#time.monotonicMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
  }
}
