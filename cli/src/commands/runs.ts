import type { TaskRun } from "@stint/crds/taskrun";

import { ExitCode } from "../exit-codes.ts";
import { printObject, toList, type OutputFormat } from "../output.ts";
import { table } from "../render.ts";
import { taskRuns } from "../resources.ts";
import type { Session } from "../session.ts";
import { runColumns, toRunRow } from "../views/run-rows.ts";

export interface RunsOptions {
  readonly selector?: string;
  readonly task?: string;
  readonly phase?: string;
  readonly allNamespaces?: boolean;
  readonly output?: OutputFormat;
}

/** Lists runs, the newest first. Source: S159. */
export async function runs({ terminal, now, connect }: Session, options: RunsOptions): Promise<ExitCode> {
  const { selector, task, phase, allNamespaces = false, output } = options;
  const cluster = await connect();
  const { items } = await cluster.list(taskRuns, {
    labelSelector: selector,
    fieldSelector: toFieldSelector({ "spec.task": task, "status.phase": phase }),
    allNamespaces,
  });
  const newestFirst = items.toSorted((a, b) => createdAt(b) - createdAt(a));
  if (output) await printObject(terminal, output, toList(newestFirst));
  else if (items.length === 0) terminal.note(allNamespaces ? "no runs" : `no runs in namespace ${cluster.namespace}`);
  else if (allNamespaces) terminal.print(withNamespaces(newestFirst, now(), terminal.width));
  else
    terminal.print(
      table(
        runColumns,
        newestFirst.map((run) => toRunRow(run, now())),
        terminal.width,
      ),
    );
  return ExitCode.Ok;
}

function withNamespaces(runs: readonly TaskRun[], now: Date, width: number): string {
  const rows = runs.map((run) => [run.metadata.namespace ?? "", ...toRunRow(run, now)]);
  return table([{ title: "NAMESPACE", least: 8 }, ...runColumns], rows, width);
}

function createdAt({ metadata }: TaskRun): number {
  return new Date(metadata.creationTimestamp).getTime();
}

function toFieldSelector(fields: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(fields)
    .flatMap(([field, value]) => (value === undefined ? [] : [`${field}=${value}`]))
    .join(",");
}
