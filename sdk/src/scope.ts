// Where a piece of code runs: in an attempt, in `.local()`, or nowhere. The scope follows the code across awaits, so that a
// call of a task, or `currentContext()`, means the right run however deep it stands.
import { AsyncLocalStorage } from "node:async_hooks";

import type { ChildOptions } from "@stint/crds/attempt";
import type { Json } from "@stint/crds/json";

import type { TaskContext } from "./context.ts";
import type { DefinedCall, TriggerOptions } from "./options.ts";
import type { Definition } from "./registry.ts";
import type { RunHandle, TaskInstance } from "./handle.ts";
import type { TaskInstanceList } from "./map.ts";
import { shared } from "./shared.ts";

/** Which task is called: of this bundle, with its function, or by reference. */
export interface Target {
  readonly name: string;
  readonly bundle?: string;
  readonly definition?: Definition;
}

export interface Call {
  readonly target: Target;
  readonly args: readonly unknown[];
  readonly options: ChildOptions & Pick<DefinedCall, "key" | "waitFor">;
}

/** What `trigger()` is given. */
export type TriggerGiven = readonly [input?: unknown, options?: TriggerOptions | undefined];

/** One for all copies of the SDK: under it a task's object tells what calling it means. */
const callKey: unique symbol = Symbol.for("stint.dev/call/v1");

/** Lets a task's object be known by {@link callIn}. */
export function markCall(object: object, call: Omit<Call, "args">): void {
  Object.defineProperty(object, callKey, { value: call });
}

/** What calling a task's object means; `undefined` for anything else. */
export function callIn(object: unknown): Omit<Call, "args"> | undefined {
  if (typeof object !== "function" || !(callKey in object)) return undefined;
  return object[callKey] as Omit<Call, "args">; // by the symbol's promise
}

/** What calling and triggering mean here. */
export interface Scope {
  readonly context: TaskContext;
  /** Starts a child; throws if its arguments cannot leave the process. */
  call(target: Target, options: DefinedCall, args: readonly unknown[]): TaskInstance<unknown>;
  /** Starts a child for each element (S128); throws, and starts none, if the arguments of any cannot leave the process. */
  map(target: Target, options: DefinedCall, args: readonly unknown[]): TaskInstanceList<unknown>;
  /** Told each value that the task's function yields. */
  readonly yielded?: (value: Json) => void;
  /** Starts a root run through the runner. Absent where there is none: then a trigger goes out as from anywhere. */
  readonly trigger?: (target: Target, options: DefinedCall, given: TriggerGiven) => Promise<RunHandle<unknown>>;
}

const scopes = shared(Symbol.for("stint.dev/scope/v2"), () => new AsyncLocalStorage<Scope>());

export function currentScope(): Scope | undefined {
  return scopes.getStore();
}

export function runIn<T>(scope: Scope, work: () => T): T {
  return scopes.run(scope, work);
}
