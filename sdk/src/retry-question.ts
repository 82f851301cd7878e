// Asking `retryIf` (S93). Loaded only for tasks that have one.
//
//   Q1. It is asked once an attempt, and at most: what the function throws after its timeout asks no second time.
//   Q2. At a timeout it is asked at once, not when the function has ended: a function that does not end is reported by the
//       runner, which learns of a no by `denyRetry`.
//   Q3. Whoever is silent for 10 s has said yes.
import type { Assignment } from "@stint/crds/attempt";
import { stopReason, type Host } from "@stint/crds/host";
import { limits } from "@stint/crds/limits";
import { describeThrown } from "@stint/crds/thrown";

import type { RetryIf } from "./callbacks.ts";
import { runIn, type Scope } from "./scope.ts";
import { within } from "./within.ts";

export class RetryQuestion {
  readonly #retryIf: RetryIf;
  readonly #attempt: { readonly assignment: Assignment; readonly host: Host; readonly scope: Scope };
  #isDenied: Promise<boolean> | undefined;

  constructor(retryIf: RetryIf, attempt: { assignment: Assignment; host: Host; scope: Scope }) {
    this.#retryIf = retryIf;
    this.#attempt = attempt;
    const { signal } = attempt.host;
    const ask = (): void => void (stopReason(signal) === "TimedOut" && this.isDenied(signal.reason)); // Q2
    signal.addEventListener("abort", ask, { once: true });
  }

  /** Whether the task wants no retry after this error, or after the one that it was asked about before (Q1). */
  isDenied(error: unknown): Promise<boolean> {
    this.#isDenied ??= this.#ask(error);
    return this.#isDenied;
  }

  async #ask(error: unknown): Promise<boolean> {
    const { host, scope } = this.#attempt;
    const mayRetry = await within(
      limits.retryIfMs,
      runIn(scope, () => this.#answerTo(error)),
      host.time,
    );
    if (mayRetry === undefined) host.log?.("warn", "retryIf did not answer within 10 s"); // Q3
    const isDenied = mayRetry === false;
    if (isDenied) host.denyRetry?.();
    return isDenied;
  }

  async #answerTo(error: unknown): Promise<boolean> {
    const { assignment, host } = this.#attempt;
    const { task, name: run, attempt } = assignment;
    try {
      const answer: unknown = await this.#retryIf(error, { task, run, attempt });
      if (typeof answer === "boolean") return answer;
      host.log?.("warn", "retryIf answered no boolean: no retry", { answer: typeof answer });
    } catch (thrown) {
      host.log?.("warn", "retryIf threw: no retry", { error: describeThrown(thrown) });
    }
    return false;
  }
}
