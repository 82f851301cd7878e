import { describeThrown } from "@stint/crds/thrown";

import type { Log } from "./log.ts";

/** Errors of the user's code outside the promise that its function returned. */
export interface CrashWatch extends Disposable {
  /** Rejects with the first of them. */
  readonly crashed: Promise<never>;
}

/**
 * Catches what would end the process without a report: uncaught exceptions, and unhandled rejections, which Node raises
 * as such unless the user's code listens for them itself.
 *
 * The first one fails the attempt. Each is logged, those after the function's end too: its outcome stands.
 * `isExpected`: errors that are our own doing, such as a call that nobody awaits and that a stop has rejected.
 */
export function watchCrashes(log: Log, isExpected: (error: unknown) => boolean): CrashWatch {
  const { promise: crashed, reject } = Promise.withResolvers<never>();
  crashed.catch(() => {}); // one that comes after the attempt's end has nobody who waits for it
  const listener = (error: unknown): void => {
    if (isExpected(error)) return;
    log.error("uncaught error", { error: describeThrown(error) });
    reject(error);
  };
  process.on("uncaughtException", listener);
  return { crashed, [Symbol.dispose]: () => process.off("uncaughtException", listener) };
}
