// A run and what it started, as a tree in a table.
import type { TaskRun } from "@stint/crds/taskrun";

import { table, type Column } from "../render.ts";
import { succeededOf } from "../runs.ts";
import { attemptCountOf, durationOf, phaseOf } from "./run-rows.ts";

const columns: readonly Column[] = [
  { title: "RUN", least: 16 },
  { title: "TASK", least: 10 },
  { title: "PHASE" },
  { title: "REASON", least: 8 },
  { title: "ATTEMPTS", align: "right" },
  { title: "DURATION", align: "right" },
];

/** A run of a tree, with what stands before its name. */
export interface Branch {
  readonly prefix: string;
  readonly run: TaskRun;
}

export function runTree(branches: readonly Branch[], now: Date, width: number): string {
  const rows = branches.map(({ prefix, run }) => [
    prefix + run.metadata.name,
    run.spec.task,
    phaseOf(run),
    succeededOf(run).reason,
    attemptCountOf(run),
    durationOf(run, now),
  ]);
  return table(columns, rows, width);
}

/**
 * The run and its descendants among `others`, each after its parent and before that one's next child; children in the
 * order in which they were created.
 *
 * A parent is told by its uid: a run deleted and created again under its name has no part in the children of the first.
 */
export function branchesOf(run: TaskRun, others: readonly TaskRun[]): Branch[] {
  const byParent = Map.groupBy(others.toSorted(byCreation), parentUidOf);
  return [{ prefix: "", run }, ...below(run, byParent, "")];
}

function below(run: TaskRun, byParent: ReadonlyMap<string, readonly TaskRun[]>, indent: string): Branch[] {
  const children = byParent.get(run.metadata.uid) ?? [];
  return children.flatMap((child, at) => {
    const isLast = at === children.length - 1;
    const branch = { prefix: `${indent}${isLast ? "└─ " : "├─ "}`, run: child };
    return [branch, ...below(child, byParent, `${indent}${isLast ? "   " : "│  "}`)];
  });
}

function parentUidOf({ metadata }: TaskRun): string {
  return metadata.ownerReferences?.find(({ kind }) => kind === "TaskRun")?.uid ?? "";
}

function byCreation({ metadata: a }: TaskRun, { metadata: b }: TaskRun): number {
  return compare(a.creationTimestamp, b.creationTimestamp) || compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
