// All that an attempt waits for, in one long poll (S126, S293).
//
//   L1. Answered from the present state of the cluster, by any replica: a caller that reconnects misses nothing, and `since`
//       is only a hint.
//   L2. The listener stands before the first look, so what happens in between is seen by the next one.
//   L3. The poll settles when there is news, when its time is up, when the gateway closes, and when the caller leaves;
//       nothing of it stays behind.
//   L4. Who may ask about a run: whoever stands in the same tree. The cache keeps no result, so it is read live.
//   L5. An answer brings a bounded number of outcomes: results are large, and the caller asks again at once.
import { ProtocolCode, type EventsRequest, type EventsResponse, type RunOutcome } from "@stint/crds/attempt";
import type { TaskRun } from "@stint/crds/taskrun";

import { isFinished } from "../core/look.ts";
import type { ObjectRef } from "../effects/cluster.ts";
import { taskRuns } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import { Bell } from "./bell.ts";
import type { GatewayDeps } from "./deps.ts";
import { currentAttempt, runKeyOf, type AttemptCaller } from "./identity.ts";
import { deletedOutcome, toOutcome } from "./outcome.ts";
import { ProtocolRefusal } from "./refusal.ts";
import { stopNoticeFor } from "./stop-notice.ts";
import type { PodIdentity } from "./token.ts";
import { isInTree } from "./tree.ts";

/** Ends of a poll that come from outside. */
export interface PollSignals {
  /** The caller has gone: there is nobody to answer. */
  readonly left: AbortSignal;
  /** The gateway closes: an empty answer sends the caller to another replica. */
  readonly closing: AbortSignal;
}

const outcomesPerAnswer = 32;

/** Answers once there is news for an attempt, or `waitMs` later without any. Throws `NotCurrent` for one that has ended. */
export async function awaitEvents(
  pod: PodIdentity,
  { awaiting, waitMs }: EventsRequest,
  deps: GatewayDeps,
  { left, closing }: PollSignals,
): Promise<EventsResponse> {
  const { clock, runEvents } = deps;
  const endMs = clock.monotonicMs() + waitMs;
  const bell = new Bell();
  // A parent's cancel is written to the status of its children, so the attempt's own run brings every stop.
  const keys = [runKeyOf(pod), ...awaiting.map((name) => `${pod.namespace}/${name}`)];
  const unsubscribe = runEvents.subscribe(keys, bell.ring); // L2
  closing.addEventListener("abort", bell.ring);
  try {
    for (;;) {
      const news = await observeNews(await currentAttempt(pod, deps), awaiting, deps);
      const leftMs = endMs - clock.monotonicMs();
      if (news.stop || news.outcomes.length > 0 || leftMs <= 0 || closing.aborted) return news;
      await bell.wait(leftMs, clock, left);
    }
  } finally {
    unsubscribe(); // L3
    closing.removeEventListener("abort", bell.ring);
  }
}

async function observeNews(
  caller: AttemptCaller,
  awaiting: readonly string[],
  deps: GatewayDeps,
): Promise<EventsResponse> {
  const stop = stopNoticeFor(caller, deps);
  const due = awaiting.filter((name) => mayBeOver(name, caller, deps)).slice(0, outcomesPerAnswer); // L5
  const found = await Promise.all(due.map((name) => outcomeOf(name, caller, deps)));
  return {
    since: caller.run.metadata.resourceVersion,
    outcomes: found.filter((outcome) => outcome !== undefined),
    ...(stop && { stop }),
  };
}

/** False only for a run that the cache knows to be a live one of the tree: others may be over, gone, or not the caller's. */
function mayBeOver(name: string, caller: AttemptCaller, { caches }: GatewayDeps): boolean {
  const run = caches.runs.get(`${caller.pod.namespace}/${name}`);
  return run === undefined || isFinished(run) || !isInTree(run, caller.run);
}

async function outcomeOf(
  name: string,
  caller: AttemptCaller,
  { cluster }: GatewayDeps,
): Promise<RunOutcome | undefined> {
  const run = await readRun({ namespace: caller.pod.namespace, name }, cluster);
  if (!run) return deletedOutcome(name);
  if (isInTree(run, caller.run)) return toOutcome(run);
  throw new ProtocolRefusal(ProtocolCode.NotFound, `task run not found: ${name}`); // L4
}

async function readRun(ref: ObjectRef, cluster: GatewayDeps["cluster"]): Promise<TaskRun | undefined> {
  try {
    return await cluster.get(taskRuns, ref);
  } catch (error) {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  }
}
