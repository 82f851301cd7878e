// Progress on its way to the gateway (S147).
//
//   H6. At most one request a second, with the newest of everything; what was not delivered goes along with the next.
//   H7. The last value is delivered before the report, also after a failure.
import type { ProgressRequest } from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";

import { ChannelLost, fullPatience, Refusal } from "./channel.ts";
import type { Clock } from "./clock.ts";
import type { Gateway } from "./gateway.ts";
import { Pace } from "./pace.ts";

/** A value that is soon replaced is not worth repeating: the next one is the repeat. */
const single = { timeoutMs: limits.channelTimeoutMs, waitsMs: 0 };

export class Progress {
  readonly #gateway: Pick<Gateway, "progress">;
  readonly #fail: (error: unknown) => void;
  readonly #pace: Pace;
  #unsent: ProgressRequest | undefined;

  /** `fail` is told of a refusal: nobody awaits an update. */
  constructor(gateway: Pick<Gateway, "progress">, clock: Clock, fail: (error: unknown) => void) {
    this.#gateway = gateway;
    this.#fail = fail;
    this.#pace = new Pace(clock, {
      hasMore: () => this.#unsent !== undefined,
      send: (signal) => this.#sendOnce(signal),
    });
  }

  update(update: ProgressRequest): void {
    this.#unsent = { ...this.#unsent, ...update };
    this.#pace.wake(); // H6
  }

  /** Delivers what is unsent, with all patience (H7). Rejects with {@link ChannelLost} or the signal's reason. */
  async flush(signal: AbortSignal): Promise<void> {
    await this.#pace.end();
    if (!this.#unsent) return;
    try {
      await this.#gateway.progress(this.#unsent, fullPatience, signal);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // if it concerns the attempt, the report will hear the same
    }
  }

  async #sendOnce(signal: AbortSignal): Promise<void> {
    const request = this.#unsent ?? {};
    this.#unsent = undefined;
    try {
      await this.#gateway.progress(request, single, signal);
    } catch (error) {
      if (signal.aborted || error instanceof ChannelLost) this.#keep(request);
      else this.#fail(error);
    }
  }

  /** What could not be sent, under what has come since. */
  #keep(request: ProgressRequest): void {
    this.#unsent = { ...request, ...this.#unsent };
  }
}
