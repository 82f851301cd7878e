// What the function yields, on its way to those who read it as it comes (S24).
//
//   H12. While nobody reads, nothing is sent: the values wait, and the first reader gets them from the first one on.
//   H13. A chunk is sent whole each time, at most once a second, and is sealed when it has grown large enough: who reads on
//        need not read again what he has.
//   H14. All values are with the gateway before the report is: a reader who hears of the run's end has missed none.
//   H15. A gateway that refuses values refuses no report: what is not read on its way is read from the result.
import type { ValuesRequest } from "@stint/crds/attempt";
import { jsonBytes, type Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";

import { fullPatience, Refusal, type Patience } from "./channel.ts";
import type { Clock } from "./clock.ts";
import type { Gateway } from "./gateway.ts";
import { Pace } from "./pace.ts";

/** The next second is the repeat. */
const single = { timeoutMs: limits.channelTimeoutMs, waitsMs: 0 };

export interface ValuesOptions {
  readonly gateway: Pick<Gateway, "values">;
  readonly clock: Clock;
  /** Resolves once somebody reads the run's values; asked at the first value. Rejects when the attempt is to end. */
  readonly untilRead: () => Promise<void>;
  /** Told of a refusal. */
  readonly refused: (error: unknown) => void;
}

export class Values {
  readonly #options: ValuesOptions;
  readonly #pace: Pace;
  #waiting: Json[] = [];
  #chunk: ValuesRequest = emptyChunk(0);
  #bytes = 0;
  /** Whether the chunk holds values that the gateway may not have. */
  #isUnsent = false;
  #reader: "unasked" | "unknown" | "reads" | "refused" = "unasked";

  constructor(options: ValuesOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, {
      hasMore: () => this.#hasMore(),
      send: async (signal) => {
        await this.#sendOnce(single, signal).catch(() => {}); // the next time
      },
    });
  }

  yielded(value: Json): void {
    if (this.#reader === "refused") return;
    this.#waiting.push(value);
    if (this.#reader === "unasked") void this.#awaitReader();
    if (this.#reader === "reads") this.#pace.wake();
  }

  /** Delivers what a reader has not got yet (H14). Rejects with `ChannelLost` or the signal's reason. */
  async flush(signal: AbortSignal): Promise<void> {
    await this.#pace.end();
    while (this.#reader === "reads" && this.#hasMore()) await this.#sendOnce(fullPatience, signal);
  }

  async #awaitReader(): Promise<void> {
    this.#reader = "unknown";
    try {
      await this.#options.untilRead();
    } catch {
      return; // the attempt is to end
    }
    this.#reader = "reads";
    this.#pace.wake();
  }

  #hasMore(): boolean {
    return this.#isUnsent || this.#waiting.length > 0;
  }

  async #sendOnce(patience: Patience, signal: AbortSignal): Promise<void> {
    this.#fill();
    try {
      await this.#options.gateway.values(this.#chunk, patience, signal);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#options.refused(error);
      this.#reader = "refused"; // H15
      this.#waiting = [];
    }
    this.#isUnsent = false;
    if (this.#chunk.sealed) this.#chunk = emptyChunk(this.#chunk.chunk + 1);
  }

  /** Takes as many of the waiting values as the chunk has room for. */
  #fill(): void {
    const { max, enough } = limits.valuesChunkBytes;
    const { chunk, values, sealed } = this.#chunk;
    if (sealed) return; // it was not delivered
    if (values.length === 0) this.#bytes = "[]".length;
    let taken = 0;
    for (const value of this.#waiting) {
      const bytes = jsonBytes(value) + ",".length;
      if (this.#bytes + bytes > max + ",".length) break;
      this.#bytes += bytes;
      taken += 1;
    }
    const added = this.#waiting.slice(0, taken);
    this.#waiting = this.#waiting.slice(taken);
    const isFull = this.#bytes >= enough || this.#waiting.length > 0;
    this.#chunk = { chunk, values: [...values, ...added], sealed: isFull };
    this.#isUnsent = true;
  }
}

function emptyChunk(chunk: number): ValuesRequest {
  return { chunk, values: [], sealed: false };
}
