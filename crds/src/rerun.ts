// A rerun by hand (S170): who may ask for one, what asking means, and who has been asked and has not begun yet. Everybody
// who changes or awaits a run reads it here; the runner loads it, so there is no zod in it.
import { ConditionType, EndReason } from "./conditions.ts";
import type { TaskRunSpec, TaskRunStatus } from "./taskrun.ts";

/** As much of a run as a rerun depends on. */
export interface Rerunnable {
  readonly metadata: { readonly name: string };
  readonly spec: Pick<TaskRunSpec, "rerun">;
  readonly status?: Pick<TaskRunStatus, "conditions" | "rerunGeneration">;
}

/** Whether a rerun was asked for that has not begun: the run has ended, and is about to be live again. */
export function isRerunDue(run: Rerunnable): boolean {
  return hasEndedOtherwiseThanWell(run) && generationOf(run) > (run.status?.rerunGeneration ?? 0);
}

/** Whether a subtask begins anew with the run that has handed it over: unless it ended well, or a person canceled it (S171). */
export function restartsWithTree(run: Rerunnable): boolean {
  const succeeded = run.status?.conditions?.find(({ type }) => type === ConditionType.Succeeded);
  return hasEndedOtherwiseThanWell(run) && succeeded?.reason !== EndReason.Canceled;
}

/** Why the run cannot be done again, or `undefined` if it can. The API server says the same (S170). */
export function rerunProblem(run: Rerunnable): string | undefined {
  const { name } = run.metadata;
  if (isTrue(run, ConditionType.Succeeded)) return `task run ${name} has succeeded; trigger a new run`;
  const isLive = !isTrue(run, ConditionType.Finished) || isRerunDue(run);
  return isLive ? `task run ${name} is still active` : undefined;
}

/**
 * What a merge patch of the spec has to say: one more generation, and no cancel any more.
 *
 * The same patch again changes nothing, so two that ask at once get one rerun.
 */
export function rerunPatch(run: Rerunnable, { latest = false }: RerunOptions): RerunPatch {
  return { rerun: { generation: generationOf(run) + 1, revision: latest ? "Latest" : "Pinned" }, cancel: null };
}

export interface RerunOptions {
  /** On the newest Ready revision instead of the one that the run has had. Source: S172. */
  readonly latest?: boolean;
}

export interface RerunPatch {
  readonly rerun: Required<NonNullable<TaskRunSpec["rerun"]>>;
  readonly cancel: null;
}

function hasEndedOtherwiseThanWell(run: Rerunnable): boolean {
  return isTrue(run, ConditionType.Finished) && !isTrue(run, ConditionType.Succeeded);
}

function generationOf({ spec }: Rerunnable): number {
  return spec.rerun?.generation ?? 0;
}

function isTrue({ status }: Rerunnable, type: ConditionType): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}
