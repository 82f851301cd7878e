import type { Assignment, Upstream } from "@stint/crds/attempt";
import type { CachePort, Host, HostTime } from "@stint/crds/host";
import type { Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import type { WriteLog } from "@stint/crds/log-line";

import { createTreeCache, type TreeCache } from "./cache.ts";
import { createLogger, writerFor, type RunLogger } from "./logger.ts";
import { overriddenContext } from "./overrides.ts";
import { createProgress, type Progress } from "./progress.ts";
import { currentScope } from "./scope.ts";
import { localSubmit, type Submit } from "./submissions.ts";

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
  const scope = currentScope();
  if (scope) return scope.context;
  const overridden = overriddenContext();
  if (!overridden) throw new Error("currentContext() called outside a run");
  return localContext({ name: "local", tags: [] }, [], overridden.cache);
}

/** The logger of the run that is executing. Throws as {@link currentContext} does. Source: S143. */
export function getRunLogger(): RunLogger {
  return currentContext().log;
}

type Derived = "executionId" | "remainingMs" | "progress" | "cache" | "log" | "display" | "idempotencyKey";

/** What a context is made from: facts, and where progress, display name and records go. */
interface Facts extends Omit<TaskContext, Derived> {
  readonly send: Host["progress"];
  readonly cachePort: CachePort;
  readonly write?: WriteLog | undefined;
  readonly time?: HostTime | undefined;
}

export function attemptContext(assignment: Assignment, host: Host, submit: Submit): TaskContext {
  const { uid, attempt, userRetries, maxRetries, bundle, revision, namespace, tags, labels, input } = assignment;
  const same = { uid, attempt, userRetries, maxRetries, bundle, revision, namespace, tags, labels, input };
  return contextOf({
    ...same,
    runId: assignment.name,
    taskName: assignment.task,
    parentRunId: assignment.parent,
    rootRunId: assignment.root,
    upstream: assignment.upstream ?? [],
    submit,
    signal: host.signal,
    deadline: deadlineOf(assignment, host.startedAtMs),
    send: (update) => host.progress(update),
    cachePort: host.cache,
    write: host.log && ((...record) => host.log?.(...record)),
    time: host.time,
  });
}

function deadlineOf({ timeoutSeconds, deadlineAt }: Assignment, startedAtMs: number): Date {
  const timeoutAtMs = startedAtMs + timeoutSeconds * 1000;
  return new Date(deadlineAt === undefined ? timeoutAtMs : Math.min(timeoutAtMs, Date.parse(deadlineAt)));
}

/** The stub that `.local()` shows (S112), and what overrides change of it (S290): nobody stops it, its progress goes nowhere. */
export function localContext(
  task: { readonly name: string; readonly tags: readonly string[] },
  input: Json,
  cachePort: CachePort,
  upstream: readonly Upstream[] = [],
): TaskContext {
  const { overrides = {} } = overriddenContext() ?? {};
  const { runId = "local" } = overrides;
  return contextOf({
    runId,
    uid: "local",
    attempt: 1,
    userRetries: 0,
    maxRetries: 0,
    taskName: task.name,
    bundle: "local",
    revision: 0,
    namespace: "local",
    parentRunId: undefined,
    rootRunId: runId,
    tags: task.tags,
    labels: {},
    input,
    upstream,
    submit: localSubmit(),
    signal: new AbortController().signal,
    deadline: undefined,
    ...overrides,
    send: () => undefined,
    cachePort,
  });
}

function contextOf({ send, cachePort, write, time, ...facts }: Facts): TaskContext {
  const { runId, uid, namespace, deadline } = facts;
  let display: string | undefined;
  return Object.freeze({
    ...facts,
    executionId: runId,
    idempotencyKey: `${namespace}/${uid}`,
    remainingMs: () => (deadline ? Math.max(0, deadline.getTime() - (time?.nowMs() ?? Date.now())) : Infinity),
    progress: createProgress(runId, send),
    cache: createTreeCache(cachePort),
    log: createLogger(write ?? writerFor(facts)),
    get display(): string | undefined {
      return display;
    },
    set display(text: string | undefined) {
      display = text?.slice(0, limits.displayNameLength);
      if (display !== undefined) send({ displayName: display });
    },
  });
}
