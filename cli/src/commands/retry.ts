import { label } from "@stint/crds/labels";
import { rerunPatch, rerunProblem, restartsWithTree, type RerunOptions } from "@stint/crds/rerun";
import type { TaskRun } from "@stint/crds/taskrun";

import type { Cluster } from "../cluster.ts";
import { ExitCode } from "../exit-codes.ts";
import { Problem } from "../problem.ts";
import { taskRuns } from "../resources.ts";
import { getRun } from "../runs.ts";
import type { Session } from "../session.ts";

/** Does a run again that has ended otherwise than well: the same run, with further attempts. Source: S170, S172. */
export async function retry({ terminal, connect }: Session, name: string, options: RerunOptions): Promise<ExitCode> {
  const cluster = await connect();
  const run = await getRun(cluster, name);
  const problem = rerunProblem(run);
  if (problem !== undefined) throw new Problem(problem, `\`stint get ${name}\` tells where it stands.`);
  await cluster.patch(taskRuns, name, { spec: rerunPatch(run, options) });
  terminal.print(`${1 + (await restartedWith(run, cluster)).length} run(s) rescheduled`);
  return ExitCode.Ok;
}

/** The subtasks that begin anew with a run whose own function had succeeded, as the operator will find them (S171). */
async function restartedWith(run: TaskRun, cluster: Cluster): Promise<readonly TaskRun[]> {
  if (!run.status?.subtasks) return [];
  const root = run.status.root?.name ?? run.metadata.name;
  const { items } = await cluster.list(taskRuns, { labelSelector: `${label.root}=${root}` });
  return subtasksToRestart(run, items);
}

function subtasksToRestart({ metadata, status }: TaskRun, others: readonly TaskRun[]): readonly TaskRun[] {
  const attempt = status?.subtasks?.attempt;
  const restarted = others.filter(
    (other) =>
      other.metadata.labels?.[label.handedOver] === String(attempt) &&
      other.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true &&
      restartsWithTree(other),
  );
  return restarted.flatMap((each) => [each, ...subtasksToRestart(each, others)]);
}
