// All that an attempt waits for, in one long poll (S126, S293).
//
//   L1. Answered from the present state of the cluster, by any replica: a caller that reconnects misses nothing, and `since`
//       is only a hint.
//   L2. The listener stands before the first look, so what happens in between is seen by the next one.
//   L3. The poll settles when there is news, when its time is up, when the gateway closes, and when the caller leaves;
//       nothing of it stays behind.
//   L4. Who may ask about a run: whoever stands in the same tree. The cache keeps no result, so it is read live.
//   L5. An answer brings a bounded number of outcomes and streams: both are large, and the caller asks again at once.
//   L6. Nothing tells when a run has yielded: who reads its values looks once a second, as often as they are written at most.
import {
  ProtocolCode,
  type EventsRequest,
  type EventsResponse,
  type RunOutcome,
  type StreamNews,
  type StreamPosition,
  type StreamRequest,
} from "@stint/crds/attempt";
import type { TaskRun } from "@stint/crds/taskrun";

import { lastAttempt } from "../core/attempts.ts";
import { isFinished } from "../core/look.ts";
import type { ObservedRun } from "../core/world.ts";
import type { ObjectRef } from "../effects/cluster.ts";
import { taskRuns } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import { Bell } from "./bell.ts";
import type { GatewayDeps } from "./deps.ts";
import { currentAttempt, runKeyOf, type AttemptCaller } from "./identity.ts";
import { deletedOutcome, toOutcome } from "./outcome.ts";
import { ProtocolRefusal } from "./refusal.ts";
import { stopNoticeFor } from "./stop-notice.ts";
import { isRead, markRead, readValues } from "./streams.ts";
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
const streamLookMs = 1000;

/** Answers once there is news for an attempt, or `waitMs` later without any. Throws `NotCurrent` for one that has ended. */
export async function awaitEvents(
  pod: PodIdentity,
  request: EventsRequest,
  deps: GatewayDeps,
  { left, closing }: PollSignals,
): Promise<EventsResponse> {
  const { clock, runEvents } = deps;
  const { awaiting, streams = [] } = request;
  const endMs = clock.monotonicMs() + request.waitMs;
  const bell = new Bell();
  // A parent's cancel is written to the status of its children, so the attempt's own run brings every stop.
  const keys = [runKeyOf(pod), ...[...awaiting, ...streams.map(({ name }) => name)].map(inNamespace(pod))];
  const unsubscribe = runEvents.subscribe(keys, bell.ring); // L2
  closing.addEventListener("abort", bell.ring);
  try {
    for (;;) {
      const news = await observeNews(await currentAttempt(pod, deps), request, deps);
      const leftMs = endMs - clock.monotonicMs();
      if (isNews(news) || leftMs <= 0 || closing.aborted) return news;
      await bell.wait(streams.length > 0 ? Math.min(leftMs, streamLookMs) : leftMs, clock, left); // L6
    }
  } finally {
    unsubscribe(); // L3
    closing.removeEventListener("abort", bell.ring);
  }
}

function isNews({ stop, outcomes, streams = [], isRead }: EventsResponse): boolean {
  return stop !== undefined || outcomes.length > 0 || streams.length > 0 || isRead === true;
}

function inNamespace({ namespace }: PodIdentity): (name: string) => string {
  return (name) => `${namespace}/${name}`;
}

async function observeNews(
  caller: AttemptCaller,
  { awaiting, streams = [], untilRead = false }: EventsRequest,
  deps: GatewayDeps,
): Promise<EventsResponse> {
  const stop = stopNoticeFor(caller, deps);
  const due = awaiting.filter((name) => mayBeOver(name, caller, deps)).slice(0, outcomesPerAnswer); // L5
  const [found, read] = await Promise.all([
    Promise.all(due.map((name) => outcomeOf(name, caller, deps))),
    Promise.all(streams.map((stream) => streamNews(stream, caller, deps))),
  ]);
  const values = read.filter((news) => news !== undefined).slice(0, outcomesPerAnswer);
  return {
    since: caller.run.metadata.resourceVersion,
    outcomes: found.filter((outcome) => outcome !== undefined),
    ...(values.length > 0 && { streams: values }),
    ...(untilRead && isRead(caller.run) && { isRead: true }),
    ...(stop && { stop }),
  };
}

/** False only for a run that the cache knows to be a live one of the tree: others may be over, gone, or not the caller's. */
function mayBeOver(name: string, caller: AttemptCaller, { caches }: GatewayDeps): boolean {
  const run = caches.runs.get(`${caller.pod.namespace}/${name}`);
  return run === undefined || isFinished(run) || !isInTree(run, caller.run);
}

/** What a reader of a run's values has not seen yet: values of its newest attempt, and then how it ended. */
async function streamNews(
  { name, after }: StreamRequest,
  caller: AttemptCaller,
  deps: GatewayDeps,
): Promise<(StreamRequest & StreamNews) | undefined> {
  const run = deps.caches.runs.get(`${caller.pod.namespace}/${name}`);
  const outcome = mayBeOver(name, caller, deps) ? await outcomeOf(name, caller, deps) : undefined;
  if (run && !outcome) await markRead(run, deps);
  const values = run && (await readValues(run, reachedIn(outcome?.attempts ?? newestOf(run), after), deps.cluster));
  if (values) return { name, after, ...values };
  return outcome && { name, after, outcome };
}

/** The number of the newest attempt; 0 before the first. */
function newestOf(run: ObservedRun): number {
  return lastAttempt(run)?.number ?? 0;
}

/** Where a reader stands in an attempt. A replica whose cache is behind must not begin anew with one that he has left. */
function reachedIn(attempt: number, after: StreamPosition): StreamPosition {
  return after.attempt >= attempt ? after : { attempt, chunk: 0, value: 0 };
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
