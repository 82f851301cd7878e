// What a root says about its tree (S156): for people, and no part of any outcome. It costs a run without children no write,
// since it goes with the last one; a root with children writes it now and then, and once more when all below it have ended.
import { ConditionType } from "@stint/crds/conditions";
import { canonicalJson, type Json } from "@stint/crds/json";
import type { Attempt, TreeStats } from "@stint/crds/taskrun";

import type { Verdict } from "./decision.ts";
import { after, isFinished, isRoot, lookAgainMs, lookingAgainAt, type Look } from "./look.ts";
import { isSameProgress, sumsOf } from "./progress.ts";
import { isTrue, phaseOf } from "./status.ts";
import type { ObservedRun } from "./world.ts";

/** The verdict, with the statistics of the tree where the run is its root and they have changed. */
export function withStats(verdict: Verdict, look: Look): Verdict {
  const { run, world, now, status: before } = look;
  if (!isRoot(run) || run.metadata.deletionTimestamp !== undefined) return verdict;
  if (isFinished(run)) return withLateNews(verdict, look);
  const hasEnded = isTrue(verdict.status, ConditionType.Finished);
  if (!hasEnded && world.descendants.length === 0) return verdict;
  const due = before.stats && after(new Date(before.stats.at), lookAgainMs);
  // What is written wakes the run again, and a tree that grows has changed by then: only time ends that.
  if (!hasEnded && due && due > now) return lookingAgainAt(verdict, due);
  const stats = statsOf({ ...run, status: verdict.status }, world.descendants, now);
  return isSame(stats, before.stats) ? verdict : { ...verdict, status: { ...verdict.status, stats } };
}

/** What a finished run's descendants have come to since: told once, when the last of them has ended, and before any is removed. */
function withLateNews(verdict: Verdict, { run, world, now }: Look): Verdict {
  const { descendants, descendantsFinished } = world;
  const { status: told = {} } = run;
  const isIncomplete = descendants.length + 1 < (told.stats?.totalRuns ?? 0);
  if (descendants.length === 0 || !descendantsFinished || isIncomplete) return verdict;
  const isLeaving = verdict.status !== run.status || verdict.actions.some(({ kind }) => kind === "deleteRun");
  const stats = statsOf(run, descendants, now);
  const sums = sumsOf(told, descendants, now);
  const isOld = isSame(stats, told.stats) && (!sums || isSameProgress(sums.progress, told.progress));
  if (isLeaving || isOld) return verdict;
  return { ...verdict, actions: [{ kind: "tellOfTree", news: { stats, ...sums } }, ...verdict.actions] };
}

/** Seconds for which the attempts that have ended had a container, by the records that are kept of them. */
export function computeSecondsOf(attempts: readonly Attempt[]): number {
  const ms = attempts.map(({ startedAt, finishedAt }) =>
    startedAt === undefined || finishedAt === undefined
      ? 0
      : Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)),
  );
  return ms.reduce((sum, each) => sum + each, 0) / 1000;
}

function statsOf(root: ObservedRun, descendants: readonly ObservedRun[], now: Date): TreeStats {
  const all = [root, ...descendants];
  const starts = all.flatMap(({ status }) => status?.startedAt ?? []);
  const ends = all.flatMap(({ status }) => status?.finishedAt ?? []);
  const runsByPhase: Record<string, number> = {};
  for (const { status } of all) {
    const phase = phaseOf(status?.conditions ?? []);
    runsByPhase[phase] = (runsByPhase[phase] ?? 0) + 1;
  }
  const seconds = all.map((run) => run.computeSeconds ?? computeSecondsOf(run.status?.attempts ?? []));
  return {
    at: now.toISOString(),
    totalRuns: all.length,
    runsByPhase,
    ...(starts.length > 0 && { firstStartedAt: starts.reduce(earlier) }),
    ...(ends.length > 0 && { lastFinishedAt: ends.reduce((a, b) => (earlier(a, b) === a ? b : a)) }),
    computeSeconds: Math.round(seconds.reduce((sum, each) => sum + each, 0) * 1000) / 1000,
  };
}

/** Of two instants, whichever way they are written: Kubernetes stamps whole seconds. */
function earlier(a: string, b: string): string {
  return Date.parse(a) <= Date.parse(b) ? a : b;
}

/** Whether they say the same, whenever they were counted. */
function isSame(a: TreeStats, b: TreeStats | undefined): boolean {
  return b !== undefined && canonicalJson({ ...a, at: b.at } as Json) === canonicalJson(b as Json); // JSON, under a type with optional members
}
