// SIGTERM: what the process is told when its pod is being ended, and how the user's code learns why.
import type { StopNotice } from "@stint/crds/attempt";

import type { Gateway } from "./gateway.ts";
import type { Stop } from "./stop.ts";

/** The process was told to end. */
export class Terminated extends Error {
  override readonly name = "Terminated";
}

/**
 * Aborts at the first SIGTERM, with {@link Terminated}.
 *
 * The first process of a container ignores signals without a listener: it would live until the grace period ends.
 */
export function untilSigterm(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGTERM", () => controller.abort(new Terminated("SIGTERM")));
  return controller.signal;
}

/** The cluster's own doing, where nobody knows better: drain, preemption, node shutdown (S169). */
const disrupted: StopNotice = { reason: "Disrupted", message: "the cluster is ending the pod of this attempt" };

/** Stops the attempt at SIGTERM, for the reason that the gateway gives. */
export function stopAtSigterm(terminated: AbortSignal, gateway: Pick<Gateway, "stopNotice">, stop: Stop): void {
  const ask = async (): Promise<void> => stop.begin((await noticeFrom(gateway)) ?? disrupted);
  if (terminated.aborted) void ask();
  else terminated.addEventListener("abort", () => void ask(), { once: true });
}

async function noticeFrom(gateway: Pick<Gateway, "stopNotice">): Promise<StopNotice | undefined> {
  try {
    return await gateway.stopNotice();
  } catch {
    return undefined; // no answer, or a refusal: either way nobody has told us a reason
  }
}
