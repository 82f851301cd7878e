import type { StopNotice } from "@stint/crds/attempt";
import { findRegistry, stopError } from "@stint/crds/host";

/** Asks the attempt to end, once and with a reason: the first notice stands, whoever brings it. */
export class Stop {
  readonly #controller = new AbortController();
  #notice: StopNotice | undefined;

  /** What the user's code sees as `ctx.signal`; its reason is the SDK's error for the notice (S169). */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get notice(): StopNotice | undefined {
    return this.#notice;
  }

  begin(notice: StopNotice): void {
    if (this.#notice) return;
    this.#notice = notice;
    // Without a registry the entry point is still being imported, and nobody holds the signal but us.
    this.#controller.abort(findRegistry()?.stopError(notice) ?? stopError(notice));
  }
}
