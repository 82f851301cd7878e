import type { ConditionType, Phase } from "@stint/crds/conditions";
import type { Attempt, ErrorRecord, TaskRun, TaskRunStatus } from "@stint/crds/taskrun";
import { conditionOf } from "@stint/operator/core/status";
import { taskOf } from "@stint/sdk/harness";

/** A run as it stands. */
export interface RunState<T = unknown> {
  /** The run's name. */
  readonly id: string;
  /** `<bundle>/<task>`. */
  readonly task: string;
  readonly phase: Phase;
  /** Why it stands there, of the condition Succeeded: `Completed`, `TaskError`, `AwaitingRetry`, `AttemptRunning`, … */
  readonly reason: string;
  readonly message: string;
  /** Every attempt so far, the live one included, as `status.attempts` has them. */
  readonly attempts: readonly Attempt[];
  /** The function's value; present if the run succeeded. */
  readonly result?: T;
  /** How the run failed; absent unless it did. */
  readonly error?: ErrorRecord;
  /** The whole status of the TaskRun. */
  readonly status: TaskRunStatus;
}

const succeeded: ConditionType = "Succeeded";

export function toRunState<T>({ metadata, spec, status = {} }: TaskRun): RunState<T> {
  const { reason = "", message = "" } = conditionOf(status.conditions, succeeded) ?? {};
  const { phase = "Pending", attempts = [], error } = status;
  return {
    id: metadata.name,
    task: taskOf(spec.task),
    phase,
    reason,
    message,
    attempts,
    ...(phase === "Succeeded" && { result: (status.result ?? null) as T }), // the function's type, on its way through JSON
    ...(error && { error }),
    status,
  };
}
