// What commands ask of a run.
import { ConditionType } from "@stint/crds/conditions";
import type { Condition } from "@stint/crds/kubernetes";
import type { Attempt, TaskRun } from "@stint/crds/taskrun";

import type { Cluster } from "./cluster.ts";
import { isRefusal, Problem } from "./problem.ts";
import { taskRuns } from "./resources.ts";

/** Throws a {@link Problem} with the text of S167 if there is none. */
export async function getRun(cluster: Cluster, name: string): Promise<TaskRun> {
  return cluster.get(taskRuns, name).catch((error: unknown) => {
    throw isRefusal(error, 404) ? runNotFound(cluster, name) : error;
  });
}

export function runNotFound({ namespace }: Cluster, name: string): Problem {
  return new Problem(
    `task run not found: ${name}`,
    `\`stint runs\` lists those of namespace ${namespace}; -n chooses another.`,
  );
}

/** There is nothing left to be done to a run that has ended (S167). */
export function runNotActive(name: string): Problem {
  return new Problem(`task run ${name} is not active`, `\`stint get ${name}\` tells how it ended.`);
}

/** The condition that tells how the run ended, or what it waits for. */
export function succeededOf({ status }: TaskRun): Pick<Condition, "reason" | "message"> {
  const found = status?.conditions?.find(({ type }) => type === ConditionType.Succeeded);
  return found ?? { reason: "", message: "" };
}

export function attemptsOf({ status }: TaskRun): readonly Attempt[] {
  return status?.attempts ?? [];
}
