import type { TaskRun } from "@stint/crds/taskrun";

import { taskRuns } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { GatewayDeps } from "./deps.ts";

/** Writes a run as a whole, but for its status. False if it has changed since it was read. */
export async function isReplaced(run: TaskRun, { cluster }: Pick<GatewayDeps, "cluster">): Promise<boolean> {
  try {
    await cluster.replace(taskRuns, run);
    return true;
  } catch (error) {
    if (isApiError(error, "conflict", "notFound")) return false;
    throw error;
  }
}
