// Runs that stand where values will be: an instance in an argument, or in `waitFor` (S130 to S133).
import type { TaskRunError } from "./errors.ts";
import type { ChildPort, TaskInstance } from "./handle.ts";

/** One for all copies of the SDK: an instance of another one is an instance. */
export const portKey: unique symbol = Symbol.for("stint.dev/port/v1");
const toleratedKey: unique symbol = Symbol.for("stint.dev/allow-failure/v1");

/** A run that another one waits for, whether it succeeds or not. Made by {@link allowFailure}. */
export interface AllowedFailure<out V> {
  readonly [toleratedKey]: PromiseLike<V>;
}

/**
 * Lets a consumer start although this run fails: it then gets the {@link TaskRunError} in the place of the value.
 *
 * For an argument of a call, and for the call option `waitFor`. Source: S133.
 *
 * ```ts
 * await report(allowFailure(scan(url))); // report = task("report", (found: Scan | TaskRunError) => …)
 * ```
 */
export function allowFailure<T>(instance: TaskInstance<T>): AllowedFailure<T | TaskRunError> {
  return Object.freeze({ [toleratedKey]: instance });
}

/** What a parameter takes in a call: its value, or a run that will give it, here or anywhere inside. Source: S130. */
export type Given<P> =
  | P
  | TaskInstance<P>
  | AllowedFailure<P>
  | (P extends (...args: never) => unknown
      ? never
      : P extends object
        ? { readonly [Member in keyof P]: Given<P[Member]> }
        : never);

/** What a call takes for the parameters `A`. */
export type GivenArguments<A extends readonly unknown[]> = { [I in keyof A]: Given<A[I]> };

/** A run that is depended on. */
export interface Reference {
  readonly port: ChildPort;
  readonly allowFailure: boolean;
}

/** The run that a value stands for; `undefined` for a value that stands for itself. */
export function referenceIn(value: unknown): Reference | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (portKey in value) return { port: value[portKey] as ChildPort, allowFailure: false }; // by the symbol's promise
  return toleratedKey in value ? toleratedReference(value[toleratedKey]) : undefined;
}

function toleratedReference(instance: unknown): Reference | undefined {
  const reference = referenceIn(instance);
  return reference && { ...reference, allowFailure: true };
}
