// The worker loop: take a key, reconcile it, route what came of it. One for every kind; the kind is in `reconcile`.
//
//   W1. A look ends in a Result or in one of three classes of error. Nothing else leaves this file.
//   W2. An error is logged here, once. Below, it is wrapped or let pass.
//   W3. A conflict means that somebody was faster, and a missing object that it was deleted. Neither is news: the look
//       is taken again, on what the cache says by then. It is paced like a failure, 5 ms at first, since until the
//       cache has moved another look would only conflict again.
//   W4. On stop no worker takes another key, and those at work finish.
import type { Clock } from "../clock.ts";
import { ApiError, codeOf, InvariantError, RefusedError } from "../errors.ts";
import type { Key } from "../effects/key.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { WorkQueue } from "./workqueue.ts";

/** What a look came to. */
export type Result =
  /** Nothing more to do until an event. */
  | { readonly kind: "settled" }
  /** There is no such object any more: whatever was planned for it is off. */
  | { readonly kind: "gone" }
  /** Look again then, even if nothing happens. */
  | { readonly kind: "requeueAt"; readonly at: Date };

export const settled: Result = { kind: "settled" };
export const gone: Result = { kind: "gone" };

export function requeueAt(at: Date): Result {
  return { kind: "requeueAt", at };
}

/** One full look at one key. The id marks every log line that belongs to it. */
export type Reconcile = (key: Key, reconcileId: string) => Promise<Result>;

export interface ControllerOptions {
  /** Labels metrics and log lines. */
  readonly name: string;
  readonly workers: number;
  readonly queue: WorkQueue;
  readonly reconcile: Reconcile;
  /** What becomes of a key that only a person can fix. */
  readonly refused: (key: Key, error: RefusedError) => Result;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** How a look is counted. */
type Outcome = "success" | "requeue" | "refused" | "error" | "bug";

/** Works until the signal is aborted; resolves when the last look is over. */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { name, queue, workers } = options;
  let looks = 0;
  const work = async () => {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      await look(key, `${name}-${++looks}`, options);
      queue.done(key);
    }
  };
  const drain = () => queue.drain(); // W4
  signal.addEventListener("abort", drain, { once: true });
  if (signal.aborted) drain();
  await Promise.all(Array.from({ length: workers }, work));
}

async function look(key: Key, reconcileId: string, options: ControllerOptions): Promise<void> {
  const { name: controller, reconcile, clock, metrics } = options;
  const startMs = clock.monotonicMs();
  let result: Outcome;
  try {
    result = route(key, await reconcile(key, reconcileId), options);
  } catch (error) {
    result = routeError(key, error, reconcileId, options);
  }
  metrics.reconciles.inc({ controller, result });
  metrics.reconcileSeconds.observe({ controller }, (clock.monotonicMs() - startMs) / 1000);
}

function route(key: Key, result: Result, { queue }: ControllerOptions): Outcome {
  queue.forget(key);
  if (result.kind === "gone") queue.cancel(key);
  if (result.kind !== "requeueAt") return "success";
  queue.addAt(key, result.at);
  return "requeue";
}

function routeError(key: Key, error: unknown, reconcileId: string, options: ControllerOptions): Outcome {
  const { name: controller, queue, refused, metrics } = options;
  const log = options.log.child({ controller, key, reconcileId, code: codeOf(error) });
  if (error instanceof RefusedError) {
    log.info({ reason: error.reason, error }, "refused");
    route(key, refused(key, error), options);
    return "refused";
  }
  if (error instanceof ApiError && (error.reason === "conflict" || error.reason === "notFound")) {
    queue.addRateLimited(key); // W3
    return "requeue";
  }
  metrics.reconcileErrors.inc({ controller, code: codeOf(error) });
  if (error instanceof ApiError) {
    log.warn({ reason: error.reason, status: error.status, error }, "the API server refused or was silent");
    if (error.reason === "tooManyRequests" && error.retryAfterMs !== undefined) queue.addAfter(key, error.retryAfterMs);
    else queue.addRateLimited(key);
    return "error";
  }
  queue.addRateLimited(key);
  const isBug = error instanceof InvariantError;
  log.error({ error, ...(isBug ? { details: error.details } : {}) }, isBug ? "a bug of ours" : "reconcile failed");
  return isBug ? "bug" : "error";
}
