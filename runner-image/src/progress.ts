// Progress on its way to the gateway (S147).
//
//   H6. At most one request a second, with the newest of everything; what was not delivered goes along with the next.
//   H7. The last value is delivered before the report, also after a failure.
import type { ProgressRequest } from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";

import { ChannelLost, fullPatience, Refusal } from "./channel.ts";
import type { Clock } from "./clock.ts";
import type { Gateway } from "./gateway.ts";

const intervalMs = 1_000;

/** A value that is soon replaced is not worth repeating: the next one is the repeat. */
const single = { timeoutMs: limits.channelTimeoutMs, waitsMs: 0 };

export class Progress {
  readonly #gateway: Pick<Gateway, "progress">;
  readonly #clock: Clock;
  readonly #fail: (error: unknown) => void;
  /** Ends the pace, when the attempt has ended and what is left is to go at once. */
  readonly #ended = new AbortController();
  #unsent: ProgressRequest | undefined;
  #sending: Promise<void> | undefined;

  /** `fail` is told of a refusal: nobody awaits an update. */
  constructor(gateway: Pick<Gateway, "progress">, clock: Clock, fail: (error: unknown) => void) {
    this.#gateway = gateway;
    this.#clock = clock;
    this.#fail = fail;
  }

  update(update: ProgressRequest): void {
    this.#unsent = { ...this.#unsent, ...update };
    if (!this.#ended.signal.aborted) this.#sending ??= this.#sendPaced();
  }

  /** Delivers what is unsent, with all patience (H7). Rejects with {@link ChannelLost} or the signal's reason. */
  async flush(signal: AbortSignal): Promise<void> {
    this.#ended.abort();
    await this.#sending;
    if (!this.#unsent) return;
    try {
      await this.#gateway.progress(this.#unsent, fullPatience, signal);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // if it concerns the attempt, the report will hear the same
    }
  }

  async #sendPaced(): Promise<void> {
    while (this.#unsent && !this.#ended.signal.aborted) {
      await this.#sendOnce(this.#unsent);
      await this.#clock.sleep(intervalMs, this.#ended.signal).catch(() => {}); // H6; ended early by the flush
    }
    this.#sending = undefined;
  }

  async #sendOnce(request: ProgressRequest): Promise<void> {
    this.#unsent = undefined;
    try {
      await this.#gateway.progress(request, single, this.#ended.signal);
    } catch (error) {
      if (this.#ended.signal.aborted || error instanceof ChannelLost) this.#keep(request);
      else this.#fail(error);
    }
  }
  /** What could not be sent, under what has come since. */
  #keep(request: ProgressRequest): void {
    this.#unsent = { ...request, ...this.#unsent };
  }
}
