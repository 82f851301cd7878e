// The tags of a run that is started here: the task's own, what `with()` puts in their place, what stands around the call,
// and what the start itself adds (S18, S19, S26).
import { AsyncLocalStorage } from "node:async_hooks";

import type { StartOptions } from "@stint/crds/attempt";
import { tagsOf } from "@stint/crds/labels";
import { tagProblem } from "@stint/crds/names";

import { tagsRule } from "./options.ts";
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

export interface TagSources {
  /** The task's own, if its definition is here. */
  readonly own?: readonly string[] | undefined;
  /** What `with()` has put in their place. */
  readonly replaced?: readonly string[] | undefined;
  /** Of this start alone. */
  readonly added?: readonly string[] | undefined;
}

/** What a start says about its tags; nothing, where it adds none. Throws a `RangeError` for more than 50 in all. */
export function startTags(
  task: string,
  { own = [], replaced, added }: TagSources,
): Pick<StartOptions, "tags" | "tagPolicy"> {
  const tags = union(replaced, around.getStore(), added);
  const options = {
    ...(replaced || tags.length > 0 ? { tags } : {}),
    ...(replaced ? { tagPolicy: "Replace" as const } : {}),
  };
  tagsRule(tagsOf(own, options), { task, field: "tags" });
  return options;
}

function union(...lists: readonly (readonly string[] | undefined)[]): readonly string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))];
}
