import type { ReportedError, RunOutcome } from "@stint/crds/attempt";
import { ConditionType, phaseOfEnd } from "@stint/crds/conditions";
import type { Json } from "@stint/crds/json";
import { parseTaskReference } from "@stint/crds/labels";
import type { Condition } from "@stint/crds/kubernetes";
import { isRerunDue } from "@stint/crds/rerun";
import type { ErrorRecord, TaskRun, TaskRunStatus } from "@stint/crds/taskrun";

/** How the run ended, read from its conditions (S152); `undefined` while it is live, or about to be by a rerun (S170). */
export function outcomeOf(run: TaskRun): RunOutcome | undefined {
  const { metadata, spec, status = {} } = run;
  const succeeded = conditionOf(status, ConditionType.Succeeded);
  if (conditionOf(status, ConditionType.Finished).status !== "True" || isRerunDue(run)) return undefined;

  const { reason, message } = succeeded;
  const phase = succeeded.status === "True" ? "Succeeded" : phaseOfEnd(reason);
  return {
    name: metadata.name,
    task: taskOf(spec.task),
    phase,
    reason,
    message,
    attempts: status.attemptCount ?? 0,
    ...(phase === "Succeeded" ? { result: (status.result ?? null) as Json } : {}), // it came as JSON
    ...(status.error === undefined ? {} : { error: reportedError(status.error) }),
  };
}

function conditionOf(
  { conditions = [] }: TaskRunStatus,
  type: ConditionType,
): Pick<Condition, "status" | "reason" | "message"> {
  return conditions.find((condition) => condition.type === type) ?? { status: "Unknown", reason: "", message: "" };
}

/** `<bundle>/<task>`, whatever revision the run asked for. */
export function taskOf(reference: string): string {
  const parsed = parseTaskReference(reference);
  return parsed ? `${parsed.bundle}/${parsed.task}` : reference;
}

function reportedError({ name, message, stack }: ErrorRecord): ReportedError {
  return { name, message, ...(stack === undefined ? {} : { stack }) };
}
