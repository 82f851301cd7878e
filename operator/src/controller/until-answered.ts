import type { Clock } from "../clock.ts";
import { isApiError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Patience } from "./patience.ts";

export interface UntilAnsweredOptions {
  readonly patience: Patience;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * What `ask` comes to, once the API server gives an answer: for what a replica has to know before it can begin. It waits for that
 * as its caches do; another process would only ask more often.
 *
 * Throws what `ask` throws where asking again does not help, and the signal's reason.
 */
export async function untilAnswered<T>(ask: () => Promise<T>, options: UntilAnsweredOptions): Promise<T> {
  const { patience, clock, log, signal } = options;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isApiError(error, "unavailable", "tooManyRequests")) throw error;
      log.warn({ error }, "the API server gives no answer, and is asked again");
      await clock.sleep(patience.afterFailure(), signal);
    }
  }
}
