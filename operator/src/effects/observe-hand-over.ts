// Hand-overs as the cache has them: what stands above a run that was submitted, and what a run has submitted.
import { isRerunDue, restartsWithTree } from "@stint/crds/rerun";

import { handOverOf, submittedBy } from "../core/hand-over.ts";
import { phaseOf } from "../core/status.ts";
import { hasEndedWell, isOver, keyed } from "../core/upstreams.ts";
import type { HandOver, ObservedRun, Subtasks } from "../core/world.ts";
import { indexNames, type Cache } from "./caches.ts";
import { keyOf } from "./key.ts";
import { highestTree, parentRun } from "./relatives.ts";
import { isAtLeast } from "./resource-version.ts";

type Runs = Cache<ObservedRun>;

/** `undefined` for a run that was not submitted. */
export function handOverIn(run: ObservedRun, runs: Runs): HandOver | undefined {
  if (submittedBy(run) === undefined) return undefined;
  const above: ObservedRun[] = [];
  let next = parentRun(run, runs);
  while (next && above.length < highestTree) {
    above.push(next);
    next = submittedBy(next) === undefined ? undefined : parentRun(next, runs);
  }
  return handOverOf(run, above);
}

/** What the run waits for; `undefined` if it does not, or if the cache may not have all of it yet. */
export function subtasksOf(run: ObservedRun, runs: Runs): Subtasks | undefined {
  const { subtasks, rerunAt } = run.status ?? {};
  if (!subtasks || isOver(run) || !isCached(run, runs)) return undefined;
  const children = runs
    .by(indexNames.owner, run.metadata.uid)
    .filter((child) => submittedBy(child) === subtasks.attempt);
  const toRerun = children.filter((child) => endedBefore(rerunAt, child));
  const failed = children.find((child) => isOver(child) && !hasEndedWell(child) && !toRerun.includes(child));
  return {
    live: children.filter((child) => !isOver(child)).length,
    missing: subtasks.count - children.length,
    ...(failed && { failed: { name: failed.metadata.name, phase: phaseOf(failed.status?.conditions ?? []) } }),
    toRerun: toRerun.map(({ metadata: { name, uid } }) => ({ name, uid })),
  };
}

/** The subtasks are older than the status that speaks of them: a cache that has this has had those. */
function isCached({ metadata }: ObservedRun, runs: Runs): boolean {
  const cached = runs.get(keyOf(metadata));
  return cached?.metadata.uid === metadata.uid && isAtLeast(cached.metadata.resourceVersion, metadata.resourceVersion);
}

/** Whether a subtask had ended when the run was done again, is to begin anew with it, and has not yet (S171). */
function endedBefore(rerunAt: string | undefined, child: ObservedRun): boolean {
  const { finishedAt, rerunAt: begunAgainAt } = child.status ?? {};
  if (rerunAt === undefined || finishedAt === undefined || !isOver(child)) return false;
  const hasBegunAgain = begunAgainAt !== undefined && new Date(begunAgainAt) >= new Date(rerunAt);
  return restartsWithTree(child) && !hasBegunAgain && new Date(finishedAt) <= new Date(rerunAt);
}

/** The newest run under the key of one that is to be done again, if that is another (S118). */
export function replacementOf(run: ObservedRun, runs: Runs): string | undefined {
  return isRerunDue(run) ? newerUnderKey(run, runs) : undefined;
}

/** The newest run under the same key of the same parent, if that is another one. */
export function newerUnderKey(run: ObservedRun, runs: Runs): string | undefined {
  const own = keyed(run);
  const parent = own && parentRun(run, runs);
  if (!parent) return undefined;
  const siblings = runs.by(indexNames.owner, parent.metadata.uid).filter((each) => keyed(each)?.key === own.key);
  const newer = siblings.filter((each) => ordinalOf(each) > own.ordinal);
  return newer.toSorted((a, b) => ordinalOf(b) - ordinalOf(a))[0]?.metadata.name;
}

function ordinalOf(run: ObservedRun): number {
  return keyed(run)?.ordinal ?? 0;
}
