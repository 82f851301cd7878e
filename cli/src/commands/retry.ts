import { rerunPatch, rerunProblem, type RerunOptions } from "@stint/crds/rerun";

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
  terminal.print("1 run(s) rescheduled");
  return ExitCode.Ok;
}
