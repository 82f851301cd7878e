// What an attempt is to do. The input is read past the cache, which keeps none.
import type { Assignment } from "@stint/crds/attempt";
import { parseTaskReference, tagLabelPrefix, tagsOf } from "@stint/crds/labels";
import type { ManifestTask } from "@stint/crds/manifest";
import type { TaskRun } from "@stint/crds/taskrun";

import { deadlineOf } from "../core/look.ts";
import type { ObservedRun, World } from "../core/world.ts";
import { invariant } from "../errors.ts";
import { conclude } from "./conclude.ts";
import type { GatewayDeps } from "./deps.ts";
import { isRead } from "./streams.ts";
import { identifyLive, requireCurrent, type AttemptCaller } from "./identity.ts";
import { notCurrent } from "./refusal.ts";
import { requireNotCanceling } from "./stop-notice.ts";
import type { PodIdentity } from "./token.ts";
import { inputsOf, type InputMembers } from "./upstream.ts";

/**
 * The assignment of the attempt that a pod is.
 *
 * Throws `NotCurrent` for one that has ended or is being stopped, and `Canceled` while its run is being canceled. A run whose
 * input is no longer the accepted one ends here, `InvalidSpec` (S158).
 */
export async function assignmentFor(pod: PodIdentity, deps: GatewayDeps): Promise<Assignment> {
  const caller = requireCurrent(await identifyLive(pod, deps));
  requireNotCanceling(caller, deps);
  if (caller.attempt.stop) throw notCurrent(`attempt ${caller.attempt.number} is being stopped`);
  if (caller.run.input.hash !== caller.run.status?.inputHash) {
    await conclude(caller, {}, (_, { rule }) => (rule === "altered" ? "apply" : "done"), deps);
    throw notCurrent("spec.input changed after the run was accepted");
  }
  return toAssignment(caller, await inputMembers(caller, deps), deps.observe(caller.run).world);
}

/** A run whose input cannot be had ends here (S130). */
async function inputMembers(caller: AttemptCaller, deps: GatewayDeps): Promise<InputMembers> {
  invariant(caller.live, `run ${caller.run.metadata.name} was not read live`);
  const inputs = await inputsOf(caller.run, caller.live, deps);
  if (inputs.kind === "known") return inputs.members;
  const extra = { inputFault: inputs.fault };
  await conclude(caller, extra, (_, { rule }) => (rule === "withoutInput" ? "apply" : "done"), deps);
  throw notCurrent("the input of the run cannot be put together");
}

function toAssignment(caller: AttemptCaller, members: InputMembers, world: World): Assignment {
  const { run, attempt, live } = caller;
  const { revision } = world;
  const deadlineAt = deadlineOf(run, world);
  const reference = parseTaskReference(run.spec.task);
  invariant(reference && live, `run ${run.metadata.name} was not read live`);
  const task = revision?.manifest.find(({ name }) => name === reference.task);
  return {
    ...relationsOf(run),
    ...pinsOf(run),
    ...(deadlineAt && { deadlineAt: deadlineAt.toISOString() }),
    bundle: reference.bundle,
    task: reference.task,
    attempt: attempt.number,
    ...members,
    tags: tagsOf(task?.tags ?? [], run.spec),
    labels: labelsOf(live, task),
    ...(isRead(live) && { isRead: true }),
  };
}

function relationsOf({ metadata: { namespace = "", name, uid }, status }: ObservedRun) {
  const { parent, root } = status ?? {};
  return { namespace, name, uid, ...(parent && { parent: parent.name }), root: root?.name ?? name };
}

/** What is in force: pinned before the first attempt was. */
function pinsOf({ metadata, status = {} }: ObservedRun) {
  const { revision, resolved } = status;
  invariant(revision !== undefined && resolved, `run ${metadata.name} has an attempt and no pins`);
  return {
    revision,
    userRetries: status.userRetries ?? 0,
    maxRetries: resolved.retry.maxRetries,
    timeoutSeconds: resolved.timeoutSeconds,
    gracePeriodSeconds: resolved.gracePeriodSeconds,
    ...(resolved.logPrints === true && { logPrints: true }),
  };
}

/** The task's labels and those that the run was created with, less our own. */
function labelsOf({ metadata }: TaskRun, task: ManifestTask | undefined): Readonly<Record<string, string>> {
  const users = Object.entries(metadata.labels ?? {}).filter(
    ([key]) => !key.startsWith("stint.dev/") && !key.startsWith(tagLabelPrefix),
  );
  return { ...task?.labels, ...Object.fromEntries(users) };
}
