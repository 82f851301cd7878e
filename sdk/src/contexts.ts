// What a context is made of: in an attempt the assignment and the runner, elsewhere a stub.
import type { Assignment, Upstream } from "@stint/crds/attempt";
import type { CachePort, Host, HostTime } from "@stint/crds/host";
import type { Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import type { WriteLog } from "@stint/crds/log-line";

import { createTreeCache } from "./cache.ts";
import type { TaskContext } from "./context.ts";
import { createLogger, writerFor } from "./logger.ts";
import { overriddenContext } from "./overrides.ts";
import { createProgress } from "./progress.ts";
import { localSubmit, type Submit } from "./submissions.ts";

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

/** What {@link withContext} or the environment says to answer outside a run (S290); `undefined` if neither says anything. */
export function madeUpContext(): TaskContext | undefined {
  const overridden = overriddenContext();
  return overridden && localContext({ name: "local", tags: [] }, [], overridden.cache);
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
