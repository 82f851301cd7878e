// What `map()` takes and gives (S128).
import type { TaskInstance } from "./handle.ts";
import type { Given } from "./reference.ts";

export const unmappedKey: unique symbol = Symbol.for("stint.dev/unmapped/v1"); // one for all copies of the SDK

/** A list that every call gets whole. Made by {@link unmapped}. */
export interface Unmapped<T> {
  readonly [unmappedKey]: T;
}

/**
 * Marks an argument of `map()` as a constant: `average.map(rows, unmapped([1, 2, 3]))` gives every call the whole list.
 *
 * What is no list, a text or an object for instance, is one without it. Source: S128.
 */
export function unmapped<T>(value: T): Unmapped<T> {
  return Object.freeze({ [unmappedKey]: value });
}

/** What `map()` takes for a parameter: a list that is walked, or one value for all calls. */
export type MapArgument<P> =
  | readonly Given<P>[]
  | Unmapped<Given<P>>
  | (P extends readonly unknown[] ? never : Given<P>);

export type MapArguments<A extends readonly unknown[]> = { readonly [I in keyof A]: MapArgument<A[I]> };

/** The instances that `map()` started, in order; awaited, all their values. Source: S128. */
export interface TaskInstanceList<T> extends ReadonlyArray<TaskInstance<T>>, PromiseLike<T[]> {}
