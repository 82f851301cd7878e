import type { Clock } from "../clock.ts";

/** Timers take 31 bits; what is longer fires after 1 ms. */
const longestTimerMs = 2 ** 31 - 1;

/** Waits `ms`, however long that is. False if `signal` cut the wait short: in a pod's life that is no error. */
export async function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  for (let leftMs = ms; leftMs > 0 && !signal.aborted; leftMs -= longestTimerMs) {
    await clock.sleep(Math.min(leftMs, longestTimerMs), signal).catch(unlessAborted);
  }
  return !signal.aborted;

  function unlessAborted(error: unknown): void {
    if (!signal.aborted) throw error;
  }
}
