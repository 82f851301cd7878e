// One attempt, from the assignment to the report.
//
//   A1. It never rejects: whatever happens is a report.
//   A2. What has happened decides, with one exception: once the timeout has struck, the attempt is TimedOut, whatever its
//       function still returns or throws (S68). Of the other stops the gateway knows what a report is then worth (S169).
import type { Assignment, Report } from "@stint/crds/attempt";
import { shapeOf } from "@stint/crds/binding";
import { stopReason, type Host } from "@stint/crds/host";
import type { Json } from "@stint/crds/json";

import { arityProblem } from "./checking.ts";
import { Children } from "./children.ts";
import { attemptContext } from "./context.ts";
import { execute, type Ending } from "./execution.ts";
import type { Definition } from "./registry.ts";
import { nameOfRun } from "./run-name.ts";
import { runIn, type Scope } from "./scope.ts";

export async function runAttempt(
  definition: Definition | undefined,
  assignment: Assignment,
  host: Host,
): Promise<Report> {
  const startedAt = new Date(host.startedAtMs).toISOString();
  if (!definition) return { ...notRegistered(assignment), startedAt };

  const children = new Children(assignment, host);
  const scope: Scope = {
    context: attemptContext(assignment, host),
    call: (call) => children.start(call),
    trigger: (request) => children.trigger(request),
    yielded: (value) => host.yielded(value),
  };
  announce(definition, assignment.input, scope, host);
  const ending = await execute(definition, assignment.input, scope);
  const isLate = stopReason(host.signal) === "TimedOut";
  await children.settled();

  if (ending.kind === "succeeded") return { ...(isLate ? timedOut(assignment) : ending), startedAt };
  const { thrown, ...failure } = ending;
  if ("thrown" in ending) host.thrown?.(thrown);
  return { ...(isLate ? timedOut(assignment) : failure), startedAt };
}

/** The run is called what the task says (S21). An input that does not fit the function has no arguments to name it by. */
function announce(definition: Definition, input: Json, scope: Scope, host: Host): void {
  if (definition.runName === undefined || arityProblem(definition, shapeOf(input)) !== undefined) return;
  const { displayName, invalidRunName } = runIn(scope, () => nameOfRun(definition, input));
  if (displayName !== undefined) scope.context.display = displayName;
  if (invalidRunName !== undefined) host.progress({ invalidRunName });
}

function timedOut({ timeoutSeconds }: Assignment): Ending {
  const message = `attempt exceeded its timeout of ${timeoutSeconds} second(s)`;
  return { kind: "failed", reason: "TimedOut", error: { name: "TimeoutError", message }, retryable: false };
}

function notRegistered({ task, bundle, revision }: Assignment): Ending {
  const message = `Task "${task}" is not registered in bundle ${bundle} revision ${revision}`;
  return { kind: "failed", reason: "TaskNotFound", error: { name: "Error", message }, retryable: false };
}
