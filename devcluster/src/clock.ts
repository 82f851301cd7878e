import { setTimeout as sleep } from "node:timers/promises";

/** Time, as the server tells it and waits for it. */
export interface Clock {
  now(): Date;
  /** Resolves after so many milliseconds; rejects when the signal is aborted. Keeps no process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) => sleep(ms, undefined, { ref: false, ...(signal && { signal }) }),
};

/** An instant as Kubernetes writes it in metadata: whole seconds. */
export function toTime(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}
