// From a pod to the attempt that it is: the fence which keeps everything but the live attempt from having a say (S98).
//
//   F1. A pod is an attempt's by name, since the name follows from the run, its uid and the number; and by uid, since a pod
//       can be deleted and made again. Its own word counts for neither: both come from its verified token.
//   F2. A yes may come from the cache. A no never does: before it, run and pod are read live.
//   F3. Until the status holds the pod's uid, run and pod are read live at each call.
//   F4. What the API server has not got yet is no 409: the runner can be faster than the write that made its pod known.
import { podName } from "@stint/crds/labels";
import type { Attempt, TaskRun } from "@stint/crds/taskrun";

import { lastAttempt } from "../core/attempts.ts";
import { isFinished } from "../core/look.ts";
import type { ObservedRun } from "../core/world.ts";
import { controllerUid, toObservedRun } from "../effects/reading.ts";
import { pods, taskRuns, type Pod } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { GatewayDeps } from "./deps.ts";
import { notCurrent, notYet } from "./refusal.ts";
import type { PodIdentity } from "./token.ts";

/** An attempt and the pod that speaks for it. */
export interface AttemptCaller {
  readonly pod: PodIdentity;
  readonly run: ObservedRun;
  readonly attempt: Attempt;
  /** The run as it was read past the cache, with its input; absent if the cache was enough. */
  readonly live?: TaskRun;
}

type Sources = Pick<GatewayDeps, "cluster" | "caches">;

/** The name of a run and the number of an attempt, as they stand in the pod's name. */
interface Claim {
  readonly namespace: string;
  readonly name: string;
  readonly number: number;
}

/**
 * The attempt that a pod is or was, ended or not.
 *
 * Throws `NotCurrent` for a pod that is no attempt's, and `Unavailable` for one that the API server does not know yet.
 */
export async function identifyAttempt(pod: PodIdentity, sources: Sources): Promise<AttemptCaller> {
  const claim = claimOf(pod);
  const run = sources.caches.runs.get(runKeyOf(pod));
  const attempt = run && recordOf(run.status?.attempts, claim);
  if (run && attempt && isPodOf(pod, run, attempt)) return { pod, run, attempt };
  return identifyLive(pod, sources); // F2, F3
}

/** The same, from the API server's present state. */
export async function identifyLive(pod: PodIdentity, { cluster }: Pick<Sources, "cluster">): Promise<AttemptCaller> {
  const claim = claimOf(pod);
  // Asked side by side: every attempt waits for this answer, and nearly always both are needed.
  const reading = readPod(pod, cluster);
  reading.catch(() => undefined); // awaited below, unless the run says enough
  const live = await readRun(claim, cluster);
  const attempts = live.status?.attempts;
  const attempt = recordOf(attempts, claim);
  if (podName(live.metadata, claim.number) !== pod.podName) throw notCurrent(`pod ${pod.podName} is no attempt's`);
  if (!attempt) {
    if (claim.number <= (live.status?.attemptCount ?? 0)) throw notCurrent(`attempt ${claim.number} is over`); // S101
    throw notYet(`attempt ${claim.number} is not recorded yet`); // F4
  }
  if (attempt.podUid === undefined) verifyPod(pod, live, await reading);
  else if (attempt.podUid !== pod.podUid) throw notCurrent(`attempt ${claim.number} has another pod`);
  return { pod, run: toObservedRun(live), attempt, live };
}

/** The attempt that a pod is. Throws as {@link identifyAttempt} does, and `NotCurrent` for one that has ended. */
export async function currentAttempt(pod: PodIdentity, sources: Sources): Promise<AttemptCaller> {
  const caller = await identifyAttempt(pod, sources);
  if (isCurrent(caller)) return caller;
  return requireCurrent(caller.live ? caller : await identifyLive(pod, sources)); // F2
}

/** Key of the run that a pod's name speaks of. Throws `NotCurrent` for a name that is no attempt's. */
export function runKeyOf(pod: PodIdentity): string {
  const { namespace, name } = claimOf(pod);
  return `${namespace}/${name}`;
}

/** The caller, if its attempt is the live one of a live run. */
export function requireCurrent(caller: AttemptCaller): AttemptCaller {
  if (isCurrent(caller)) return caller;
  throw notCurrent(`attempt ${caller.attempt.number} of run ${caller.run.metadata.name} is over`);
}

function isCurrent({ run, attempt }: AttemptCaller): boolean {
  const isLive = !isFinished(run) && run.metadata.deletionTimestamp === undefined;
  return isLive && attempt.finishedAt === undefined && lastAttempt(run)?.number === attempt.number;
}

function isPodOf(pod: PodIdentity, run: ObservedRun, attempt: Attempt): boolean {
  return podName(run.metadata, attempt.number) === pod.podName && attempt.podUid === pod.podUid;
}

/** The inverse of {@link podName}, as far as it has one: the hash of the uid is compared once the run is known (F1). */
function claimOf({ namespace, podName: name }: PodIdentity): Claim {
  const [, run, number] = /^(.+)-[0-9a-v]{5}-([1-9][0-9]*)$/.exec(name) ?? [];
  if (run === undefined) throw notCurrent(`pod ${name} is no attempt's`);
  return { namespace, name: run, number: Number(number) };
}

function recordOf(attempts: readonly Attempt[] | undefined, { number }: Claim): Attempt | undefined {
  return attempts?.find((attempt) => attempt.number === number);
}

async function readRun({ namespace, name }: Claim, cluster: GatewayDeps["cluster"]): Promise<TaskRun> {
  try {
    return await cluster.get(taskRuns, { namespace, name });
  } catch (error) {
    if (isApiError(error, "notFound")) throw notCurrent(`run ${name} does not exist`); // S168
    throw error;
  }
}

/** Nothing but the pod itself can say whether it is the one that the intent announced (F3). */
function verifyPod(pod: PodIdentity, run: TaskRun, found: Pod): void {
  const isOurs = found.metadata.uid === pod.podUid && controllerUid(found) === run.metadata.uid;
  if (!isOurs) throw notCurrent(`pod ${pod.podName} is no attempt's`);
}

async function readPod({ namespace, podName: name }: PodIdentity, cluster: GatewayDeps["cluster"]): Promise<Pod> {
  try {
    return await cluster.get(pods, { namespace, name });
  } catch (error) {
    if (isApiError(error, "notFound")) throw notYet(`pod ${name} is not known yet`); // F4
    throw error;
  }
}
