// What has changed from one state of a run to the next, for people who wait.
//
//   N1. Each attempt that ended is told of once, however many states were missed in between.
//   N2. Nothing is said of a state in which nothing changed that people care about.
import { LiveReason } from "@stint/crds/conditions";
import type { Attempt, TaskRun } from "@stint/crds/taskrun";

import { inWords, secondsBetween } from "../duration.ts";
import { attemptsOf, succeededOf } from "../runs.ts";
import { oneLine } from "../width.ts";
import { progressInWords } from "./run-details.ts";
import { durationOf, phaseOf } from "./run-rows.ts";

/** The lines for a change; `before` is the state that was told of last, if there was one. */
export function newsOf(before: TaskRun | undefined, run: TaskRun): string[] {
  const standing = standingOf(run);
  const isKnown = before !== undefined && standingOf(before) === standing;
  return [...failuresSince(before, run), ...(isKnown ? [] : [standing])].map(oneLine);
}

/** N1. How the last attempt of a run that succeeded ended is no news of its own. */
export function failuresSince(before: TaskRun | undefined, run: TaskRun): string[] {
  const told = new Set(
    before
      ? attemptsOf(before)
          .filter(isFailed)
          .map(({ number }) => number)
      : [],
  );
  return attemptsOf(run)
    .filter((attempt) => isFailed(attempt) && !told.has(attempt.number))
    .map(failureInWords);
}

function isFailed({ class: payer, finishedAt }: Attempt): boolean {
  return payer !== undefined && finishedAt !== undefined;
}

function failureInWords({ number, reason = "", startedAt, finishedAt, error, instanceType }: Attempt): string {
  const after = startedAt && finishedAt ? ` after ${inWords(secondsBetween(startedAt, finishedAt))}` : "";
  const why = error ? `: ${error.name}: ${error.message}` : ` on ${instanceType}`;
  return `attempt ${number} failed${after}: ${reason}${why}`;
}

export function standingOf(run: TaskRun): string {
  const phase = phaseOf(run);
  const { reason, message } = succeededOf(run);
  switch (phase) {
    case "Suspended":
      return [phase, reason, message].filter(isText).join(": ");
    case "Pending":
      return [phase, reason, reason === LiveReason.AwaitingRetry ? waitInWords(run) : message]
        .filter(isText)
        .join(": ");
    case "Running":
      if (reason === LiveReason.WaitingForSubtasks) return `${phase}: ${reason}`; // without a pod
      return [phase, reason === LiveReason.Canceling ? reason : "", placeInWords(run)].filter(isText).join(": ");
    case "Succeeded":
      return `${phase} after ${inAttempts(run)}`;
    case "Failed":
    case "Skipped":
      return `${phase}: ${reason}: ${message}`;
    case "Canceled":
      return `${phase}: ${reason}`;
  }
}

function isText(part: string): boolean {
  return part !== "";
}

/** The failure that is waited after has been told of already. */
export function waitInWords(run: TaskRun): string {
  const { number = 0, finishedAt } = attemptsOf(run).at(-1) ?? {};
  const { nextRetryAt } = run.status ?? {};
  const wait = finishedAt && nextRetryAt ? ` after ${inWords(secondsBetween(finishedAt, nextRetryAt))}` : "";
  return `attempt ${number + 1} follows${wait}`;
}

function placeInWords(run: TaskRun): string {
  const { number = 1, nodeName } = attemptsOf(run).at(-1) ?? {};
  const node = nodeName === undefined ? "" : ` on ${nodeName}`;
  const progress = progressInWords(run);
  return `attempt ${number}${node}${progress === undefined ? "" : `, ${progress}`}`;
}

export function inAttempts(run: TaskRun): string {
  const count = run.status?.attemptCount ?? 0;
  const duration = durationOf(run, new Date(run.status?.finishedAt ?? 0));
  return `${count} attempt${count === 1 ? "" : "s"}${duration === "" ? "" : ` in ${duration}`}`;
}
