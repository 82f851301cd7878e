import type { Clock } from "./clock.ts";

/** What goes out one after the other: at once, or behind whatever is being held back. */
export class Line {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #last: Promise<void> | undefined;

  /** Nothing goes out any more once the signal is aborted. */
  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Calls `send` `delayMs` after everything before it has gone out. */
  push(send: () => void, delayMs = 0): void {
    if (this.#signal.aborted) return;
    if (!this.#last && delayMs === 0) return send();
    const mine = this.#after(this.#last, send, delayMs).finally(() => {
      if (this.#last === mine) this.#last = undefined;
    });
    this.#last = mine;
  }

  /** Resolves when nothing is held back. */
  async empty(): Promise<void> {
    while (this.#last) await this.#last;
  }

  async #after(before: Promise<void> | undefined, send: () => void, delayMs: number): Promise<void> {
    await before;
    if (delayMs > 0) await this.#clock.sleep(delayMs, this.#signal).catch(() => undefined); // aborted: seen below
    if (!this.#signal.aborted) send();
  }
}
