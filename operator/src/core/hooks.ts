// Hooks that are tasks (S106). With the status that brings a run to such an instant, the runs to be started are written down;
// they are started after that, and only then forgotten. So a hook is started once, whoever dies in between: its run's name
// follows from the instant, and a start that is repeated finds it.
import { ConditionType, LiveReason, Phase } from "@stint/crds/conditions";
import { hashName } from "@stint/crds/hash";
import { parseTaskReference } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import type { HookName, TaskHooks } from "@stint/crds/manifest";
import type { DueHook, TaskRunStatus } from "@stint/crds/taskrun";

import type { Verdict } from "./decision.ts";
import { after, earliest, isFinished, lookAgainMs, type Look } from "./look.ts";
import { isFinalReason, isUserReason } from "./outcome.ts";
import { conditionOf, isTrue } from "./status.ts";

type HookState = Omit<DueHook["event"], "run" | "task">;

/** The verdict, with the hooks that its status makes due, and the start of those that were due before. */
export function withHooks(verdict: Verdict, look: Look): Verdict {
  const due = dueHooks(verdict.status, look);
  if (due.length === 0) return startingDue(verdict, look);
  const hooks = [...(look.status.hooks ?? []), ...due].slice(0, limits.dueHooks); // a quota may keep them waiting for long
  return startingDue({ ...verdict, status: { ...verdict.status, hooks } }, look);
}

/** Whoever carries a runner's word is waited for: the starts are left to the next look. */
function startingDue(verdict: Verdict, { status: { hooks = [] }, world, now }: Look): Verdict {
  if (hooks.length === 0 || world.report || world.progress) return verdict;
  const actions = [...verdict.actions, { kind: "startHooks", hooks } as const];
  return { ...verdict, actions, requeueAt: earliest(verdict.requeueAt, after(now, lookAgainMs)) ?? now };
}

function dueHooks(status: TaskRunStatus, look: Look): DueHook[] {
  const hooks = hooksOf(look);
  if (!hooks) return [];
  return [...whenStarted(status, look), ...whenEnded(status, look)].flatMap(([name, state]) =>
    (hooks[name] ?? []).map((target, index) => dueHook(look, { name, index, target, state })),
  );
}

function hooksOf({ run, world: { revision } }: Look): TaskHooks | undefined {
  const task = parseTaskReference(run.spec.task)?.task;
  return revision?.manifest.find(({ name }) => name === task)?.hooks;
}

/** An attempt's start is known with its Running, or with its end where that came first (S105, S154). */
function whenStarted({ attempts }: TaskRunStatus, { attempt }: Look): [HookName, HookState][] {
  if (!attempt || attempt.startedAt !== undefined) return [];
  const number = attempts?.at(-1)?.startedAt === undefined ? undefined : attempt.number;
  if (number === undefined) return [];
  const reason = number === 1 ? LiveReason.AttemptRunning : LiveReason.Retrying;
  return [["onRunning", { phase: Phase.Running, reason, message: "", attempts: number }]];
}

/** Not for what was canceled, nor where the cluster is to blame (S105). */
function whenEnded(status: TaskRunStatus, { run }: Look): [HookName, HookState][] {
  if (isFinished(run) || !isTrue(status, ConditionType.Finished)) return [];
  const { reason = "", message = "" } = conditionOf(status.conditions, ConditionType.Succeeded) ?? {};
  const state = { reason, message: message.slice(0, limits.errorLength), attempts: status.attemptCount ?? 0 };
  if (isTrue(status, ConditionType.Succeeded)) return [["onCompletion", { phase: Phase.Succeeded, ...state }]];
  const isOwnFailure = isUserReason(reason) || isFinalReason(reason);
  return isOwnFailure ? [["onFailure", { phase: Phase.Failed, ...state }]] : [];
}

interface Occasion {
  readonly name: HookName;
  readonly index: number;
  readonly target: NonNullable<TaskHooks[HookName]>[number];
  readonly state: HookState;
}

/** In the run's own bundle a hook has the run's revision, elsewhere the newest one, as a child would (S251). */
function dueHook({ run, world: { revision } }: Look, { name, index, target, state }: Occasion): DueHook {
  const { bundle: own, task } = parseTaskReference(run.spec.task) ?? { bundle: run.spec.task, task: "" };
  const { bundle = own } = target;
  const suffix = bundle === own && revision ? `:${revision.revision}` : "";
  const occasion = [run.metadata.uid, name, index, state.attempts, run.spec.rerun?.generation ?? 0].join("/");
  return {
    name: `trn-${hashName(occasion, 20)}`,
    task: `${bundle}/${target.name}${suffix}`,
    event: { run: run.metadata.name, task: `${own}/${task}`, ...state },
  };
}
