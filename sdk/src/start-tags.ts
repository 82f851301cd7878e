// The tags of a run that is started here: the task's own, what `with()` puts in their place, what stands around the call,
// and what the start itself adds (S18, S19, S26).
import type { StartOptions } from "@stint/crds/attempt";
import { tagsOf } from "@stint/crds/labels";

import { tagsRule } from "./options.ts";
import { tagsAround, union } from "./tags.ts";

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
  const tags = union(replaced, tagsAround(), added);
  const options = {
    ...(replaced || tags.length > 0 ? { tags } : {}),
    ...(replaced ? { tagPolicy: "Replace" as const } : {}),
  };
  tagsRule(tagsOf(own, options), { task, field: "tags" });
  return options;
}
