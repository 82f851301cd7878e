// What a rerun by hand means for a run and for those below it (S165, S170, S172).
import { parseTaskReference } from "@stint/crds/labels";

import type { ObservedRun, RunStub } from "./world.ts";

/** The revision that a run without a pin asks for: its reference's, but after a rerun on `Latest` none in particular (S172). */
export function askedRevision({ spec, status }: ObservedRun): number | undefined {
  const wantsLatest = status?.rerunAt !== undefined && spec.rerun?.revision === "Latest";
  return wantsLatest ? undefined : parseTaskReference(spec.task)?.revision;
}

/**
 * Whether the cancel of a run above ends this one too (S165).
 *
 * It does, however late the run was created. Only one that began anew after all that is canceled above it had ended goes
 * on: whoever asked for that knew of the cancel.
 */
export function isCanceledFromAbove({ status }: ObservedRun, parent: RunStub | undefined): boolean {
  if (parent?.canceling !== true) return false;
  const { cancelEndedAt } = parent;
  return !cancelEndedAt || status?.rerunAt === undefined || new Date(status.rerunAt) < cancelEndedAt;
}
