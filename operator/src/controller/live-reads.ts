// What only a request can tell. A look costs none but these, and each only where it decides something:
//
//   L1. Our own write has not come back for 5 s. Its event is not late but lost: the run and its pods are read past the caches.
//       A pod that we made or that a cache held before, and that the API server has not, is gone. It must not be made again
//       as if it had never been.
//   L2. A live attempt's pod is recorded and not cached. Another replica's gateway may have recorded it before our cache had
//       it, so it is asked for before its absence is taken for its end.
//   L3. A container still waits for its volumes at the end of its time. Only an event tells a volume that does not mount from
//       a sandbox that does not come up (S70).
//   L4. The task of a run that is not accepted yet has a schema for its input, which no cache holds (S37). What has changed
//       since the cache was filled is no danger: the acceptance is written against the version that the cache has.
import type { Json } from "@stint/crds/json";
import { label } from "@stint/crds/labels";
import type { Attempt } from "@stint/crds/taskrun";

import type { Clock } from "../clock.ts";
import { needsInput } from "../core/acceptance.ts";
import { liveAttempt, podOf } from "../core/attempts.ts";
import { needsMountEvents } from "../core/waiting.ts";
import type { ObservedRun, OwnedPod } from "../core/world.ts";
import type { Cluster } from "../effects/cluster.ts";
import { refOf, type Key } from "../effects/key.ts";
import { mountFailureOf } from "../effects/mount-failure.ts";
import type { Extra, Observer } from "../effects/observe.ts";
import { controllerUid, inputOf, toObservedRun, toOwnedPod } from "../effects/reading.ts";
import { pods as podResource, taskRuns } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { MadePods } from "./made-pods.ts";

export interface LiveReadDeps {
  readonly cluster: Cluster;
  readonly observe: Observer;
  readonly clock: Clock;
  readonly made: Pick<MadePods, "of">;
}

/** A run, and its pods if they were read past the cache. */
export interface Seen extends Pick<Extra, "pods" | "gonePod"> {
  readonly run: ObservedRun;
}

/** The run as it is now, or `undefined` if there is none (L1). `cached` is what the cache has of it. */
export function readRun(
  key: Key,
  cached: ObservedRun | undefined,
  { cluster, observe, made }: LiveReadDeps,
): Promise<Seen | undefined> {
  const { namespace = "", name } = refOf(key);
  // Before the requests: a pod that comes meanwhile is not gone.
  const known = [...(cached ? observe(cached).pods : []), made.of(key)].filter((pod) => pod !== undefined);
  return unlessMissing(async () => {
    const run = toObservedRun(await cluster.get(taskRuns, { namespace, name }));
    const { items } = await cluster.list(podResource, { namespace, labelSelector: `${label.run}=${name}` });
    const pods = items.filter((pod) => controllerUid(pod) === run.metadata.uid).map((pod) => toOwnedPod(pod));
    const gonePod = goneOf(run, known, pods);
    return { run, pods, ...(gonePod && { gonePod }) };
  });
}

function goneOf(run: ObservedRun, known: readonly OwnedPod[], pods: readonly OwnedPod[]): OwnedPod | undefined {
  const attempt = liveAttempt(run);
  const pod = attempt && podOf(attempt, known);
  return pods.some(({ metadata }) => metadata.uid === pod?.metadata.uid) ? undefined : pod;
}

/** Whatever has to be asked for before the run is decided on; for nearly every look, nothing. */
export async function readMore({ run, ...read }: Seen, deps: LiveReadDeps): Promise<Extra> {
  const attempt = liveAttempt(run);
  const { pods, world } = deps.observe(run, read);
  if (!attempt) return needsInput(run, world) ? { ...read, ...(await readInput(run, deps.cluster)) } : read;
  const pod = podOf(attempt, pods);
  if (pod) return { ...read, ...(await mountFailure(pod, run, deps)) };
  const isKnownGone = world.gonePod !== undefined && podOf(attempt, [world.gonePod]) !== undefined;
  if (attempt.podUid === undefined || isKnownGone) return read;
  const missed = await readPod(attempt, run, deps.cluster); // L2
  return missed ? { ...read, pods: [...pods, missed] } : read;
}

async function readInput({ metadata }: ObservedRun, cluster: Cluster): Promise<{ readonly input?: Json }> {
  const { namespace = "", name } = metadata;
  const live = await unlessMissing(() => cluster.get(taskRuns, { namespace, name }));
  return live ? { input: inputOf(live.spec) } : {}; // deleted: the write will tell
}

function readPod(
  { podName: name }: Attempt,
  { metadata }: ObservedRun,
  cluster: Cluster,
): Promise<OwnedPod | undefined> {
  return unlessMissing(async () => {
    const pod = await cluster.get(podResource, { namespace: metadata.namespace ?? "", name });
    return controllerUid(pod) === metadata.uid ? toOwnedPod(pod) : undefined;
  });
}

async function mountFailure(pod: OwnedPod, { status }: ObservedRun, { cluster, clock }: LiveReadDeps): Promise<Extra> {
  if (!needsMountEvents(pod, status?.resolved?.startTimeoutSeconds, clock.now())) return {};
  const message = await mountFailureOf(cluster, pod); // L3
  return message === undefined ? {} : { mountFailure: message };
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  }
}
