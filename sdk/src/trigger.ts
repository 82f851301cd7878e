// What starts a root run: inside a run the runner, elsewhere what is loaded only then.
import type { RunHandle } from "./handle.ts";
import type { DefinedCall, TriggerOptions } from "./options.ts";
import { isPlain } from "./plain.ts";
import { currentScope, type Target, type TriggerGiven } from "./scope.ts";

/** The arguments as a list, as an object by name, or, of a task that takes one object, that object. Source: S29 to S31. */
export type TriggerInput<A extends readonly unknown[]> =
  | Readonly<A>
  | Readonly<Record<string, A[number]>>
  | (A extends readonly [(infer O extends object)?] ? O : never);

/** What `trigger()` takes; the input may be left out where all of the task's parameters may. */
export type TriggerArguments<A extends readonly unknown[]> = [] extends A
  ? [input?: TriggerInput<A>, options?: TriggerOptions]
  : [input: TriggerInput<A>, options?: TriggerOptions];

/** Throws a TypeError for a bad input or option, a RangeError for an input that is too large, and what the client throws. */
export async function trigger(target: Target, call: DefinedCall, given: TriggerGiven): Promise<RunHandle<unknown>> {
  const scope = currentScope();
  if (scope?.trigger) return scope.trigger(target, call, given);
  const asGiven = copyOf(given);
  const { triggerOutside } = await import("./root-runs.ts");
  return triggerOutside(target, call, asGiven);
}

/**
 * What is given counts, whatever the caller makes of it while the rest is loaded. What has no copy, a cycle or a getter that
 * throws, goes on as it is, to be refused in the words for it.
 */
function copyOf([input, options]: TriggerGiven): TriggerGiven {
  try {
    return [copied(input, []), copied(options, []) as typeof options];
  } catch {
    return [input, options];
  }
}

function copied(value: unknown, within: readonly unknown[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (within.includes(value)) throw new Error("a cycle");
  const inner = [...within, value];
  if (Array.isArray(value)) return value.map((each) => copied(each, inner));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copied(each, inner)]));
}
