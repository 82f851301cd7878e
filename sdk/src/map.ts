// One call for each element of a list (S128): which calls those are, and the list of their instances.
import type { TaskInstance } from "./handle.ts";
import type { Given } from "./reference.ts";
import type { Target } from "./scope.ts";

const unmappedKey: unique symbol = Symbol.for("stint.dev/unmapped/v1"); // one for all copies of the SDK

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

/**
 * The arguments of each call, in order.
 *
 * Throws a TypeError for lists of different lengths, or for none. Source: S128, S129.
 */
export function walk(target: Target, args: readonly unknown[]): readonly (readonly unknown[])[] {
  const lists = args.flatMap((argument, at) => (isList(argument) ? [{ name: nameOf(target, at), argument }] : []));
  const [first] = lists;
  if (!first) throw new TypeError(`Task "${target.name}": map needs at least one array argument`);
  const { length } = first.argument;
  if (lists.some(({ argument }) => argument.length !== length)) {
    const lengths = lists.map(({ name, argument }) => `${name}=${argument.length}`).join(", ");
    throw new TypeError(`Task "${target.name}": map needs arrays of equal length, got ${lengths}`);
  }
  return Array.from({ length }, (_, index) => args.map((argument) => elementOf(argument, index)));
}

/** An array to look at, and a promise to await; what `map()` and `filter()` make of it is a plain array. */
export class Instances<T> extends Array<TaskInstance<T>> implements TaskInstanceList<T> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- `await square.map([1, 2])` is the point (S128)
  then<A = T[], B = never>(
    onValues?: ((values: T[]) => A | PromiseLike<A>) | null,
    onFailure?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return Promise.all<T>(this).then(onValues, onFailure);
  }
}

function isList(argument: unknown): argument is readonly unknown[] {
  return Array.isArray(argument);
}

function isUnmapped(argument: unknown): argument is Unmapped<unknown> {
  return typeof argument === "object" && argument !== null && unmappedKey in argument;
}

function elementOf(argument: unknown, index: number): unknown {
  if (isList(argument)) return argument[index];
  return isUnmapped(argument) ? argument[unmappedKey] : argument;
}

function nameOf({ definition }: Target, at: number): string {
  const parameter = definition?.entry.signature.parameters?.[at];
  return parameter && !parameter.rest ? parameter.name : `argument ${at + 1}`;
}
