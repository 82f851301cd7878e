import type { Timekeeper } from "../../src/effects/timekeeper.ts";

/** Time that passes at once whenever somebody waits for it, and remembers for how long that was. */
export function hurriedTime(): Timekeeper & { readonly waits: readonly number[] } {
  let nowMs = 0;
  const waits: number[] = [];
  return {
    waits,
    monotonicMs: () => nowMs,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
      nowMs += ms;
    },
  };
}
