// What an attempt may ask of the runs that it has started: to end, and to be done again.
import { ProtocolCode, type RerunRequest } from "@stint/crds/attempt";
import { ConditionType } from "@stint/crds/conditions";
import { rerunPatch, rerunProblem } from "@stint/crds/rerun";
import type { TaskRun } from "@stint/crds/taskrun";

import { isTrue } from "../core/status.ts";
import { newerUnderKey } from "../effects/observe-hand-over.ts";
import { controllerUid, toObservedRun } from "../effects/reading.ts";
import { taskRuns } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { GatewayDeps } from "./deps.ts";
import { currentAttempt, type AttemptCaller } from "./identity.ts";
import { isReplaced } from "./replace-run.ts";
import { ProtocolRefusal, unavailable } from "./refusal.ts";
import type { PodIdentity } from "./token.ts";
import { isTriggeredBy } from "./tree.ts";

const rounds = 5;

/** Stores `spec.cancel` in a child (S166). A child that has ended keeps its outcome (S167). Throws as {@link changeChild}. */
export function cancelChild(pod: PodIdentity, name: string, deps: GatewayDeps): Promise<void> {
  return changeChild(pod, name, deps, ({ spec, status }) =>
    spec.cancel === true || isTrue(status, ConditionType.Finished) ? undefined : { ...spec, cancel: true },
  );
}

/**
 * Asks for a child to be done again (S170). Throws `CannotRerun` for one that is live or has succeeded, and else as
 * {@link changeChild}.
 */
export function rerunChild(
  pod: PodIdentity,
  { name, ...options }: RerunRequest & { readonly name: string },
  deps: GatewayDeps,
): Promise<void> {
  return changeChild(pod, name, deps, (child) => {
    const problem = rerunProblem(child);
    if (problem !== undefined) throw new ProtocolRefusal(ProtocolCode.CannotRerun, problem);
    const newer = newerUnderKey(toObservedRun(child), deps.caches.runs);
    if (newer !== undefined) {
      const message = `task run ${name} is not done again: run ${newer} has its key`; // S118
      throw new ProtocolRefusal(ProtocolCode.CannotRerun, message);
    }
    const { cancel: _, ...spec } = child.spec;
    return { ...spec, rerun: rerunPatch(child, options).rerun };
  });
}

/**
 * Writes the spec that `change` makes of a child's, or nothing where it makes none.
 *
 * Throws `NotFound` for a run that is neither this one's child nor triggered by its tree, and `NotCurrent` for an attempt that has ended.
 */
async function changeChild(
  pod: PodIdentity,
  name: string,
  deps: GatewayDeps,
  change: (child: TaskRun) => TaskRun["spec"] | undefined,
): Promise<void> {
  const caller = await currentAttempt(pod, deps);
  for (let round = 1; round <= rounds; round++) {
    const child = await readChild(name, caller, deps);
    const spec = change(child);
    if (!spec || (await isReplaced({ ...child, spec }, deps))) return;
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
