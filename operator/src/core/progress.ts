// The progress of a tree (S148): a root adds up, per label, what the latest attempts of all its runs have told.
//
//   P1. Rules know a run's own progress alone. They write that and take `summed` off, or leave both; the sum is made here.
//   P2. The root's own news and its end bring the sum along. For the tree's alone it is written 2 s after the last time at the
//       soonest: own news come once a second at most (S147), so that both together are no more than a write a second.
//   P3. A sum never harms its run: it has bounds of its own, and is cut without a word.
import { ConditionType } from "@stint/crds/conditions";
import { canonicalJson, jsonBytes } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import type { Progress, Summed, TaskRunStatus } from "@stint/crds/taskrun";

import type { Verdict } from "./decision.ts";
import { after, isFinished, lookingAgainAt, type Look } from "./look.ts";
import { isTrue } from "./status.ts";
import type { ObservedRun } from "./world.ts";

const sumAgainMs = 2000;

/** Progress of a tree; without `summed` it is the root's own. */
interface Sums {
  readonly progress: Progress[];
  readonly summed?: Summed;
}

/** The verdict, with the progress of the tree where the run is the root of one that tells of some. */
export function withSums(verdict: Verdict, look: Look): Verdict {
  const { run, world, now } = look;
  if (isFinished(run) || run.metadata.deletionTimestamp !== undefined) return verdict;
  if (!verdict.status.summed && !world.descendants.some(tells)) return verdict;
  const due = sumDueAt(verdict.status);
  const isEarly = due !== undefined && due > now && !isTrue(verdict.status, ConditionType.Finished);
  return isEarly ? lookingAgainAt(verdict, due) : summedUp(verdict, look); // P2
}

function summedUp(verdict: Verdict, { world, now }: Look): Verdict {
  const { status } = verdict;
  const sums = sumsOf(status, world.descendants, now) ?? { progress: ownProgress(status) };
  const isOld = status.summed && sums.summed && isSameProgress(sums.progress, status.progress);
  return isOld ? verdict : { ...verdict, status: { ...withoutProgress(status), ...sums } };
}

/** When the sum may be brought up to date; `undefined` for at once. */
export function sumDueAt({ summed }: TaskRunStatus): Date | undefined {
  return summed && after(new Date(summed.at), sumAgainMs);
}

/** The progress of a tree, or `undefined` where none but its root has told of any. */
export function sumsOf(root: TaskRunStatus, descendants: readonly ObservedRun[], now: Date): Sums | undefined {
  const below = descendants.filter(tells).map(({ status }) => status?.progress ?? []);
  if (below.length === 0) return undefined;
  const own = ownProgress(root);
  return { progress: fitting(added([own, ...below])), summed: { at: now.toISOString(), own } };
}

/** The status without what its last attempt has told, and without what was added to that. */
export function withoutProgress(status: TaskRunStatus): TaskRunStatus {
  const { progress: _, summed: __, ...others } = status;
  return others;
}

export function isSameProgress(a: readonly Progress[], b: readonly Progress[] | undefined): boolean {
  return b !== undefined && canonicalJson(a) === canonicalJson(b);
}

function tells({ status }: ObservedRun): boolean {
  return status?.progress !== undefined;
}

function ownProgress({ progress = [], summed }: TaskRunStatus): Progress[] {
  return summed ? summed.own : progress;
}

/** One entry a label, by their names: whoever adds up comes to the same, in whatever order runs are known. */
function added(lists: readonly (readonly Progress[])[]): Progress[] {
  const byLabel = new Map<string, Progress>();
  for (const { label, total, done } of lists.flat()) {
    const sum = byLabel.get(label) ?? { label, total: 0, done: 0 };
    byLabel.set(label, { label, total: sum.total + total, done: sum.done + done });
  }
  const sums = [...byLabel.values()].map(({ label, total, done }) => ({
    label,
    total: rounded(total),
    done: rounded(done),
  }));
  return sums.sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** Fractions add up to other last digits in another order; and beyond the largest number JSON has none. */
function rounded(sum: number): number {
  if (Number.isInteger(sum)) return sum;
  return Number.isFinite(sum) ? Number(sum.toPrecision(12)) : Math.sign(sum) * Number.MAX_VALUE;
}

/** P3: the first by name, as many as there is room for. */
function fitting(sums: readonly Progress[]): Progress[] {
  let bytes = 2; // of the brackets
  const end = sums.findIndex((sum) => (bytes += jsonBytes(sum) + 1) > limits.progressSumBytes);
  return sums.slice(0, Math.min(limits.progressLabels, end < 0 ? sums.length : end));
}
