// A situation in a word becomes conditions, and conditions become a phase. Nothing here looks at a pod.
import {
  ConditionType,
  phaseOfEnd,
  Phase,
  EndReason,
  type FailureReason,
  LiveReason,
  NotStartedReason,
} from "@stint/crds/conditions";
import { failureNotes } from "@stint/crds/failures";
import type { Condition } from "@stint/crds/kubernetes";
import { limits } from "@stint/crds/limits";
import type { ErrorRecord, TaskRunStatus } from "@stint/crds/taskrun";
import type { ReportedError } from "@stint/crds/attempt";

/** Where a run stands, and why. */
export type Situation =
  | { readonly kind: "Pending" | "Running" | "Suspended"; readonly reason: LiveReason; readonly message?: string }
  | { readonly kind: "Succeeded"; readonly reason: typeof EndReason.Completed; readonly message?: string }
  | { readonly kind: "Failed"; readonly reason: FailureReason; readonly message: string }
  | {
      readonly kind: "Canceled";
      readonly reason: typeof EndReason.Canceled | typeof EndReason.ParentCanceled | typeof NotStartedReason.TreeFailed;
      readonly message?: string;
    }
  | {
      readonly kind: "Skipped";
      readonly reason: typeof NotStartedReason.UpstreamFailed | typeof NotStartedReason.OptionalBranchFailed;
      readonly message: string;
    };

/** Where a run stands whose function has succeeded and has handed over to others (S136). */
export const waitsForSubtasks: Situation = { kind: "Running", reason: LiveReason.WaitingForSubtasks };

export interface Moment {
  readonly now: Date;
  /** `metadata.generation` of the run. */
  readonly generation: number | undefined;
}

/** The status with the conditions, the phase and, at the end, the times of the situation (S152, S153). */
export function withSituation(status: TaskRunStatus, situation: Situation, moment: Moment): TaskRunStatus {
  const conditions = conditionsOf(status, situation, moment.now);
  const common = {
    ...status,
    phase: phaseOf(conditions),
    conditions,
    ...(moment.generation !== undefined && { observedGeneration: moment.generation }),
  };
  return isFinal(situation) ? ended(common, moment.now) : common;
}

/** The phase that conditions amount to (S153). */
export function phaseOf(conditions: readonly Condition[]): Phase {
  const is = (type: ConditionType, value: string): boolean =>
    conditions.some((c) => c.type === type && c.status === value);
  if (is(ConditionType.Finished, "True")) {
    if (is(ConditionType.Succeeded, "True")) return Phase.Succeeded;
    return phaseOfEnd(conditionOf(conditions, ConditionType.Succeeded)?.reason ?? "");
  }
  if (is(ConditionType.Suspended, "True")) return Phase.Suspended;
  return is(ConditionType.Running, "True") ? Phase.Running : Phase.Pending;
}

export function conditionOf(conditions: readonly Condition[] | undefined, type: ConditionType): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isTrue(status: TaskRunStatus | undefined, type: ConditionType): boolean {
  return conditionOf(status?.conditions, type)?.status === "True";
}

/** An error as `status.error` keeps it: cut, never empty of meaning, with what can be done about its reason (S77). */
export function errorRecord(error: ReportedError, reason: FailureReason): ErrorRecord {
  return {
    name: error.name.slice(0, 256),
    message: error.message.slice(0, limits.errorLength),
    ...(error.stack !== undefined && { stack: error.stack.slice(0, limits.stackLength) }),
    hint: failureNotes[reason].hint,
  };
}

/** An error as an attempt keeps it: shorter, and without the stack (S77). */
export function attemptError(error: ReportedError): { name: string; message: string } {
  return { name: error.name.slice(0, 256), message: error.message.slice(0, limits.attemptErrorLength) };
}

const withOthers: ReadonlySet<string> = new Set([
  EndReason.ParentCanceled,
  NotStartedReason.TreeFailed,
  NotStartedReason.OptionalBranchFailed,
]);

/** Whether an optional run that ends so goes wrong by itself, so that others go on without it (S140). */
export function isTolerable(situation: Situation): boolean {
  return isFinal(situation) && situation.kind !== "Succeeded" && !withOthers.has(situation.reason);
}

function isFinal({ kind }: Situation): boolean {
  return kind !== "Pending" && kind !== "Running" && kind !== "Suspended";
}

function ended(status: TaskRunStatus, now: Date): TaskRunStatus {
  const { nextRetryAt: _, ...kept } = status;
  const finishedAt = now.toISOString();
  if (status.startedAt === undefined) return { ...kept, finishedAt };
  // The start was read off another machine's clock, which may be ahead of ours.
  const durationSeconds = Math.max(0, now.getTime() - Date.parse(status.startedAt)) / 1000;
  return { ...kept, finishedAt, durationSeconds };
}

function conditionsOf(status: TaskRunStatus, situation: Situation, now: Date): Condition[] {
  const { kind, reason } = situation;
  const message = (situation.message ?? "").slice(0, limits.conditionMessageLength);
  const accepted = status.revision !== undefined;
  const holdsSlot = isHolding(status, situation);
  const values: readonly [ConditionType, Condition["status"], string, string][] = [
    accepted ? [ConditionType.Accepted, "True", "Accepted", ""] : [ConditionType.Accepted, "False", reason, message],
    [ConditionType.Admitted, holdsSlot ? "True" : "False", holdsSlot ? "Admitted" : reason, ""],
    [ConditionType.Running, kind === "Running" ? "True" : "False", reason, ""],
    kind === "Suspended"
      ? [ConditionType.Suspended, "True", reason, message]
      : [ConditionType.Suspended, "False", reason, ""],
    [
      ConditionType.Succeeded,
      kind === "Succeeded" ? "True" : isFinal(situation) ? "False" : "Unknown",
      reason,
      message,
    ],
    [ConditionType.Finished, isFinal(situation) ? "True" : "False", reason, ""],
  ];
  return values.map(([type, value, why, text]) => {
    const before = conditionOf(status.conditions, type);
    const lastTransitionTime = before?.status === value ? before.lastTransitionTime : now.toISOString();
    return { type, status: value, reason: why, message: text, lastTransitionTime };
  });
}

/** Whether an attempt is open. One that a pause has met before its pod was made holds nothing. */
function isHolding({ attempts }: TaskRunStatus, { kind }: Situation): boolean {
  const last = attempts?.at(-1);
  return kind !== "Suspended" && last !== undefined && last.finishedAt === undefined;
}
