// Children of an attempt: each start is carried out once, however often it is asked for.
//
//   D1. A child's name follows from the call that started it: parent, attempt and number of the call; or parent, key and
//       ordinal. So a repeated request, at whichever replica, and two starts at once, meet in one child (S118).
//   D2. A name that is taken is success only if the run under it is this parent's, of this task, with this input.
//   D3. The ordinals of a key are walked from the first one on. A child that is live or Succeeded answers every later call
//       of the key; one that ended otherwise answers only the very call that made it, and gives way to the next ordinal.
//   D4. One bad start does not spoil the others: each has an answer of its own. What is not the caller's fault fails the
//       whole request, which may be repeated (D1).
import { ProtocolCode, type ChildrenResponse, type ChildStarted } from "@stint/crds/attempt";
import { isRerunDue } from "@stint/crds/rerun";
import { annotation, childName, type NamedObject } from "@stint/crds/labels";

import { isFinished } from "../core/look.ts";
import { isTrue } from "../core/status.ts";
import type { ObservedRun } from "../core/world.ts";
import { registeredTask } from "../effects/observe.ts";
import { controllerUid, toObservedRun } from "../effects/reading.ts";
import { createOrRead } from "./create-run.ts";
import type { GatewayDeps } from "./deps.ts";
import { identifyLive, requireCurrent, type AttemptCaller } from "./identity.ts";
import { nameTaken, ProtocolRefusal } from "./refusal.ts";
import { childBody, toChildCall, type Origin, type RunCall } from "./run-body.ts";
import { ChildStartSchema, parseBody, type UncheckedStart } from "./schemas.ts";
import { requireNotCanceling } from "./stop-notice.ts";
import { toSubmission } from "./submission.ts";
import type { PodIdentity } from "./token.ts";
import { TreeBudget } from "./tree.ts";

/** One request's view of the parent. */
interface Batch {
  readonly caller: AttemptCaller;
  readonly budget: TreeBudget;
  readonly deps: GatewayDeps;
}

/**
 * Starts children, and answers each start in the order of the request.
 *
 * Throws `NotCurrent` for an attempt that has ended and `Canceled` while its run is being canceled (S125).
 */
export async function startChildren(
  pod: PodIdentity,
  starts: readonly UncheckedStart[],
  deps: GatewayDeps,
): Promise<ChildrenResponse> {
  const caller = requireCurrent(await identifyLive(pod, deps));
  requireNotCanceling(caller, deps);
  const batch: Batch = { caller, budget: new TreeBudget(caller.run, deps.caches, deps.limits), deps };
  return { children: await Promise.all(starts.map((start) => answerTo(start, batch))) };
}

async function answerTo(unchecked: UncheckedStart, batch: Batch): Promise<ChildStarted> {
  const { sequence } = unchecked;
  try {
    const { key, ...start } = parseBody(ChildStartSchema, unchecked);
    const asked = toChildCall(start, batch.caller.run);
    const call = start.submission ? toSubmission(asked, start.submission, batch.caller.run, batch.deps) : asked;
    const { name, uid } = await (key === undefined
      ? startByNumber(call, sequence, batch)
      : startByKey(call, { sequence, key }, batch));
    return { sequence, name, uid };
  } catch (error) {
    const isCallersFault = error instanceof ProtocolRefusal && error.code !== ProtocolCode.Unavailable;
    if (isCallersFault) return { sequence, error: error.body }; // D4
    throw error;
  }
}

async function startByNumber(call: RunCall, sequence: number, batch: Batch): Promise<NamedObject> {
  const { run: parent, attempt } = batch.caller;
  const name = childName({ parentUid: parent.metadata.uid, attempt: attempt.number, sequence });
  const child = await findOrCreate(name, call, { attempt: attempt.number, sequence }, batch);
  if (isChildOf(child, parent) && isOfCall(child, call)) return child.metadata;
  throw nameTaken(child); // D2
}

async function startByKey(
  call: RunCall,
  { sequence, key }: { readonly sequence: number; readonly key: string },
  batch: Batch,
): Promise<NamedObject> {
  const { run: parent, attempt } = batch.caller;
  for (let ordinal = 1; ; ordinal++) {
    const name = childName({ parentUid: parent.metadata.uid, key, ordinal });
    const origin: Origin = { attempt: attempt.number, sequence, key: { text: key, ordinal } };
    const child = await findOrCreate(name, call, origin, batch);
    if (!isChildOf(child, parent)) throw nameTaken(child); // D2
    if (!isOfCall(child, call)) {
      throw new ProtocolRefusal(ProtocolCode.KeyConflict, `key "${key}" was used for another call`);
    }
    if (answersEveryCall(child) || isMadeBy(origin, child)) return child.metadata; // D3
  }
}

async function findOrCreate(name: string, call: RunCall, origin: Origin, batch: Batch): Promise<ObservedRun> {
  const { caller, budget, deps } = batch;
  const { namespace } = caller.pod;
  const known = deps.caches.runs.get(`${namespace}/${name}`);
  if (known) return known;
  budget.take();
  const registered = registeredTask(call.reference, namespace, deps.caches);
  const body = childBody(name, { ...call, registered }, origin, caller.run);
  return toObservedRun(await createOrRead(body, namespace, deps.cluster));
}

function isChildOf(child: ObservedRun, parent: ObservedRun): boolean {
  return controllerUid(child) === parent.metadata.uid;
}

function isOfCall({ spec, input }: ObservedRun, call: RunCall): boolean {
  return spec.task === call.task && input.hash === call.inputHash;
}

function answersEveryCall(child: ObservedRun): boolean {
  return !isFinished(child) || isRerunDue(child) || isTrue(child.status, "Succeeded");
}

function isMadeBy({ attempt, sequence }: Origin, { metadata: { annotations = {} } }: ObservedRun): boolean {
  return (
    annotations[annotation.parentAttempt] === String(attempt) && annotations[annotation.sequence] === String(sequence)
  );
}
