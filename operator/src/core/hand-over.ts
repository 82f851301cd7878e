// Runs that a function has submitted, and the tree that they form with it (S134 to S140).
//
//   H1. A submitted run is created before its parent's success is written, and waits. The one write of that success is what
//       hands over: it names the attempt, and all that this attempt has submitted is live from then on, or none of it.
//   H2. A failure is no message but a state: who has not begun looks up the tree, and goes no further.
//   H3. An optional run that fails confines the failure to what stands below it.
import { ConditionType, NotStartedReason } from "@stint/crds/conditions";
import { label } from "@stint/crds/labels";

import { isTrue } from "./status.ts";
import { isOver } from "./upstreams.ts";
import type { BranchFailure, HandOver, ObservedRun } from "./world.ts";

/** Number of the parent's attempt that submitted the run; `undefined` for a run that was called or triggered. */
export function submittedBy({ metadata }: ObservedRun): number | undefined {
  const attempt = metadata.labels?.[label.handedOver];
  return attempt === undefined ? undefined : Number(attempt);
}

/**
 * How the hand-over of a submitted run stands.
 *
 * `above` are the runs above it in the hand-over tree, from its parent to the top; without any the parent is gone.
 */
export function handOverOf(run: ObservedRun, above: readonly ObservedRun[]): HandOver {
  const [parent] = above;
  const highest = above.findLastIndex((each) => hasFailed(each) && !isForgiven(each, run));
  return {
    state: parent ? stateOf(parent, submittedBy(run) ?? 0) : "Dropped",
    branch: branchOf(above),
    ...(highest >= 0 && { failure: branchOf(above.slice(highest)) }),
  };
}

/** H1. Each of these facts about the parent stays true once it is. */
function stateOf(parent: ObservedRun, attempt: number): HandOver["state"] {
  const { subtasks, attempts, attemptCount = 0 } = parent.status ?? {};
  if (subtasks?.attempt === attempt) return "Made";
  const isPast = attemptCount > attempt || attempts?.at(-1)?.finishedAt !== undefined;
  return isOver(parent) || isPast ? "Dropped" : "Open";
}

/** H3: what a failure in the first of these means below it. */
function branchOf(above: readonly ObservedRun[]): BranchFailure {
  const isConfined = above.some(({ spec }) => spec.optional === true);
  return isConfined ? NotStartedReason.OptionalBranchFailed : NotStartedReason.TreeFailed;
}

function hasFailed(run: ObservedRun): boolean {
  return isOver(run) && !isTrue(run.status, ConditionType.Succeeded);
}

/** Whoever asked for the run to be done again after that end knew of it, as with a cancel (S165). */
function isForgiven({ status }: ObservedRun, run: ObservedRun): boolean {
  const rerunAt = run.status?.rerunAt;
  return rerunAt !== undefined && status?.finishedAt !== undefined && new Date(status.finishedAt) <= new Date(rerunAt);
}
