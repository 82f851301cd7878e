// One look at a TaskRun: observe, decide, apply.
//
//   R1. Never on a cache older than our own last write: what the barrier holds back is looked at later.
//   R2. A no to a pod's create is concluded from at once, on the status just written.
//   R3. An event that does not come is not waited for: after 5 s the run and its pods are read live.
import { ConditionType } from "@stint/crds/conditions";
import { label } from "@stint/crds/labels";

import type { Clock } from "../clock.ts";
import { liveAttempt, podOf } from "../core/attempts.ts";
import { decide } from "../core/decide.ts";
import type { Decision } from "../core/decision.ts";
import { conditionOf } from "../core/status.ts";
import { needsMountEvents } from "../core/waiting.ts";
import type { ObservedRun, OwnedPod } from "../core/world.ts";
import type { Apply } from "../effects/apply.ts";
import type { Cache } from "../effects/caches.ts";
import type { Cluster } from "../effects/cluster.ts";
import { refOf, type Key } from "../effects/key.ts";
import { mountFailureOf } from "../effects/mount-failure.ts";
import type { Extra, Observation, Observer } from "../effects/observe.ts";
import { controllerUid, toObservedRun, toOwnedPod } from "../effects/reading.ts";
import { pods as podResource, taskRuns } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Barrier } from "./barrier.ts";
import { requeueAt, settled, type Reconcile, type Result } from "./controller.ts";
import type { Expectations } from "./expectations.ts";

export interface ReconcilerDeps {
  readonly cluster: Cluster;
  readonly runs: Cache<ObservedRun>;
  readonly observe: Observer;
  readonly apply: Apply;
  readonly barrier: Barrier;
  readonly expectations: Expectations;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Seen {
  readonly run: ObservedRun;
  /** Read past the cache. */
  readonly pods?: readonly OwnedPod[];
}

export function createReconcile(deps: ReconcilerDeps): Reconcile {
  return async (key, reconcileId) => {
    const state = deps.barrier.state(key);
    if (state === "behind") return requeueAt(deps.barrier.patience(key)); // the event that we wait for usually comes first
    if (!deps.expectations.satisfied(key)) return requeueAt(deps.expectations.patience(key));
    const seen = state === "overdue" ? await readLive(deps, key) : cached(deps, key);
    return seen ? lookAt(deps, seen, reconcileId) : settled; // deleted: garbage collection owns the pods now
  };
}

async function lookAt(deps: ReconcilerDeps, seen: Seen, reconcileId: string): Promise<Result> {
  const first = conclude(deps, seen, await mountFailure(deps, seen));
  const { run, refusal } = await deps.apply(seen.run, first);
  report(deps.log, first, { before: seen.run, after: run, reconcileId });
  const last = refusal ? conclude(deps, { ...seen, run }, { refusal }) : first;
  if (refusal) {
    const applied = await deps.apply(run, last); // R2
    report(deps.log, last, { before: run, after: applied.run, reconcileId });
  }
  return last.requeueAt ? requeueAt(last.requeueAt) : settled;
}

function conclude({ observe, clock }: ReconcilerDeps, { run, pods }: Seen, extra?: Extra): Decision {
  const observation: Observation = observe(run, extra);
  return decide(run, pods ?? observation.pods, observation.world, clock.now());
}

function cached({ runs }: ReconcilerDeps, key: Key): Seen | undefined {
  const run = runs.get(key);
  return run && { run };
}

async function readLive({ cluster, barrier }: ReconcilerDeps, key: Key): Promise<Seen | undefined> {
  barrier.forget(key);
  const { namespace = "", name } = refOf(key);
  try {
    const run = toObservedRun(await cluster.get(taskRuns, { namespace, name }));
    const { items } = await cluster.list(podResource, { namespace, labelSelector: `${label.run}=${name}` });
    const owned = items.filter((pod) => controllerUid(pod) === run.metadata.uid);
    return { run, pods: owned.map((pod) => toOwnedPod(pod)) };
  } catch (error) {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  }
}

/** Only an event tells a volume that does not mount from a sandbox that does not come up, and only at the very end (S70). */
async function mountFailure({ cluster, observe, clock }: ReconcilerDeps, { run, pods }: Seen): Promise<Extra> {
  const attempt = liveAttempt(run);
  const pod = attempt && podOf(attempt, pods ?? observe(run).pods);
  if (!pod || !needsMountEvents(pod, run.status?.resolved?.startTimeoutSeconds, clock.now())) return {};
  const message = await mountFailureOf(cluster, pod);
  return message === undefined ? {} : { mountFailure: message };
}

interface Look {
  readonly before: ObservedRun;
  readonly after: ObservedRun;
  readonly reconcileId: string;
}

/** A look that changed something says which rule spoke; one that left it alone whispers. */
function report(
  log: Logger,
  { rule, actions, status, requeueAt: next }: Decision,
  { before, after, reconcileId }: Look,
): void {
  const { namespace, name, uid } = before.metadata;
  const fields = {
    taskRun: `${namespace}/${name}`,
    uid,
    attempt: status.attempts?.at(-1)?.number,
    rule,
    phase: status.phase,
    reason: conditionOf(status.conditions, ConditionType.Succeeded)?.reason,
    actions: actions.map(({ kind }) => kind),
    requeueAt: next?.toISOString(),
    reconcileId,
  };
  if (after !== before || actions.length > 0) log.info(fields, "task run decided");
  else log.debug(fields, "task run looked at");
}
