// How the runs of a plan end: as their stories say, unless something befell them that a user has to pay for.
import { isDeepStrictEqual } from "node:util";

import type { TaskRun } from "@stint/crds/taskrun";

import { type History, isFinished, lastOfRuns } from "../history.ts";
import type { Submission } from "../plan.ts";
import type { Ending } from "../stories.ts";
import { said } from "./runs.ts";

/** A process that is killed, and one whose node forgot it, fail like any other: nobody can tell who did it. */
const befalling: ReadonlySet<string> = new Set(["Killed", "ExitedWithoutReport"]);

export function endAsTold(submissions: readonly Submission[], history: History): readonly string[] {
  const runs = lastOfRuns(history);
  return submissions.flatMap(({ name, story: { ends } }) => {
    const run = runs.find(({ metadata }) => metadata.name === name);
    if (!run || !isFinished(run) || isEnding(run, ends)) return [];
    const befell = runs.filter((other) => isIn(other, run)).some(wasBefallen) || wasCutShort(run);
    return befell && run.status?.phase === "Failed"
      ? []
      : [`${name} is ${said(run)}, not ${JSON.stringify(ends).slice(0, 100)}`];
  });
}

/** Whether the run has ended as its story says. */
export function isEnding({ status }: TaskRun, ends: Ending): boolean {
  if (status?.phase !== ends.phase) return false;
  if (ends.phase === "Succeeded") return isDeepStrictEqual(status.result, ends.result);
  if (ends.phase === "Canceled") return true;
  return status.attempts?.at(-1)?.reason === ends.reason || status.error?.name === ends.reason;
}

function isIn(run: TaskRun, { metadata }: TaskRun): boolean {
  return run.metadata.name === metadata.name || run.metadata.labels?.["stint.dev/root"] === metadata.name;
}

/** What the cluster took away is not tried again where the wait would outlast the deadline (S71). */
function wasCutShort({ spec, status }: TaskRun): boolean {
  return spec.deadlineSeconds !== undefined && status?.attempts?.at(-1)?.class === "Infrastructure";
}

function wasBefallen({ status }: TaskRun): boolean {
  return status?.attempts?.some(({ reason }) => befalling.has(reason ?? "")) ?? false;
}
