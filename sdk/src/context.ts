// What the user's code may ask of the run that it belongs to.
import type { Upstream } from "@stint/crds/attempt";
import type { Json } from "@stint/crds/json";

import type { TreeCache } from "./cache.ts";
import { inProcess, mayBeMadeUp } from "./in-process.ts";
import type { RunLogger } from "./logger.ts";
import type { ContextOverrides } from "./overrides.ts";
import type { Progress } from "./progress.ts";
import { currentScope } from "./scope.ts";
import type { Submit } from "./submissions.ts";

/** The run that the code belongs to, and this attempt of it. Source: S142. */
export interface TaskContext {
  /** The run's name; `executionId` is the same string under another name. */
  readonly runId: string;
  readonly executionId: string;
  readonly uid: string;
  /** From 1; every attempt has a pod of its own. */
  readonly attempt: number;
  /** User retries spent so far, and how many there may be. */
  readonly userRetries: number;
  readonly maxRetries: number;
  readonly taskName: string;
  readonly bundle: string;
  readonly revision: number;
  readonly namespace: string;
  /** `undefined` for a root run. */
  readonly parentRunId: string | undefined;
  /** The run itself for a root run. */
  readonly rootRunId: string;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly input: Json;
  /** The runs that this one depends on, as they ended: of `waitFor`, and of instances among its arguments. Source: S142. */
  readonly upstream: readonly Upstream[];
  /**
   * Hands a subtask over: it starts when this attempt has succeeded, in a pod of its own, and the run then waits for it
   * without one. Nothing of it comes back here.
   *
   * Gives a reference for `dependsOn` of later submissions. A failed attempt leaves none of its submissions behind. Throws a
   * TypeError for what is no task, option, reference or JSON, a RangeError beyond 1000, and an Error once the function has
   * returned. In `.local()` a submission is checked and not run. Source: S134 to S140.
   *
   * ```ts
   * const clean = currentContext().submit(tidy, [url], { optional: true });
   * currentContext().submit(publish, [url], { dependsOn: [clean] });
   * ```
   */
  readonly submit: Submit;
  /** Aborts when the attempt is to end; `reason` is a Canceled-, Timeout-, Deadline- or DisruptionError (S169). */
  readonly signal: AbortSignal;
  /** The earlier of the attempt's timeout and the run's deadline; `undefined` in `.local()`. */
  readonly deadline: Date | undefined;
  /** Milliseconds until {@link deadline}, never below 0; Infinity without one. */
  remainingMs(): number;
  /** The same in all attempts of the run, and in no other run: for side effects that must happen once (S99). */
  readonly idempotencyKey: string;
  readonly progress: Progress;
  readonly cache: TreeCache;
  /** Writes records to the run's log. Source: S143. */
  readonly log: RunLogger;
  /** A line about the run, for people; more than 1024 characters are cut (S150). */
  display: string | undefined;
}

/**
 * The context of the run that is executing, anywhere in its async call tree.
 *
 * Outside a run it throws an `Error`, unless {@link withContext} or the environment says what to answer. Source: S141, S290.
 */
export function currentContext(): TaskContext {
  const context = currentScope()?.context ?? (mayBeMadeUp() ? inProcess().madeUpContext() : undefined);
  if (context) return context;
  throw new Error("currentContext() called outside a run");
}

/**
 * Runs `work` so that `currentContext()` answers these values in it, across awaits; nested calls add up. Gives what `work`
 * gives.
 *
 * It makes no run: calling a task in it is an error as anywhere outside one. Inside a real attempt it changes nothing.
 * Source: S290.
 */
export function withContext<T>(context: ContextOverrides, work: () => T): T {
  return inProcess().withOverrides(context, work);
}

/** The logger of the run that is executing. Throws as {@link currentContext} does. Source: S143. */
export function getRunLogger(): RunLogger {
  return currentContext().log;
}
