import type { Clock } from "../clock.ts";

const rung = Symbol("rung");

/** Wakes one waiter. It remembers: a ring between two waits ends the second at once. */
export class Bell {
  #isRung = false;
  #waking: AbortController | undefined;

  readonly ring = (): void => {
    this.#isRung = true;
    this.#waking?.abort(rung);
  };

  /** Resolves at a ring, or when `ms` have passed. Rejects with the signal's reason. */
  async wait(ms: number, clock: Pick<Clock, "sleep">, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#isRung) await this.#sleep(ms, clock, signal);
    this.#isRung = false;
  }

  async #sleep(ms: number, clock: Pick<Clock, "sleep">, signal: AbortSignal): Promise<void> {
    const waking = new AbortController();
    const leave = () => waking.abort(signal.reason);
    this.#waking = waking;
    signal.addEventListener("abort", leave, { once: true });
    try {
      await clock.sleep(ms, waking.signal);
    } catch (error) {
      if (error !== rung) throw error;
    } finally {
      signal.removeEventListener("abort", leave); // a signal outlives a wait
      this.#waking = undefined;
    }
  }
}
