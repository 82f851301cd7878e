// The attempts of a run and the pods that belong to them.
import { ConditionType } from "@stint/crds/conditions";
import { label } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import type { Attempt } from "@stint/crds/taskrun";

import { isTrue } from "./status.ts";
import type { ObservedRun, OwnedPod } from "./world.ts";

/** The newest attempt, live or ended. */
export function lastAttempt(run: ObservedRun): Attempt | undefined {
  return run.status?.attempts?.at(-1);
}

/** The attempt that has not ended, of which there is at most one (S98). */
export function liveAttempt(run: ObservedRun): Attempt | undefined {
  const last = lastAttempt(run);
  return last && last.finishedAt === undefined ? last : undefined;
}

/** The pod of an attempt: of its name, and of its uid once that is recorded. */
export function podOf(attempt: Attempt, pods: readonly OwnedPod[]): OwnedPod | undefined {
  return pods.find(
    ({ metadata }) => metadata.name === attempt.podName && metadata.uid === (attempt.podUid ?? metadata.uid),
  );
}

/** Whether the run tells how the attempt of one of its pods ended. A record that is not there yet tells of no end. */
export function recordsEndOf(run: ObservedRun, { metadata }: OwnedPod): boolean {
  if (isTrue(run.status, ConditionType.Finished)) return true;
  const last = lastAttempt(run);
  const number = Number(metadata.labels?.[label.attempt]);
  return last !== undefined && (number < last.number || (number === last.number && last.finishedAt !== undefined));
}

/** The list with one more attempt; of many, the first 10 and the last 40 are kept (S101). */
export function withAttempt(attempts: readonly Attempt[], attempt: Attempt): Attempt[] {
  const all = [...attempts, attempt];
  const { firstAttemptsKept: first, lastAttemptsKept: last } = limits;
  return all.length <= first + last ? all : [...all.slice(0, first), ...all.slice(-last)];
}

/** The list with the newest attempt changed. */
export function withLastAttempt(attempts: readonly Attempt[], change: Partial<Attempt>): Attempt[] {
  return attempts.map((attempt, index) => (index === attempts.length - 1 ? { ...attempt, ...change } : attempt));
}

/** When the attempt of a pod ended, if the run's record says that it has. */
export function finishedAtOf({ metadata }: OwnedPod, run: ObservedRun): Date | undefined {
  const attempt = run.status?.attempts?.find(({ podName }) => podName === metadata.name);
  return attempt?.finishedAt === undefined ? undefined : new Date(attempt.finishedAt);
}
