// One attempt, from the assignment to the report.
//
//   A1. It never rejects: whatever happens is a report.
//   A2. What has happened decides, with one exception: once the timeout has struck, the attempt is TimedOut, whatever its
//       function still returns or throws (S68). Of the other stops the gateway knows what a report is then worth (S169).
import type { Assignment, Report } from "@stint/crds/attempt";
import { stopReason, type Host } from "@stint/crds/host";

import { Children } from "./children.ts";
import { attemptContext } from "./context.ts";
import { execute, type Ending } from "./execution.ts";
import type { Definition } from "./registry.ts";
import type { Scope } from "./scope.ts";

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
  };
  const ending = await execute(definition, assignment.input, scope);
  const isLate = stopReason(host.signal) === "TimedOut";
  await children.settled();

  if (ending.kind === "succeeded") return { ...(isLate ? timedOut(assignment) : ending), startedAt };
  const { thrown, ...failure } = ending;
  if ("thrown" in ending) host.thrown?.(thrown);
  return { ...(isLate ? timedOut(assignment) : failure), startedAt };
}

function timedOut({ timeoutSeconds }: Assignment): Ending {
  const message = `attempt exceeded its timeout of ${timeoutSeconds} second(s)`;
  return { kind: "failed", reason: "TimedOut", error: { name: "TimeoutError", message }, retryable: false };
}

function notRegistered({ task, bundle, revision }: Assignment): Ending {
  const message = `Task "${task}" is not registered in bundle ${bundle} revision ${revision}`;
  return { kind: "failed", reason: "TaskNotFound", error: { name: "Error", message }, retryable: false };
}
