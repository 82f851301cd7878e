// A run in one line.
import { Phase } from "@stint/crds/conditions";
import type { TaskRun } from "@stint/crds/taskrun";

import { inWords, secondsBetween } from "../duration.ts";
import type { Column } from "../render.ts";
import { succeededOf } from "../runs.ts";

export const runColumns: readonly Column[] = [
  { title: "NAME", least: 12 },
  { title: "TASK", least: 10 },
  { title: "PHASE" },
  { title: "REASON", least: 8 },
  { title: "ATTEMPTS", align: "right" },
  { title: "DURATION", align: "right" },
  { title: "AGE", align: "right" },
];

export function toRunRow(run: TaskRun, now: Date): string[] {
  const { metadata, spec } = run;
  const age = inWords(Math.floor(secondsBetween(metadata.creationTimestamp, now)));
  return [
    metadata.name,
    spec.task,
    phaseOf(run),
    succeededOf(run).reason,
    attemptCountOf(run),
    durationOf(run, now),
    age,
  ];
}

/** A run that nobody has looked at yet is Pending. */
export function phaseOf({ status }: TaskRun): Phase {
  return status?.phase ?? Phase.Pending;
}

export function attemptCountOf({ status }: TaskRun): string {
  return String(status?.attemptCount ?? 0);
}

/** From the start of its first attempt to its end, or until now; empty before. */
export function durationOf({ status = {} }: TaskRun, now: Date): string {
  const { startedAt, finishedAt, durationSeconds } = status;
  if (durationSeconds !== undefined) return inWords(durationSeconds);
  return startedAt === undefined ? "" : inWords(secondsBetween(startedAt, finishedAt ?? now));
}
