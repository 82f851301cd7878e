// What many runs do at once, each line about one attempt: shorter than the news of one run that somebody waits for.
//
//   T1. An attempt has a line when it starts, if it lives long enough to be seen, and one when it ends. What follows its end,
//       a wait or the end of the run, stands in the same line.
//   T2. A state in which nothing of that changed has no line.
import { LiveReason } from "@stint/crds/conditions";
import type { TaskRun } from "@stint/crds/taskrun";

import { attemptsOf, succeededOf } from "../runs.ts";
import { cut, oneLine } from "../width.ts";
import { failuresSince, inAttempts, standingOf, waitInWords } from "./news.ts";
import { phaseOf } from "./run-rows.ts";

const longestResult = 120;

/** How a line is meant. */
export type Tone = "plain" | "good" | "bad";

export interface StoryLine {
  readonly text: string;
  readonly tone: Tone;
}

/** The lines for a change; `before` is the state that was told of last, if there was one. */
export function storyOf(before: TaskRun | undefined, run: TaskRun): readonly StoryLine[] {
  const failures = failuresSince(before, run).map((text) => aLine(text, "bad"));
  const next = before !== undefined && standingOf(before) === standingOf(run) ? undefined : nextOf(before, run);
  const last = failures.at(-1);
  if (!last || !next || !followsFromFailure(run)) return next ? [...failures, next] : failures;
  return [...failures.slice(0, -1), aLine(`${last.text}; ${next.text}`, "bad")]; // T1
}

function followsFromFailure(run: TaskRun): boolean {
  return phaseOf(run) === "Failed" || succeededOf(run).reason === LiveReason.AwaitingRetry;
}

/** What the run does now; undefined if that need not be said. */
function nextOf(before: TaskRun | undefined, run: TaskRun): StoryLine | undefined {
  switch (phaseOf(run)) {
    case "Pending":
      return waitOf(run);
    case "Running":
      return startOf(before, run);
    case "Succeeded":
      return aLine(`${standingOf(run)}: ${cut(JSON.stringify(run.status?.result ?? null), longestResult)}`, "good");
    case "Failed":
      return aLine(isToldOf(run) ? `Failed after ${inAttempts(run)}` : standingOf(run), "bad");
    case "Suspended":
    case "Skipped":
    case "Canceled":
      return aLine(standingOf(run), "plain");
  }
}

function waitOf(run: TaskRun): StoryLine | undefined {
  const { reason } = succeededOf(run);
  if (reason === LiveReason.AwaitingRetry) return aLine(waitInWords(run), "plain");
  return reason === "" || reason === LiveReason.Starting ? undefined : aLine(standingOf(run), "plain");
}

function startOf(before: TaskRun | undefined, run: TaskRun): StoryLine | undefined {
  const { reason } = succeededOf(run);
  if (reason === LiveReason.Canceling) return aLine("is being canceled", "plain");
  if (reason === LiveReason.WaitingForSubtasks) return aLine("waits for its subtasks", "plain");
  const number = runningAttempt(run);
  return before && runningAttempt(before) === number ? undefined : aLine(`attempt ${number} started`, "plain");
}

/** Number of the attempt that runs; undefined if none does. */
function runningAttempt(run: TaskRun): number | undefined {
  return phaseOf(run) === "Running" ? attemptsOf(run).at(-1)?.number : undefined;
}

/** Whether the run failed as its last attempt did. */
function isToldOf(run: TaskRun): boolean {
  return attemptsOf(run).at(-1)?.reason === succeededOf(run).reason;
}

function aLine(text: string, tone: Tone): StoryLine {
  return { text: oneLine(text), tone };
}
