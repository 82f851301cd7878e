// Functions of the user's that are called around an attempt: what they take, and how they are given (S93, S104).
import { optionLimits } from "@stint/crds/option-limits";
import { hookNames, type HookName, type TaskHooks } from "@stint/crds/manifest";

import { mustBe, type Rule } from "./rules.ts";
import { targetOf } from "./targets.ts";
import type { TaskRef } from "./task.ts";

/**
 * Asked after the function has thrown, or is over its timeout, whether a retry may follow.
 *
 * Not asked for a `NonRetryableError`, nor for what the cluster does to the pod. Who throws, or answers no boolean, has said
 * no; who takes longer than 10 s has said yes. A yes spends a retry only where the policy has one left. Source: S93.
 */
export type RetryIf = (error: unknown, about: FailedAttempt) => boolean | Promise<boolean>;

export interface FailedAttempt {
  /** The task's name, without its bundle. */
  readonly task: string;
  /** The run's name. */
  readonly run: string;
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number;
}

/** Where a run stands when a hook is called. */
export interface RunState {
  readonly phase: "Running" | "Succeeded" | "Failed";
  /** A published reason: `AttemptRunning`, `Retrying`, `Completed`, `TaskError`, … */
  readonly reason: string;
  readonly message: string;
  /** How many attempts there were, the current one included. */
  readonly attempts: number;
}

/** Called in the attempt's own process, with `<bundle>/<task>` and the run's name. Source: S104. */
export type HookFunction = (task: string, run: string, state: RunState) => void | Promise<void>;

/** The only argument of a task that is a hook. Source: S106. */
export interface HookEvent extends RunState {
  readonly run: string;
  /** `<bundle>/<task>`. */
  readonly task: string;
}

/** A function, or a task that the operator starts as a run of its own, also where the process is gone. Source: S104, S106. */
export type Hook = HookFunction | TaskRef<readonly [HookEvent], unknown> | TaskRef<readonly [], unknown>;

/** Hooks as options take them. */
export interface HookOptions {
  /** At the start of each attempt, before the function. Source: S105. */
  readonly onRunning?: Hook | readonly Hook[];
  /** Once the run has succeeded. Source: S105. */
  readonly onCompletion?: Hook | readonly Hook[];
  /** Once the run has failed for good; not where it was canceled, nor where the cluster is to blame. Source: S105. */
  readonly onFailure?: Hook | readonly Hook[];
}

/** The functions that an attempt may have to call. */
export interface Callbacks {
  readonly retryIf?: RetryIf;
  readonly onRunning: readonly HookFunction[];
  readonly onCompletion: readonly HookFunction[];
  readonly onFailure: readonly HookFunction[];
}

export const retryIfRule: Rule<RetryIf> = (value, { task, field }) => {
  if (typeof value === "function") return value as RetryIf; // any callable is accepted (S93)
  throw new TypeError(`Task "${task}": ${field} must be a function`);
};

export const hooksRule: Rule<readonly Hook[]> = (value, place) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!list.every((hook) => typeof hook === "function")) {
    throw new TypeError(`Task "${place.task}": ${place.field} must be a function, a task or a list of them`);
  }
  if (list.length > optionLimits.hooks) throw mustBe(place, `at most ${optionLimits.hooks} hooks`, list.length);
  return list as readonly Hook[]; // any callable is accepted, and a task is one
};

type Given = { readonly [Name in HookName]?: readonly Hook[] } & { readonly retryIf?: RetryIf };

/** The functions among the options, or `undefined` if there are none. */
export function callbacksOf({ retryIf, ...options }: Given): Callbacks | undefined {
  const functionsOf = (name: HookName): readonly HookFunction[] => (options[name] ?? []).filter(isFunctionHook);
  if (!retryIf && hookNames.every((name) => functionsOf(name).length === 0)) return undefined;
  return {
    ...(retryIf && { retryIf }),
    onRunning: functionsOf("onRunning"),
    onCompletion: functionsOf("onCompletion"),
    onFailure: functionsOf("onFailure"),
  };
}

/** The tasks among the hooks, for the manifest: the operator starts them. `undefined` if there are none. */
export function taskHooksOf(options: Given): TaskHooks | undefined {
  const tasks = hookNames.flatMap((name) => {
    const targets = (options[name] ?? []).flatMap((hook) => targetOf(hook) ?? []);
    const references = targets.map(({ name: task, bundle }) =>
      bundle === undefined ? { name: task } : { name: task, bundle },
    );
    return references.length === 0 ? [] : [[name, references] as const];
  });
  return tasks.length === 0 ? undefined : Object.fromEntries(tasks);
}

function isFunctionHook(hook: Hook): hook is HookFunction {
  return targetOf(hook) === undefined;
}
