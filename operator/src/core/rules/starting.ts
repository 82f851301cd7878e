// A run without a live attempt: what it waits for, why it cannot start, and the intent of its next attempt. The intent is
// written before the pod is created, so that a stale reader gets a conflict before it can do harm (S299).
import { FinalReason, LiveReason, RegistrationState } from "@stint/crds/conditions";
import { sha256Hex } from "@stint/crds/hash";
import { annotation, label, parseTaskReference, podName, type TaskReference } from "@stint/crds/labels";
import type { ManifestTask, RevisionData } from "@stint/crds/manifest";
import type { Attempt, TaskRunStatus } from "@stint/crds/taskrun";

import { withAttempt } from "../attempts.ts";
import type { Action, Verdict } from "../decision.ts";
import { after, earliest, holdingPods, lookAgainMs, ownDeadline, settle, type Look } from "../look.ts";
import { desiredPod } from "../pod.ts";
import { withoutProgress } from "../progress.ts";
import { errorRecord, type Situation } from "../status.ts";
import { acceptance, type Acceptance } from "../acceptance.ts";
import { InvariantError } from "../../errors.ts";
import { askedRevision } from "../rerun.ts";
import { findInstanceType } from "../resources.ts";
import { resumed } from "./suspended.ts";

/** The run is not to start before an instant (S73). */
export function delayed(look: Look): Verdict | undefined {
  const startAt = look.run.spec.startAt;
  if (look.last || startAt === undefined || new Date(startAt) <= look.now) return undefined;
  return settle(
    look,
    { kind: "Pending", reason: LiveReason.Delayed },
    { requeueAt: earliest(new Date(startAt), look.deadlineAt) ?? look.now },
  );
}

/** The wait before a retry is not over, or the pod before it still lives: attempts never overlap (S98). */
export function waitingForRetry(look: Look): Verdict | undefined {
  if (!look.last) return undefined;
  const next = look.status.nextRetryAt === undefined ? look.now : new Date(look.status.nextRetryAt);
  const holding = holdingPods(look);
  if (next <= look.now && holding.length === 0) return undefined;

  const requeueAt = earliest(
    next > look.now ? next : undefined,
    holding.length > 0 ? after(look.now, lookAgainMs) : undefined, // its node may be lost without a word (S97)
    look.deadlineAt,
  );
  return resumed(look, waitOf(look), { ...(requeueAt && { requeueAt }) });
}

/** The situation that the last attempt's end left the run in. */
function waitOf({ last, status }: Look): Situation {
  if (!last?.error || status.nextRetryAt === undefined) return { kind: "Pending", reason: LiveReason.Starting };
  const message = `${last.reason}: ${last.error.message}`;
  return { kind: "Pending", reason: LiveReason.AwaitingRetry, message };
}

/** The bundle or its revision is not there yet; it wakes the run when it comes (S248, S254, S255). */
export function unresolved(look: Look): Verdict | undefined {
  if (look.status.revision !== undefined || look.world.revision) return undefined;
  const { bundle } = reference(look);
  const revision = askedRevision(look.run);
  const { namespace = "" } = look.run.metadata;
  const observed = look.world.bundle;
  if (!observed)
    return pending(look, LiveReason.BundleNotFound, `bundle ${bundle} does not exist in namespace ${namespace}`);
  if (revision === undefined)
    return pending(look, LiveReason.BundleNotReady, `bundle ${bundle} has no Ready revision yet`);

  const registering = observed.registering?.revision === revision ? observed.registering : undefined;
  if (registering?.state === RegistrationState.RegistrationFailed) {
    return rejection(look, FinalReason.RevisionNotFound, `revision ${revision} of bundle ${bundle} failed to register`);
  }
  // The newest Ready revision may be ahead of the cache that holds revisions.
  if (registering || observed.readyRevision === revision) {
    return pending(look, LiveReason.BundleNotReady, `revision ${revision} of bundle ${bundle} is not Ready yet`);
  }
  return rejection(look, FinalReason.RevisionNotFound, `bundle ${bundle} has no revision ${revision}`);
}

/** What was pinned is gone, so no further attempt can be made (S249). */
export function orphaned(look: Look): Verdict | undefined {
  const message = missingRevision(look);
  return message === undefined ? undefined : rejection(look, FinalReason.RevisionNotFound, message);
}

/** What is to be said if the pinned revision is gone. */
export function missingRevision(look: Look): string | undefined {
  const { status, world } = look;
  if (status.revision === undefined || (world.revision && world.revision.bundleUid === status.bundleUid))
    return undefined;
  const { bundle } = reference(look);
  const deleted = world.bundle?.metadata.uid !== status.bundleUid;
  return deleted ? `bundle ${bundle} was deleted` : `bundle ${bundle} has no revision ${status.revision}`;
}

/** The run asks for something that cannot be: no pod is made for it (S37). */
export function rejected(look: Look): Verdict | undefined {
  const accepted = accept(look);
  return "problem" in accepted ? rejection(look, accepted.problem.reason, accepted.problem.message) : undefined;
}

/** The next attempt: first its intent, with all that is pinned, then its pod. */
export function starting(look: Look): Verdict | undefined {
  const accepted = accept(look);
  if ("problem" in accepted) return undefined;
  const { status, last, now, run } = look;
  const number = (last?.number ?? 0) + 1;
  const attempt: Attempt = {
    number,
    podName: podName(run.metadata, number),
    instanceType: accepted.instanceType,
    createdAt: now.toISOString(),
  };
  const { nextRetryAt: _, ...before } = withoutProgress(status); // of the attempt before: only the latest counts (S148)
  const changes = {
    ...(status.resolved ? spending(look) : pins(look, accepted)),
    instanceType: accepted.instanceType,
    resources: accepted.resources,
    attempts: withAttempt(status.attempts ?? [], attempt),
    attemptCount: (status.attemptCount ?? 0) + 1,
  };
  const verdict = settle({ ...look, status: before }, { kind: "Pending", reason: LiveReason.Starting }, { changes });
  const actions = createPod({ ...look, status: verdict.status }, attempt);
  return { ...verdict, actions, requeueAt: after(now, lookAgainMs) };
}

/** The create of an attempt's pod, from what is pinned in the status. */
export function createPod({ run, world, status }: Look, attempt: Attempt): Action[] {
  const { revision, podSettings, instanceTypes } = world;
  if (!revision || !status.resolved || !status.resources)
    throw new InvariantError(`TaskRun ${run.metadata.name} has an attempt and no pins`);
  const task = taskIn(revision, run.spec.task);
  const instanceType = findInstanceType(attempt.instanceType, instanceTypes)?.spec;
  const pins = {
    revision,
    resolved: status.resolved,
    resources: status.resources,
    labels: task?.labels ?? {},
    ...(instanceType && { instanceType }),
  };
  return [{ kind: "createPod", attempt: attempt.number, pod: desiredPod(run, attempt, pins, podSettings) }];
}

function accept({ run, world, status, last }: Look): Acceptance {
  const { revision } = world;
  const { task: name } = parseTaskReference(run.spec.task) ?? { task: run.spec.task };
  return acceptance(run, {
    task: name,
    revision,
    world,
    pinned: status,
    ...(last && { last }),
  });
}

/** What is decided once, when the run is accepted, and stands for all its attempts (S9, S59, S249). */
function pins(
  look: Look,
  { revision, task, resolved }: Extract<Acceptance, { revision: unknown }>,
): Partial<TaskRunStatus> {
  const { run } = look;
  // Its own alone: a parent's deadline holds only while the parent lives, so it is asked for at every look (S72).
  const deadline = ownDeadline(run, run.spec.deadlineSeconds ?? resolved.deadlineSeconds);
  return {
    revision: revision.revision,
    bundleUid: revision.bundleUid,
    resolved,
    inputHash: run.input.hash,
    taskKey: taskKey(look, task),
    displayName: task.name, // until the code chooses another (S21, S150)
    userRetries: 0,
    infrastructureRetries: 0,
    ...rerunCarriedOut(look),
    ...(deadline && { deadlineAt: deadline.toISOString() }),
    ...relations(look),
  };
}

/** The budget that the next attempt is charged to: that of the failure before it. The first after a rerun is free (S170). */
function spending({ last, status }: Look): Partial<TaskRunStatus> {
  if (status.nextRetryAt === undefined) return {};
  return last?.class === "User"
    ? { userRetries: (status.userRetries ?? 0) + 1 }
    : { infrastructureRetries: (status.infrastructureRetries ?? 0) + 1 };
}

/** A run that was created with a generation has nothing to be done again: it only begins there. */
export function rerunCarriedOut({ run: { spec } }: Look): Pick<TaskRunStatus, "rerunGeneration"> {
  return spec.rerun ? { rerunGeneration: spec.rerun.generation } : {};
}

/** Groups runs of a task across revisions (S27). */
function taskKey(look: Look, task: ManifestTask): string {
  const { bundle } = reference(look);
  return sha256Hex(JSON.stringify([`${bundle}/${task.name}`, task.functionName, [...task.tags].sort()])).slice(0, 16);
}

/** Parent and root (S121): a run that nobody started is its own root. */
function relations({ run: { metadata } }: Look): Pick<TaskRunStatus, "parent" | "root"> {
  const { name, uid, labels = {}, annotations = {}, ownerReferences = [] } = metadata;
  const owner = ownerReferences.find((reference) => reference.controller === true && reference.kind === "TaskRun");
  const root = labels[label.root];
  const rootUid = labels[label.rootUid];
  if (!owner || root === undefined || rootUid === undefined) return { root: { name, uid } };
  const attempt = Number(annotations[annotation.parentAttempt] ?? 1);
  return { parent: { name: owner.name, uid: owner.uid, attempt }, root: { name: root, uid: rootUid } };
}

function pending(
  look: Look,
  reason: typeof LiveReason.BundleNotFound | typeof LiveReason.BundleNotReady,
  message: string,
): Verdict {
  return settle(look, { kind: "Pending", reason, message }, { ...(look.deadlineAt && { requeueAt: look.deadlineAt }) });
}

/** The run fails before it has begun. */
export function rejection(look: Look, reason: FinalReason, message: string): Verdict {
  const changes = {
    error: errorRecord({ name: reason, message }, reason),
    inputHash: look.run.input.hash,
    ...rerunCarriedOut(look),
  };
  return settle(
    look,
    { kind: "Failed", reason, message },
    { changes, actions: [{ kind: "recordEvent", type: "Warning", reason, note: message }] },
  );
}

function reference({ run }: Look): TaskReference {
  return parseTaskReference(run.spec.task) ?? { bundle: run.spec.task, task: "" };
}

function taskIn(revision: RevisionData, text: string): ManifestTask | undefined {
  const task = parseTaskReference(text)?.task;
  return revision.manifest.find(({ name }) => name === task);
}
