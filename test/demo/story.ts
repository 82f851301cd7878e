// From runs as the API shows them to lines that a person reads, and to what differs from what was promised.
import type { TaskRun } from "@stint/crds/taskrun";

import type { Act } from "./acts.ts";

/** A run and the runs that it started. */
export interface Tale {
  readonly run: TaskRun;
  readonly children: readonly TaskRun[];
}

type Attempt = NonNullable<NonNullable<TaskRun["status"]>["attempts"]>[number];

/** `Succeeded, Completed: [TaskError on starter, Succeeded on starter] → 9`: phase, reason, attempts and result. */
function endingOf(run: TaskRun): string {
  const { phase, result } = run.status ?? {};
  const tried = attemptsOf(run).map(({ reason, instanceType }) => `${reason} on ${instanceType}`);
  const returned = result === undefined ? "" : ` → ${JSON.stringify(result)}`;
  return `${phase}, ${succeededOf(run)?.reason}: [${tried.join(", ")}]${returned}`;
}

/** A sentence for each promise of the act that was not kept. */
export function differences({ ends, childrenEnd = [], waits = [] }: Act, { run, children }: Tale): string[] {
  const found = { run: endingOf(run), children: children.map(endingOf).toSorted() };
  const tooShort = waitsOf(run)
    .map((seconds, index) => ({ seconds, least: waits[index] ?? 0, attempt: index + 2 }))
    .filter(({ seconds, least }) => seconds < least);
  return [
    ...(found.run === ends ? [] : [`${run.metadata.name} ended "${found.run}" and not "${ends}"`]),
    ...(found.children.join("\n") === childrenEnd.join("\n")
      ? []
      : [`its children ended ${JSON.stringify(found.children)} and not ${JSON.stringify(childrenEnd)}`]),
    ...tooShort.map(
      ({ attempt, seconds, least }) => `attempt ${attempt} came after ${seconds} s, sooner than ${least} s`,
    ),
    ...(areSideBySide(children) ? [] : ["its children did not run at the same time"]),
  ];
}

/** The attempts of a run and of its children, each with the second in which it began. */
export function storyOf({ run, children }: Tale): string[] {
  const begin = attemptsOf(run)[0]?.createdAt;
  const told = children
    .toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name))
    .flatMap((child) => [
      `          child ${child.metadata.name}, ${child.spec.task} of ${JSON.stringify(child.spec.input)}`,
      ...linesOf(child, begin).map((line) => `          ${line}`),
    ]);
  const [first = "", ...rest] = linesOf(run, begin);
  return [first, ...told, ...rest];
}

function linesOf(run: TaskRun, begin: string | undefined): string[] {
  const waits = waitsOf(run);
  const lines = attemptsOf(run).flatMap((attempt, index) => [
    ...(index === 0 ? [] : [`          … ${waits[index - 1]?.toFixed(1)} s pass …`]),
    lineOf(attempt, begin),
  ]);
  const { phase, result } = run.status ?? {};
  const { reason, message = "" } = succeededOf(run) ?? {};
  const why = [`${phase}, ${reason}`, message].filter(Boolean).join(": ");
  const end = result === undefined ? why : `${phase} with ${JSON.stringify(result)}`;
  return [...lines, `          ${end}`];
}

function lineOf(
  { number, podName, instanceType, reason, error, createdAt, finishedAt }: Attempt,
  begin?: string,
): string {
  const at = `${secondsBetween(begin, createdAt).toFixed(1)} s`.padStart(8);
  const said = error ? `: ${error.message}` : "";
  return `${at}  attempt ${number} in pod ${podName} on ${instanceType}: ${reason} after ${secondsBetween(createdAt, finishedAt).toFixed(1)} s${said}`;
}

/** Seconds from the end of each attempt to the beginning of the next. */
function waitsOf(run: TaskRun): number[] {
  const attempts = attemptsOf(run);
  return attempts.slice(1).map(({ createdAt }, index) => secondsBetween(attempts[index]?.finishedAt, createdAt));
}

/** Whether each began before any of them ended. */
function areSideBySide(runs: readonly TaskRun[]): boolean {
  const attempts = runs.flatMap(attemptsOf);
  const lastBegun = Math.max(...attempts.map(({ createdAt }) => Date.parse(createdAt)));
  return lastBegun < Math.min(...attempts.map(({ finishedAt = "" }) => Date.parse(finishedAt)));
}

function attemptsOf({ status }: TaskRun): readonly Attempt[] {
  return status?.attempts ?? [];
}

function succeededOf({ status }: TaskRun) {
  return status?.conditions?.find(({ type }) => type === "Succeeded");
}

function secondsBetween(from = "", to = ""): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
