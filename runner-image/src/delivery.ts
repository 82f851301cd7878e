// The report's way out of the process (S52, S53).
//
//   D1. The process ends after the acknowledgement and not before.
//   D2. From SIGTERM on the process may be killed at any moment, so an undelivered report goes into the termination
//       message at once; the gateway is tried all the same, until the kill.
import type { Report, ReportResponse } from "@stint/crds/attempt";

import type { Gateway } from "./gateway.ts";
import type { AttemptHost } from "./host.ts";
import type { LastWords } from "./last-words.ts";

export interface DeliveryOptions {
  readonly gateway: Pick<Gateway, "report">;
  readonly host: Pick<AttemptHost, "flush">;
  readonly lastWords: LastWords;
  /** Aborts at SIGTERM. */
  readonly terminated: AbortSignal;
}

/** Resolves with the acknowledgement (D1). Rejects with a refusal, or with {@link ChannelLost}. */
export async function deliver(report: Report, options: DeliveryOptions): Promise<ReportResponse | undefined> {
  const { gateway, host, lastWords, terminated } = options;
  const ended = new AbortController();
  lastWords.keep(report);
  if (terminated.aborted) lastWords.writeReport(); // D2
  terminated.addEventListener("abort", () => lastWords.writeReport(), { signal: ended.signal });
  try {
    await host.flush(ended.signal);
    return await gateway.report(report, ended.signal);
  } finally {
    ended.abort();
  }
}
