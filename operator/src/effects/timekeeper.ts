/** As much of a clock as a writer may hold: to wait before a repetition, never to learn what time it is. */
export interface Timekeeper {
  monotonicMs(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** For callers that brought no signal: it is never aborted. */
export const neverAborted: AbortSignal = new AbortController().signal;
