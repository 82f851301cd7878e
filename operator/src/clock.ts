import { performance } from "node:perf_hooks";

/** Where time comes from. Only `controller/`, `gateway/` and `main.ts` hold one. */
export interface Clock {
  /** Wall-clock time, for instants that other processes read. */
  now(): Date;
  /** Milliseconds that only ever grow: for durations, and for what must not jump when the wall clock is set. */
  monotonicMs(): number;
  /** Resolves after `ms`, however long that is; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** `setTimeout` takes 31 bits; what is longer fires after 1 ms. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    const endMs = performance.now() + ms;
    for (let leftMs = ms; leftMs > 0; leftMs = endMs - performance.now()) {
      await timer(Math.min(leftMs, longestTimerMs), signal);
    }
    signal.throwIfAborted();
  },
};

function timer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(running);
      reject(signal.reason); // the caller's own reason, so that it can tell its stop from a failure
    };
    // Not unref'ed: a process that waits to repeat its first request has nothing but this timer. Every wait takes a
    // signal instead, and a process that stops, stops its waits.
    // oxlint-disable-next-line no-restricted-globals -- this is the Clock that everybody else has to take
    const running = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
