import { ProtocolCode } from "@stint/crds/attempt";
import type { TaskRun } from "@stint/crds/taskrun";

import type { Cluster } from "../effects/cluster.ts";
import { taskRuns } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import { ProtocolRefusal, unavailable } from "./refusal.ts";
import type { RunBody } from "./run-body.ts";

/**
 * The run of this name: created if it did not exist, and else whatever is there. Whose it is has to be asked of the answer.
 *
 * Throws `InvalidRequest` or `TooLarge` with the API server's sentence where the body itself is refused, and ApiError where
 * the same create may go well later.
 */
export async function createOrRead(body: RunBody, namespace: string, cluster: Cluster): Promise<TaskRun> {
  try {
    return await cluster.create(taskRuns, namespace, body);
  } catch (error) {
    if (isApiError(error, "alreadyExists")) return read(body.metadata.name, namespace, cluster);
    if (isApiError(error, "invalid", "badRequest", "forbidden")) {
      throw new ProtocolRefusal(ProtocolCode.InvalidRequest, error.serverMessage, { cause: error });
    }
    if (isApiError(error, "tooLarge")) {
      throw new ProtocolRefusal(ProtocolCode.TooLarge, error.serverMessage, { cause: error });
    }
    throw error;
  }
}

async function read(name: string, namespace: string, cluster: Cluster): Promise<TaskRun> {
  try {
    return await cluster.get(taskRuns, { namespace, name });
  } catch (error) {
    if (isApiError(error, "notFound")) throw unavailable(`run ${name} was deleted just now`, error);
    throw error;
  }
}
