import { ProtocolCode } from "@stint/crds/attempt";
import { ConditionType } from "@stint/crds/conditions";
import type { TaskRun } from "@stint/crds/taskrun";

import { isTrue } from "../core/status.ts";
import { controllerUid } from "../effects/reading.ts";
import { taskRuns } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { GatewayDeps } from "./deps.ts";
import { currentAttempt, type AttemptCaller } from "./identity.ts";
import { ProtocolRefusal, unavailable } from "./refusal.ts";
import type { PodIdentity } from "./token.ts";
import { isTriggeredBy } from "./tree.ts";

const rounds = 5;

/**
 * Stores `spec.cancel` in a child (S166). A child that has ended keeps its outcome (S167).
 *
 * Throws `NotFound` for a run that is neither this one's child nor triggered by its tree, and `NotCurrent` for an attempt that has ended.
 */
export async function cancelChild(pod: PodIdentity, name: string, deps: GatewayDeps): Promise<void> {
  const caller = await currentAttempt(pod, deps);
  for (let round = 1; round <= rounds; round++) {
    const child = await readChild(name, caller, deps);
    if (child.spec.cancel === true || isTrue(child.status, ConditionType.Finished)) return;
    if (await isReplaced({ ...child, spec: { ...child.spec, cancel: true } }, deps)) return;
  }
  throw unavailable(`run ${name} is being written by others`);
}

async function readChild(name: string, { pod, run }: AttemptCaller, { cluster }: GatewayDeps): Promise<TaskRun> {
  const child = await cluster.get(taskRuns, { namespace: pod.namespace, name }).catch((error: unknown) => {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  });
  if (child && (controllerUid(child) === run.metadata.uid || isTriggeredBy(child, run))) return child;
  throw new ProtocolRefusal(ProtocolCode.NotFound, `task run not found: ${name}`);
}

/** False if the child has changed since it was read. */
async function isReplaced(child: TaskRun, { cluster }: GatewayDeps): Promise<boolean> {
  try {
    await cluster.replace(taskRuns, child);
    return true;
  } catch (error) {
    if (isApiError(error, "conflict", "notFound")) return false;
    throw error;
  }
}
