// What may be sent again. A request that was turned away may always be; one whose fate is unknown only where a second
// one does no harm, because it names its object, its version or its uid.
import { ApiError } from "../errors.ts";
import type { Timekeeper } from "./timekeeper.ts";

export interface RepeatOptions {
  /** Whether carrying out the request twice is the same as once. */
  readonly harmless: boolean;
  /** Sent at most this often. */
  readonly tries: number;
  readonly time: Timekeeper;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

const backoffMs = { first: 100, max: 5_000 };

/** The API server asked for more patience than a caller should have: the queue waits better than a worker does. */
const longestRetryAfterMs = 10_000;

/** Sends until it is answered, refused for good, or `tries` are used up; then the last error stands. */
export async function repeat<T>(send: () => Promise<T>, options: RepeatOptions): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await send();
    } catch (error) {
      const waitMs = error instanceof ApiError ? waitAfter(error, tried, options) : undefined;
      if (waitMs === undefined || tried >= options.tries) throw error;
      await options.time.sleep(waitMs, options.signal);
    }
  }
}

/** How long to wait before sending again; undefined where that does not help or may harm. */
function waitAfter(error: ApiError, tried: number, { harmless, random }: RepeatOptions): number | undefined {
  const { reason, status, retryAfterMs } = error;
  const isTurnedAway = retryAfterMs !== undefined && (status === 429 || status === 503);
  if (isTurnedAway) return retryAfterMs <= longestRetryAfterMs ? retryAfterMs * (1 + random() / 2) : undefined;
  if (reason !== "unavailable" || !harmless) return undefined;
  const fullMs = Math.min(backoffMs.first * 2 ** (tried - 1), backoffMs.max);
  return fullMs / 2 + (fullMs / 2) * random();
}
