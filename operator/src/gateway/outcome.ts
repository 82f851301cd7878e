// How a run ended, for the attempt that waits for it.
import type { RunOutcome } from "@stint/crds/attempt";
import { ConditionType, EndReason, Phase } from "@stint/crds/conditions";
import type { Json } from "@stint/crds/json";
import { isRerunDue } from "@stint/crds/rerun";
import type { TaskRun } from "@stint/crds/taskrun";

import { conditionOf, isTrue, phaseOf } from "../core/status.ts";

/** The outcome of a finished run, or `undefined` while it is live or about to be (S170). */
export function toOutcome(run: TaskRun): RunOutcome | undefined {
  const { metadata, spec, status = {} } = run;
  if (!isTrue(status, ConditionType.Finished) || isRerunDue(run)) return undefined;
  const { reason = "", message = "" } = conditionOf(status.conditions, ConditionType.Succeeded) ?? {};
  const { error } = status;
  return {
    name: metadata.name,
    task: withoutRevision(spec.task),
    phase: endOf(status.conditions ?? []),
    reason,
    message,
    attempts: status.attemptCount ?? 0,
    // Untyped in the schema; it came as JSON from the API server.
    ...(isTrue(status, ConditionType.Succeeded) && { result: status.result as Json }),
    ...(error && { error: { name: error.name, message: error.message, ...stackOf(error) } }),
  };
}

/** Deleting a run is canceling and forgetting it (S168): whoever waits for it must not wait for ever. */
export function deletedOutcome(name: string): RunOutcome {
  return {
    name,
    task: "",
    phase: Phase.Canceled,
    reason: EndReason.Canceled,
    message: `task run not found: ${name}`,
    attempts: 0,
  };
}

/** `<bundle>/<task>`, as people name it. */
export function withoutRevision(task: string): string {
  return task.replace(/:[0-9]+$/, "");
}

function endOf(conditions: Parameters<typeof phaseOf>[0]): RunOutcome["phase"] {
  const phase = phaseOf(conditions);
  const isLive = phase === Phase.Pending || phase === Phase.Running || phase === Phase.Suspended;
  return isLive ? Phase.Failed : phase;
}

function stackOf({ stack }: { readonly stack?: string | undefined }): { readonly stack?: string } {
  return stack === undefined ? {} : { stack };
}
