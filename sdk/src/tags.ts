// Tags that stand around a call (S19).
import { AsyncLocalStorage } from "node:async_hooks";

import { tagProblem } from "@stint/crds/names";

import { shared } from "./shared.ts";

const around = shared(Symbol.for("stint.dev/tags/v1"), () => new AsyncLocalStorage<readonly string[]>());

/**
 * Adds the tags to every run that `work` starts, across awaits; nested calls add up. Gives what `work` gives.
 *
 * Throws a `TypeError` for a bad tag; a start that would have more than 50 throws a `RangeError`. Source: S19.
 *
 * ```ts
 * await withTags(["nightly"], () => report.trigger());
 * ```
 */
export function withTags<T>(tags: readonly string[], work: () => T): T {
  const problem = tags.map(tagProblem).find((found) => found !== undefined);
  if (problem !== undefined) throw new TypeError(problem);
  return around.run(union(around.getStore(), tags), work);
}

export function tagsAround(): readonly string[] | undefined {
  return around.getStore();
}

export function union(...lists: readonly (readonly string[] | undefined)[]): readonly string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))];
}
