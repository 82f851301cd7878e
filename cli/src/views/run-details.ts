// All that is known of one run.
import type { Attempt, Resources, TaskRun } from "@stint/crds/taskrun";

import { inWords, secondsBetween } from "../duration.ts";
import { facts, table, type Column, type Fact } from "../render.ts";
import { attemptsOf, succeededOf } from "../runs.ts";
import { harmless } from "../width.ts";
import { durationOf, phaseOf } from "./run-rows.ts";

const attemptColumns: readonly Column[] = [
  { title: "ATTEMPT", align: "right" },
  { title: "REASON", least: 10 },
  { title: "CLASS", least: 5 },
  { title: "TYPE", least: 8 },
  { title: "NODE", least: 8 },
  { title: "POD", least: 12 },
  { title: "DURATION", align: "right" },
];

/** Facts, attempts, the value or the error, and what can be done about that, in paragraphs. */
export function runDetails(run: TaskRun, now: Date, width: number): string {
  const attempts = attemptsOf(run);
  const paragraphs = [
    facts(runFacts(run, now), width),
    attempts.length > 0
      ? table(
          attemptColumns,
          attempts.map((attempt) => toAttemptRow(attempt, now)),
          width,
        )
      : "",
    attemptErrors(attempts, width),
    outcomeText(run, width),
    facts([["hint", run.status?.error?.hint]], width),
  ];
  return paragraphs.filter((paragraph) => paragraph !== "").join("\n\n");
}

function runFacts(run: TaskRun, now: Date): Fact[] {
  const { metadata, spec, status = {} } = run;
  const { reason, message } = succeededOf(run);
  return [
    ["name", metadata.name],
    ["task", status.revision === undefined ? spec.task : `${spec.task}, revision ${status.revision}`],
    ["display name", status.displayName],
    ["phase", reason === "" ? phaseOf(run) : `${phaseOf(run)}, ${reason}`],
    ["message", message],
    ["type", withResources(status.instanceType, status.resources)],
    ["age", inWords(Math.floor(secondsBetween(metadata.creationTimestamp, now)))],
    ["duration", durationOf(run, now)],
    ["next retry", status.nextRetryAt],
    ["start at", spec.startAt],
    ["deadline", status.deadlineAt],
    ["progress", progressInWords(run)],
    ["tags", spec.tags?.join(", ")],
    ["parent", status.parent && `${status.parent.name}, attempt ${status.parent.attempt}`],
    ["root", status.root && status.root.uid !== metadata.uid ? status.root.name : undefined],
  ];
}

function withResources(type: string | undefined, resources: Resources = {}): string | undefined {
  const amounts = Object.entries(resources).map(([name, amount]) => `${name} ${amount}`);
  return type === undefined || amounts.length === 0 ? type : `${type} (${amounts.join(", ")})`;
}

/** `rows 3 of 10`, and `undefined` for a task that reports none. */
export function progressInWords({ status }: TaskRun): string | undefined {
  return status?.progress?.map(({ label, done, total }) => `${label} ${done} of ${total}`).join(", ");
}

function toAttemptRow(attempt: Attempt, now: Date): string[] {
  const { number, reason = "", class: payer = "", instanceType, nodeName = "", podName, startedAt } = attempt;
  const duration = startedAt === undefined ? "" : inWords(secondsBetween(startedAt, attempt.finishedAt ?? now));
  return [String(number), reason, payer, instanceType, nodeName, podName, duration];
}

function attemptErrors(attempts: readonly Attempt[], width: number): string {
  const list = attempts.map(({ number, error }): Fact => [
    `attempt ${number}`,
    error && `${error.name}: ${error.message}`,
  ]);
  return facts(list, width);
}

function outcomeText({ status = {} }: TaskRun, width: number): string {
  if (status.result !== undefined) return `result\n${indented(JSON.stringify(status.result, null, 2))}`;
  if (!status.error) return "";
  const { name, message, stack } = status.error;
  return stack === undefined
    ? facts([["error", `${name}: ${message}`]], width)
    : `error\n${indented(stack.split("\n").map(harmless).join("\n"))}`;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
