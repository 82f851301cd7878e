// Finished pods are kept a while for their logs, and then deleted in batches (S300).
//
//   T1. Only terminal pods of ours go this way, and only once the run has recorded their attempt's end or is gone.
//   T2. A batch names its pods by label, at most 100 of one namespace: nothing runs in them, so no uid is needed.
//   T3. A namespace keeps at most 1000 of them, whatever their age; the oldest go first.
import { component, label } from "@stint/crds/labels";

import type { Clock } from "../clock.ts";
import { recordsEndOf } from "../core/attempts.ts";
import type { ContainerStatus, ObservedRun, OwnedPod } from "../core/world.ts";
import type { Cache } from "../effects/caches.ts";
import type { Cluster } from "../effects/cluster.ts";
import { controllerUid } from "../effects/reading.ts";
import { pods as podResource } from "../effects/resources.ts";
import type { Logger } from "../telemetry/logger.ts";
import { ownerKeyOf } from "./owner.ts";
import { pause } from "./waiting.ts";

const keptPerNamespace = 1000;
const batchSize = 100;
const pauseMs = 10_000;

export interface RetentionDeps {
  readonly cluster: Cluster;
  readonly pods: Cache<OwnedPod>;
  readonly runs: Cache<ObservedRun>;
  readonly retentionSeconds: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Deletes what is due until the signal is aborted. Looks at the cache every ten seconds; asks the API server only for deletes. */
export async function runRetention(deps: RetentionDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const batch of dueBatches(deps)) await tryToRemove(batch, deps);
    await pause(deps.clock, pauseMs, signal);
  }
}

interface Batch {
  readonly namespace: string;
  readonly names: readonly string[];
}

/** What is to be deleted now. Exported for its tests. */
export function dueBatches({ pods, runs, retentionSeconds, clock }: RetentionDeps): Batch[] {
  const byNamespace = Map.groupBy(
    pods.list().filter((pod) => isRemovable(pod, runs)),
    ({ metadata }) => metadata.namespace ?? "",
  );
  const dueBefore = clock.now().getTime() - retentionSeconds * 1000;
  return [...byNamespace].flatMap(([namespace, finished]) => {
    const oldestFirst = finished.toSorted((a, b) => endOf(a) - endOf(b));
    const tooMany = oldestFirst.length - keptPerNamespace;
    const due = oldestFirst.filter((pod, index) => index < tooMany || endOf(pod) <= dueBefore);
    const names = due.map(({ metadata }) => metadata.name);
    return chunks(names, batchSize).map((chunk) => ({ namespace, names: chunk }));
  });
}

/** A namespace that refuses must not keep the others from being swept. */
async function tryToRemove(batch: Batch, deps: RetentionDeps): Promise<void> {
  try {
    await remove(batch, deps);
  } catch (error) {
    deps.log.warn({ error, namespace: batch.namespace }, "finished pods were not deleted");
  }
}

async function remove({ namespace, names }: Batch, { cluster, log }: RetentionDeps): Promise<void> {
  await cluster.deleteCollection(podResource, namespace, { labelSelector: `${label.podName} in (${names.join(",")})` });
  log.info({ namespace, pods: names.length }, "finished pods deleted");
}

function isRemovable(pod: OwnedPod, runs: Cache<ObservedRun>): boolean {
  const { metadata, status } = pod;
  if (status.phase !== "Succeeded" && status.phase !== "Failed") return false;
  if (metadata.deletionTimestamp !== undefined || metadata.labels?.[label.podName] === undefined) return false;
  if (metadata.labels[label.component] !== component.attempt) return true;
  const run = runs.get(ownerKeyOf(pod, "TaskRun") ?? "");
  return run === undefined || run.metadata.uid !== controllerUid(pod) || recordsEndOf(run, pod); // T1
}

function endOf({ metadata, status }: OwnedPod): number {
  const ends = (status.containerStatuses ?? []).map(({ state }: ContainerStatus) => state?.terminated?.finishedAt);
  const latest = ends.filter((end) => end !== undefined).map((end) => Date.parse(end));
  return latest.length > 0 ? Math.max(...latest) : Date.parse(metadata.creationTimestamp);
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
