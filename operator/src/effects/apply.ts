// Carries out a decision: one status write, then the actions in their order, then the events (S299).
//
//   A1. Status before everything else: a stale reader gets its conflict before it has done anything.
//   A2. Every write may be repeated: the status carries the version that was read, a pod's name follows from the attempt,
//       and what is deleted is named by uid.
//   A3. A no to a pod's create is an observation, not an error: the next look concludes from it.
import { isDeepStrictEqual } from "node:util";

import { rerunPatch, rerunProblem } from "@stint/crds/rerun";
import type { TaskRunStatus } from "@stint/crds/taskrun";

import type { Action, Decision, ObjectRef as ActionRef } from "../core/decision.ts";
import type { ObservedRun, PodBody, Refusal } from "../core/world.ts";
import { assertNever, isApiError } from "../errors.ts";
import type { PassPoint } from "../points.ts";
import { amendStatus } from "./amend-status.ts";
import type { Cluster, ObjectRef } from "./cluster.ts";
import { createOwned, refusalOf } from "./create-owned.ts";
import type { Recorder } from "./recorder.ts";
import { type Pod, pods, taskRuns } from "./resources.ts";
import { startHooks } from "./start-hooks.ts";

interface Applied {
  /** The run as it is now known to be: with the status and version just written. */
  readonly run: ObservedRun;
  readonly refusal?: Refusal;
}

export type Apply = (run: ObservedRun, decision: Decision) => Promise<Applied>;

/** Told of every write, so that nobody decides on a cache that is older than it. */
export interface WriteLog {
  wroteRun(run: ObjectRef, resourceVersion: string): void;
  wrotePod(run: ObjectRef, pod: Pod): void;
  /** Called before the delete: no answer says in which version an object goes. */
  deletingPod(run: ObjectRef, pod: ActionRef): void;
  /** The delete failed. */
  keptPod(run: ObjectRef, pod: ActionRef): void;
}

export interface ApplyDeps {
  readonly cluster: Cluster;
  readonly recorder: Recorder;
  readonly writes: WriteLog;
  readonly point: PassPoint;
}

/** Throws ApiError `conflict` when the run has changed since it was observed: read again, decide again. */
export function createApply(deps: ApplyDeps): Apply {
  return async (run, decision) => {
    const written = await writeStatus(deps, run, decision);
    let refusal: Refusal | undefined;
    for (const action of decision.actions) {
      refusal = (await act(action, written, deps)) ?? refusal;
      await deps.point("after-action");
    }
    for (const action of decision.actions) {
      if (action.kind === "recordEvent") deps.recorder.record(written, action);
    }
    return { run: written, ...(refusal && { refusal }) };
  };
}

async function writeStatus(
  { cluster, writes, point }: ApplyDeps,
  run: ObservedRun,
  { status }: Decision,
): Promise<ObservedRun> {
  if (isDeepStrictEqual(status, run.status ?? {})) return run;
  const whole = await withResult(status, run, cluster);
  await point("before-status");
  const { metadata } = await cluster.replaceStatus(taskRuns, run.metadata, whole);
  writes.wroteRun(run.metadata, metadata.resourceVersion);
  await point("after-status");
  const { result: _, ...kept } = status;
  return { ...run, metadata: { ...run.metadata, resourceVersion: metadata.resourceVersion }, status: kept };
}

/** A run that has handed over has its result before it ends, and no cache keeps results: this one comes from the cluster. */
async function withResult(status: TaskRunStatus, run: ObservedRun, cluster: Cluster): Promise<TaskRunStatus> {
  if (status.subtasks === undefined || "result" in status) return status;
  const { result } = (await cluster.get(taskRuns, run.metadata)).status ?? {};
  return { ...status, result };
}

async function act(action: Action, run: ObservedRun, deps: ApplyDeps): Promise<Refusal | undefined> {
  switch (action.kind) {
    case "createPod":
      return createPod(deps, run, action.pod);
    case "deletePod":
      return deletePod(deps, run, action.pod);
    case "deleteRun":
      return deleteRun(deps.cluster, action.run);
    case "startHooks":
      return startHooks(deps, run, action.hooks);
    case "tellOfTree":
      return amendStatus(deps, run, (status) => ({ ...status, ...action.news })).then(() => undefined);
    case "rerunRun":
      return rerunRun(deps.cluster, action);
    case "recordEvent":
      return undefined; // events come last
    default:
      return assertNever(action);
  }
}

/** A pod that is there already as ours comes from an earlier try of the same create; a foreign one is a no (S98). */
async function createPod(
  { cluster, writes }: ApplyDeps,
  run: ObservedRun,
  body: PodBody,
): Promise<Refusal | undefined> {
  try {
    const pod = await createOwned(cluster, pods, run, body);
    writes.wrotePod(run.metadata, pod);
    return undefined;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) return refusal;
    throw error;
  }
}

async function deletePod(
  { cluster, writes }: ApplyDeps,
  run: ObservedRun,
  pod: ActionRef & { readonly resourceVersion?: string },
): Promise<undefined> {
  const { uid, resourceVersion } = pod;
  writes.deletingPod(run.metadata, pod);
  try {
    await cluster.delete(pods, pod, { uid, ...(resourceVersion !== undefined && { resourceVersion }) });
  } catch (error) {
    writes.keptPod(run.metadata, pod);
    throw error;
  }
}

/** As a person would ask for it (S170). One that has begun anew meanwhile, or is gone, is left alone. */
async function rerunRun(cluster: Cluster, { run: ref, latest }: Action & { kind: "rerunRun" }): Promise<undefined> {
  const run = await cluster.get(taskRuns, ref).catch((error: unknown) => {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  });
  if (run?.metadata.uid !== ref.uid || rerunProblem(run) !== undefined) return;
  const { cancel: _, ...spec } = run.spec;
  await cluster.replace(taskRuns, { ...run, spec: { ...spec, rerun: rerunPatch(run, { latest }).rerun } });
}

/** Against the version that was read: a run that was reopened at that instant stays (S160). */
async function deleteRun(cluster: Cluster, run: ActionRef & { readonly resourceVersion: string }): Promise<undefined> {
  const { uid, resourceVersion } = run;
  await cluster.delete(taskRuns, run, { uid, resourceVersion, propagationPolicy: "Background" });
}
