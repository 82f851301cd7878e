import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";

/** Where time comes from. */
export interface Clock {
  /** Milliseconds since the epoch that only ever grow: the wall clock as it was set when the process began. */
  nowMs(): number;
  /** Resolves after `ms`, at most 24.8 days; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** When this process, the container's first, began (S67); in milliseconds since the epoch. */
export const processStartMs = performance.timeOrigin;

export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, { signal });
    } catch {
      throw signal.reason; // only an abort ends a delay early, and the caller knows its own reason from a failure
    }
  },
};
