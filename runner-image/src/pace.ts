import type { Clock } from "./clock.ts";

const intervalMs = 1_000;

export interface PacedWork {
  hasMore(): boolean;
  /** The signal aborts at the end of the pace. Never rejects. */
  send(signal: AbortSignal): Promise<void>;
}

/** Sends while there is more to send, at most once a second, until it is ended. */
export class Pace {
  readonly #clock: Clock;
  readonly #work: PacedWork;
  readonly #ended = new AbortController();
  #sending: Promise<void> | undefined;

  constructor(clock: Clock, work: PacedWork) {
    this.#clock = clock;
    this.#work = work;
  }

  wake(): void {
    if (!this.#ended.signal.aborted) this.#sending ??= this.#send();
  }

  /** What is left is the caller's to send, at once. Resolves when nothing is under way. */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.#sending;
  }

  async #send(): Promise<void> {
    const { signal } = this.#ended;
    while (this.#work.hasMore() && !signal.aborted) {
      await this.#work.send(signal);
      await this.#clock.sleep(intervalMs, signal).catch(() => {}); // ended early
    }
    this.#sending = undefined;
  }
}
