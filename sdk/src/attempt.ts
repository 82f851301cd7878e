// One attempt, from the assignment to the report.
//
//   A1. It never rejects: whatever happens is a report.
//   A2. What has happened decides, with one exception: once the timeout has struck, the attempt is TimedOut, whatever its
//       function still returns or throws (S68). Of the other stops the gateway knows what a report is then worth (S169).
//   A3. What the function has submitted is in the cluster before its success is reported (S135).
import { ProtocolCode, type Assignment, type Report, type RunEnd } from "@stint/crds/attempt";
import { shapeOf } from "@stint/crds/binding";
import { LiveReason } from "@stint/crds/conditions";
import { stopReason, type Host } from "@stint/crds/host";
import type { Json } from "@stint/crds/json";
import { withValuesAt } from "@stint/crds/pointer";
import { toReportedError } from "@stint/crds/thrown";

import { callsThrough } from "./calls.ts";
import { arityProblem } from "./checking.ts";
import { Children } from "./children.ts";
import { attemptContext } from "./contexts.ts";
import { ClientError, TaskRunError } from "./errors.ts";
import { execute, failedWith, type Ending } from "./execution.ts";
import type { Definition } from "./registry.ts";
import type { RetryQuestion } from "./retry-question.ts";
import { triggersThrough } from "./root-runs.ts";
import { nameOfRun } from "./run-name.ts";
import { runIn, type Scope } from "./scope.ts";
import { Submissions } from "./submissions.ts";

import "./local.ts"; // a function may call `.local()`, whatever the SDK was bundled into

export async function runAttempt(
  definition: Definition | undefined,
  assignment: Assignment,
  host: Host,
): Promise<Report> {
  const startedAt = new Date(host.startedAtMs).toISOString();
  if (!definition) return { ...notRegistered(assignment), startedAt };

  const children = new Children(assignment, host);
  const submissions = new Submissions(assignment, children);
  const scope: Scope = {
    context: attemptContext(assignment, host, (...given) => submissions.add(...given)),
    ...callsThrough((calls) => children.start(calls)),
    trigger: triggersThrough((request) => children.trigger(request), assignment),
    yielded: (value) => host.yielded(value),
  };
  const input = inputOf(assignment);
  announce(definition, input, scope, host);
  const attempt = { assignment, input, host, scope };
  const question = await retryQuestion(definition, attempt);
  const returned = await entered(definition, attempt);
  const ending = returned.kind === "succeeded" ? await handOver(returned, submissions) : returned;
  const isLate = stopReason(host.signal) === "TimedOut";
  await children.settled();

  if ("thrown" in ending) host.thrown?.(ending.thrown);
  const told = isLate ? timedOut(assignment) : ending;
  const isDenied = await isRetryDenied(question, told, host);
  return { ...withoutThrown(told), ...(isDenied && { retryDenied: true }), startedAt };
}

/** Calls what the task wants called once its run has ended by this attempt (S104, S105). Never rejects. */
export async function runEnded(
  definition: Definition | undefined,
  assignment: Assignment,
  host: Host,
  end: RunEnd,
): Promise<void> {
  const name = end.phase === "Succeeded" ? "onCompletion" : "onFailure";
  const hooks = definition?.callbacks?.[name] ?? [];
  if (hooks.length === 0) return;
  const { callHooks } = await import("./hooks.ts");
  await callHooks({ name, hooks, state: end, assignment, host, scope: scopeAfterwards(assignment, host) });
}

interface Attempt {
  readonly assignment: Assignment;
  /** The assignment's, with the values that it refers to. */
  readonly input: ReturnType<typeof inputOf>;
  readonly host: Host;
  readonly scope: Scope;
}

/** The function's ending, with the hooks before it. After a stop that came meanwhile it is not entered any more. */
async function entered(definition: Definition, { assignment, input, host, scope }: Attempt): Promise<Ending> {
  const hooks = definition.callbacks?.onRunning ?? [];
  if (hooks.length > 0) {
    const { attempt } = assignment;
    const reason = attempt === 1 ? LiveReason.AttemptRunning : LiveReason.Retrying;
    const state = { phase: "Running", reason, message: "", attempts: attempt } as const;
    const { callHooks } = await import("./hooks.ts");
    await callHooks({ name: "onRunning", hooks, state, assignment, host, scope });
    if (host.signal.aborted) return failedWith("TaskError", host.signal.reason);
  }
  return execute(definition, input, scope);
}

async function retryQuestion({ callbacks }: Definition, attempt: Attempt): Promise<RetryQuestion | undefined> {
  if (!callbacks?.retryIf) return undefined;
  const { RetryQuestion } = await import("./retry-question.ts");
  return new RetryQuestion(callbacks.retryIf, attempt);
}

/** Asked of a throw and of a timeout; not of what is final anyway, nor where somebody else ends the attempt (S93). */
async function isRetryDenied(
  question: RetryQuestion | undefined,
  ending: Ending,
  { signal }: Pick<Host, "signal">,
): Promise<boolean> {
  if (!question || ending.kind !== "failed") return false;
  if (ending.reason === "TimedOut") return question.isDenied(signal.reason);
  return ending.reason === "TaskError" && !signal.aborted && question.isDenied(ending.thrown);
}

/** The attempt is over, so nothing can be started for it any more. */
function scopeAfterwards(assignment: Assignment, host: Host): Scope {
  return {
    context: attemptContext(assignment, host, (task) => refuseInHook(task.name)),
    ...callsThrough(([call]) => refuseInHook(call?.target.name ?? "")),
    trigger: triggersThrough(async ({ task }) => refuseInHook(task), assignment),
  };
}

function refuseInHook(task: string): never {
  throw new Error(`Task "${task}" called in a hook: the attempt is over; make a task of the hook instead`);
}

function withoutThrown(
  ending: Ending,
): Exclude<Ending, { kind: "failed" }> | Omit<Extract<Ending, { kind: "failed" }>, "thrown"> {
  if (ending.kind === "succeeded") return ending;
  const { thrown: _, ...failure } = ending;
  return failure;
}

/** The run is called what the task says (S21). An input that does not fit the function has no arguments to name it by. */
function announce(definition: Definition, input: Json, scope: Scope, host: Host): void {
  if (definition.runName === undefined || arityProblem(definition, shapeOf(input)) !== undefined) return;
  const { displayName, invalidRunName } = runIn(scope, () => nameOfRun(definition, input));
  if (displayName !== undefined) scope.context.display = displayName;
  if (invalidRunName !== undefined) host.progress({ invalidRunName });
}

/** The input as the function is to get it: a run that was allowed to fail, and did, is an error in its place (S133). */
function inputOf({ input, failures = [] }: Assignment): Json {
  const errors = failures.map(({ pointer, outcome }) => [pointer, new TaskRunError(outcome)] as const);
  return withValuesAt(input, new Map(errors)) as Json; // an error is no JSON, and goes no further than to the function
}

/** A3. What cannot be handed over fails the attempt, for good if the tree is full (S127). */
async function handOver(ending: Ending & { kind: "succeeded" }, submissions: Submissions): Promise<Ending> {
  try {
    const submitted = await submissions.send();
    return submitted === 0 ? ending : { ...ending, submitted };
  } catch (error) {
    const isFull = error instanceof ClientError && error.code === ProtocolCode.TreeLimitExceeded;
    const reason = isFull ? ProtocolCode.TreeLimitExceeded : "TaskError";
    return { kind: "failed", reason, error: toReportedError(error), retryable: false };
  }
}

function timedOut({ timeoutSeconds }: Assignment): Ending {
  const message = `attempt exceeded its timeout of ${timeoutSeconds} second(s)`;
  return { kind: "failed", reason: "TimedOut", error: { name: "TimeoutError", message }, retryable: false };
}

function notRegistered({ task, bundle, revision }: Assignment): Ending {
  const message = `Task "${task}" is not registered in bundle ${bundle} revision ${revision}`;
  return { kind: "failed", reason: "TaskNotFound", error: { name: "Error", message }, retryable: false };
}
