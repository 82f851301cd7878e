// Keeps an operator running, as a Deployment does.
//
//   K1. One that ends after it was ready is started again: it gives up when it has lost its lease, and that is what a machine
//       that slept, or had no time for it, looks like.
//   K2. One that ends before it was ready would do so again: that is told, and nothing is started.
import type { OperatorProcess } from "./operator-process.ts";

export interface KeptOperator {
  /** Resolves when the first one can serve; rejects if it ends before. */
  readonly ready: Promise<void>;
  /** Rejects when none is kept any more, and nobody has asked for that. */
  readonly lost: Promise<never>;
  /** Starts no other from now on, and answers the last one. */
  release(): Promise<OperatorProcess>;
}

/** `onEnd` is told how one ended in whose place another is started. */
export async function keepOperator(
  start: () => Promise<OperatorProcess>,
  onEnd: (end: number | NodeJS.Signals) => void,
): Promise<KeptOperator> {
  const first = await start();
  let current = Promise.resolve(first);
  let isReleased = false;
  const keep = async (): Promise<never> => {
    for (;;) {
      const operator = await current;
      await operator.ready; // K2
      const end = await operator.ended;
      if (isReleased) return new Promise(() => undefined);
      onEnd(end);
      current = start(); // K1
    }
  };
  const lost = keep().catch((error: unknown) => {
    if (isReleased) return new Promise<never>(() => undefined); // it was stopped before it was ready
    throw error;
  });
  lost.catch(() => undefined); // whoever waits hears of it
  return {
    ready: first.ready,
    lost,
    release() {
      isReleased = true;
      return current;
    },
  };
}
