import type { TaskBundle } from "@stint/crds/taskbundle";

import type { Cluster } from "../cluster.ts";
import { ExitCode } from "../exit-codes.ts";
import { printObject, toList, type OutputFormat } from "../output.ts";
import { isRefusal, Problem } from "../problem.ts";
import { taskBundles } from "../resources.ts";
import type { Session } from "../session.ts";
import { bundleTasks } from "../views/bundle-tasks.ts";

/** Lists the tasks of one bundle, or of all in the namespace. Source: S17, S156. */
export async function tasks(
  { terminal, connect }: Session,
  bundle: string | undefined,
  { output }: { readonly output?: OutputFormat },
): Promise<ExitCode> {
  const cluster = await connect();
  const bundles = bundle === undefined ? (await cluster.list(taskBundles)).items : [await getBundle(cluster, bundle)];
  if (output) await printObject(terminal, output, toList(bundles));
  else if (bundles.length === 0) terminal.note(`no bundles in namespace ${cluster.namespace}`);
  else terminal.print(bundleTasks(bundles, terminal.width));
  for (const each of bundles.filter(isWithoutTasks)) {
    terminal.note(`bundle ${each.metadata.name} has no Ready revision yet`);
  }
  return ExitCode.Ok;
}

async function getBundle(cluster: Cluster, name: string): Promise<TaskBundle> {
  return cluster.get(taskBundles, name).catch((error: unknown) => {
    throw isRefusal(error, 404)
      ? new Problem(
          `bundle ${name} does not exist in namespace ${cluster.namespace}`,
          "`stint tasks` lists all there are.",
        )
      : error;
  });
}

function isWithoutTasks({ status }: TaskBundle): boolean {
  return status?.revision === undefined;
}
