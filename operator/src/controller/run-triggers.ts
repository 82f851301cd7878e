// Which runs a change of a run wakes: itself, its root, those below it, and those that depend on it or on what stands above it.
import { isDeepStrictEqual } from "node:util";

import { ConditionType } from "@stint/crds/conditions";

import { submittedBy } from "../core/hand-over.ts";
import { isFinished } from "../core/look.ts";
import { sumDueAt } from "../core/progress.ts";
import { conditionOf } from "../core/status.ts";
import { hasEndedWell } from "../core/upstreams.ts";
import type { ObservedRun } from "../core/world.ts";
import { keyOf } from "../effects/key.ts";
import { highestTree, parentRun, rootAbove } from "../effects/relatives.ts";
import type { Informers } from "./informers.ts";

/** Wakes a run at that instant, or at once. */
type Wake = (run: ObservedRun, at?: Date) => void;

export function connectRunTriggers(runs: Informers["runs"], wake: Wake): void {
  // Cancel, pause and deadline flow down the tree as state, through those that have ended as well (S165).
  const wakeDescendants = (run: ObservedRun): void => {
    for (const child of runs.cache.by("owner", run.metadata.uid)) {
      if (isFinished(child)) wakeDescendants(child);
      else wake(child);
    }
  };
  // A dependent may wait for all that stands below its upstream, so it hears of the ends of those too (S138).
  const wakeDependents = (run: ObservedRun, levels = highestTree): void => {
    for (const dependent of runs.cache.by("upstream", keyOf(run.metadata))) wake(dependent);
    const parent = parentRun(run, runs.cache);
    if (parent && levels > 0) wakeDependents(parent, levels - 1);
  };
  // A root that has ended tells of its tree once all below it have ended, too (S156).
  const wakeEndedRootOf = (run: ObservedRun): void => {
    const root = rootAbove(run, runs.cache);
    if (root && isFinished(root)) wake(root);
  };
  // A live one adds up the progress of its tree: however many tell of theirs, it looks once when that is due (S148).
  const wakeSummingRootOf = (run: ObservedRun): void => {
    const root = rootAbove(run, runs.cache);
    if (root && !isFinished(root)) wake(root, sumDueAt(root.status ?? {}));
  };
  // A run that waits for its subtasks hears of a failure and of the last end, not of each of a thousand: it is the root of a
  // tree, say, and would count it every time (S136).
  const wakeParentOf = (subtask: ObservedRun): void => {
    const parent = submittedBy(subtask) === undefined ? undefined : parentRun(subtask, runs.cache);
    if (!parent) return;
    const siblings = hasEndedWell(subtask) ? runs.cache.by("owner", parent.metadata.uid) : [];
    if (siblings.every((each) => isFinished(each) || submittedBy(each) === undefined)) wake(parent);
  };

  runs.subscribe({
    add: (run) => {
      wake(run);
      wakeDependents(run);
    },
    update: (run, before) => {
      wake(run);
      if (isFinished(run) && !isFinished(before)) wakeEndedRootOf(run);
      if (!isDeepStrictEqual(run.status?.progress, before.status?.progress)) wakeSummingRootOf(run);
      if (concernsDescendants(run, before)) wakeDescendants(run);
      if (isFinished(run) !== isFinished(before)) {
        wakeDependents(run);
        wakeParentOf(run);
      }
    },
    delete: (run) => {
      wake(run);
      if (run.status?.progress) wakeSummingRootOf(run);
      wakeDependents(run);
      wakeParentOf(run);
    },
  });
}

/** Whether a change is one that runs below have to act on: a parent may write its progress every second. */
function concernsDescendants(run: ObservedRun, before: ObservedRun): boolean {
  return !isDeepStrictEqual(factsBelow(run), factsBelow(before));
}

function factsBelow({ spec, status }: ObservedRun): readonly unknown[] {
  const { reason } = conditionOf(status?.conditions, ConditionType.Succeeded) ?? {};
  return [spec.cancel, spec.suspend, reason, status?.deadlineAt, status?.rerunAt];
}
