// One call for each element of a list (S128): which calls those are, and the list of their instances.
import type { TaskInstance } from "./handle.ts";
import { unmappedKey, type TaskInstanceList, type Unmapped } from "./map.ts";
import type { Target } from "./scope.ts";

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
  const parameter = definition?.described().signature.parameters?.[at];
  return parameter && !parameter.rest ? parameter.name : `argument ${at + 1}`;
}
