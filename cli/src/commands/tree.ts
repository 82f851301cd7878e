import { label } from "@stint/crds/labels";

import { ExitCode } from "../exit-codes.ts";
import { printObject, toList, type OutputFormat } from "../output.ts";
import { taskRuns } from "../resources.ts";
import { getRun } from "../runs.ts";
import type { Session } from "../session.ts";
import { branchesOf, runTree } from "../views/run-tree.ts";

/** Shows a run and all that it started, directly or not. Source: S121. */
export async function tree(
  { terminal, now, connect }: Session,
  name: string,
  { output }: { readonly output?: OutputFormat },
): Promise<ExitCode> {
  const cluster = await connect();
  const run = await getRun(cluster, name);
  const root = run.metadata.labels?.[label.root] ?? name;
  const { items } = await cluster.list(taskRuns, { labelSelector: `${label.root}=${root}` });
  const branches = branchesOf(run, items);
  if (output) await printObject(terminal, output, toList(branches.map((branch) => branch.run)));
  else terminal.print(runTree(branches, now(), terminal.width));
  return ExitCode.Ok;
}
