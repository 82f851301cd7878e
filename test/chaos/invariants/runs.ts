// What has to hold of every version of every run, whatever happens to the cluster.
import { isDeepStrictEqual } from "node:util";

import type { TaskRun } from "@stint/crds/taskrun";

import { conditionOf, type History, isFinished, lastOfRuns, type RunChange, versionsByRun } from "../history.ts";

type Attempts = NonNullable<NonNullable<TaskRun["status"]>["attempts"]>;

/** A terminal run changes no more (S154), but that a root tells of its tree (S148, S156), and of hooks once started (S106). */
export function terminalStaysTerminal(history: History): readonly string[] {
  return eachRun(history, (name, versions) => {
    const end = versions.findIndex(({ object }) => isFinished(object));
    if (end < 0) return [];
    const outcome = outcomeIn(versions[end]?.object);
    const changed = versions.slice(end + 1).find(({ object }) => !isDeepStrictEqual(outcomeIn(object), outcome));
    return changed ? [`${name} was ${said(versions[end]?.object)} and became ${said(changed.object)}`] : [];
  });
}

function outcomeIn(run: TaskRun | undefined): object {
  const { stats: _, hooks: __, progress: ___, summed: ____, ...outcome } = run?.status ?? {};
  return outcome;
}

/** Attempts are numbered from 1 without a gap, none is forgotten, and one that has ended stays as it ended (S101). */
export function attemptsAreARecord(history: History): readonly string[] {
  return eachRun(history, (name, versions) =>
    versions
      .flatMap(({ object }, index) => recordProblems(object, attemptsOf(versions[index - 1]?.object)))
      .slice(0, 1)
      .map((problem) => `${name} ${problem}`),
  );
}

function recordProblems(run: TaskRun, before: Attempts): readonly string[] {
  const attempts = attemptsOf(run);
  const numbers = attempts.map(({ number }) => number);
  const count = run.status?.attemptCount ?? 0;
  const isCounted = count === attempts.length && numbers.every((number, place) => number === place + 1);
  if (!isCounted) return [`has attempts ${numbers.join()} and counts ${count}`];
  if (attempts.length < before.length) return ["has forgotten an attempt"];
  const changed = before.find((one, place) => one.finishedAt !== undefined && !isDeepStrictEqual(one, attempts[place]));
  if (changed) return [`has changed attempt ${changed.number}, which had ended`];
  const open = attempts.slice(0, -1).find(({ finishedAt }) => finishedAt === undefined);
  return open ? [`has not ended attempt ${open.number}, and there is a later one`] : [];
}

/** Each retry is paid by the budget of the failure before it, by no other, and none is overdrawn (S94). */
export function budgetsDoNotMix(history: History): readonly string[] {
  return eachRun(history, (name, versions) =>
    versions
      .flatMap(({ object }) => budgetProblems(object))
      .slice(0, 1)
      .map((problem) => `${name} ${problem}`),
  );
}

function budgetProblems({ status = {} }: TaskRun): readonly string[] {
  const followed = status.attempts?.slice(0, -1) ?? [];
  const unpaid = followed.find((attempt) => attempt.class !== "User" && attempt.class !== "Infrastructure");
  if (unpaid) return [`has an attempt after attempt ${unpaid.number}, which ended ${unpaid.reason}`];
  const { retry } = status.resolved ?? {};
  return [
    ...spendingProblem("User", followed, { spent: status.userRetries, limit: retry?.maxRetries }),
    ...spendingProblem("Infrastructure", followed, {
      spent: status.infrastructureRetries,
      limit: retry?.maxInfrastructureRetries,
    }),
  ];
}

interface Budget {
  readonly spent: number | undefined;
  readonly limit: number | undefined;
}

function spendingProblem(
  payer: string,
  followed: Attempts,
  { spent = 0, limit = Infinity }: Budget,
): readonly string[] {
  const cost = followed.filter((attempt) => attempt.class === payer).length;
  return spent === cost && spent <= limit
    ? []
    : [`has spent ${spent} of ${limit} (${payer}), its attempts cost ${cost}`];
}

/** Once a cancel is stored nothing else can come of the run (S161, S164). */
export function cancelIsHeeded(history: History): readonly string[] {
  return eachRun(history, (name, versions) => {
    const stored = versions.find(({ object }) => object.spec.cancel === true);
    const last = versions.at(-1)?.object;
    if (!stored || isFinished(stored.object) || !last || !isFinished(last)) return [];
    return last.status?.phase === "Canceled" ? [] : [`${name} was to be canceled and is ${said(last)}`];
  });
}

/** What was live below a run when that was canceled is canceled with it (S165). */
export function cancelReachesChildren(history: History): readonly string[] {
  const versions = versionsByRun(history);
  return lastOfRuns(history).flatMap((child) => {
    const parent = child.metadata.ownerReferences?.find(({ kind }) => kind === "TaskRun")?.name;
    const end = parent === undefined ? undefined : endOf(versions.get(parent));
    if (!end || end.object.status?.phase !== "Canceled") return [];
    const childEnd = endOf(versions.get(child.metadata.name));
    const wasOver = childEnd !== undefined && childEnd.atMs <= end.atMs;
    if (wasOver || child.status?.phase === "Canceled") return [];
    return [`${child.metadata.name} is ${said(child)} after its parent ${parent} was canceled`];
  });
}

/** Of the children that share a key, one succeeds at most: the next attempt gets it instead of another (S120). */
export function keysAreUsedOnce(history: History): readonly string[] {
  const succeeded = lastOfRuns(history).filter(({ status }) => status?.phase === "Succeeded");
  const byKey = Map.groupBy(succeeded, ({ metadata: { annotations, ownerReferences } }) => {
    const key = annotations?.["stint.dev/key"];
    return key === undefined ? "" : `${ownerReferences?.[0]?.name}/${key}`;
  });
  byKey.delete("");
  return [...byKey].flatMap(([key, runs]) =>
    runs.length > 1 ? [`${runs.length} children of ${key} have succeeded`] : [],
  );
}

/** Everything ends once nothing befalls it any more (S97). */
export function everyRunEnds(history: History): readonly string[] {
  return eachRun(history, (name, versions) => {
    const last = versions.at(-1);
    return !last || last.type === "DELETED" || isFinished(last.object) ? [] : [`${name} is still ${said(last.object)}`];
  });
}

/** A run and the words for where it stands. */
export function said(run: TaskRun | undefined): string {
  const reason = conditionOf(run?.status?.conditions, "Succeeded")?.reason;
  return [run?.status?.phase ?? "new", reason].filter(Boolean).join(" ");
}

function endOf(versions: readonly RunChange[] = []): RunChange | undefined {
  return versions.find(({ object }) => isFinished(object));
}

function attemptsOf(run: TaskRun | undefined): Attempts {
  return run?.status?.attempts ?? [];
}

function eachRun(
  history: History,
  check: (name: string, versions: readonly RunChange[]) => readonly string[],
): readonly string[] {
  return [...versionsByRun(history)].flatMap(([name, versions]) => check(name, versions));
}
