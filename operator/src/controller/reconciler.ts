// One look at a TaskRun: observe, decide, apply.
//
//   R1. Never on a cache older than our own last write: what the barrier holds back is looked at later, and past the cache
//       where its event is overdue.
//   R2. A no to a pod's create is concluded from at once, on the status just written, and again by every look until the wait
//       after it is over.
import { ConditionType } from "@stint/crds/conditions";

import { decide } from "../core/decide.ts";
import type { Decision } from "../core/decision.ts";
import { earliest } from "../core/look.ts";
import { conditionOf } from "../core/status.ts";
import type { ObservedRun, Refusal } from "../core/world.ts";
import type { Apply } from "../effects/apply.ts";
import type { Cache } from "../effects/caches.ts";
import type { Key } from "../effects/key.ts";
import type { Extra } from "../effects/observe.ts";
import type { PassPoint } from "../points.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Barrier } from "./barrier.ts";
import { gone, requeueAt, settled, type Reconcile, type Result } from "./controller.ts";
import type { Expectations } from "./expectations.ts";
import { readMore, readRun, type LiveReadDeps, type Seen } from "./live-reads.ts";
import type { MadePods } from "./made-pods.ts";
import type { Refusals, StandingRefusal } from "./refusals.ts";

export interface ReconcilerDeps extends LiveReadDeps {
  readonly runs: Cache<ObservedRun>;
  readonly apply: Apply;
  readonly barrier: Barrier;
  readonly expectations: Expectations;
  readonly made: MadePods;
  readonly refusals: Refusals;
  readonly log: Logger;
  readonly point: PassPoint;
}

export function createReconcile(deps: ReconcilerDeps): Reconcile {
  const { barrier, expectations, made, refusals } = deps;
  return async (key, reconcileId) => {
    const state = barrier.state(key);
    if (state === "open") made.forget(key);
    if (state === "behind") return requeueAt(barrier.patience(key)); // R1; the event that we wait for usually comes first
    if (!expectations.satisfied(key)) return requeueAt(expectations.patience(key));
    // What is overdue stays so: until the cache has it, every look has to go past the cache.
    const seen = state === "overdue" ? await readRun(key, deps.runs.get(key), deps) : cached(key, deps);
    if (seen) return look(seen, reconcileId, deps);
    barrier.forget(key);
    made.forget(key);
    refusals.forget(key);
    return gone; // garbage collection owns its pods now
  };
}

function cached(key: Key, { runs }: ReconcilerDeps): Seen | undefined {
  const run = runs.get(key);
  return run && { run };
}

async function look(seen: Seen, reconcileId: string, deps: ReconcilerDeps): Promise<Result> {
  const standing = deps.refusals.of(seen.run);
  const extra = { ...(await readMore(seen, deps)), ...(standing && { refusal: standing.refusal }) };
  const first = await step(seen.run, extra, reconcileId, deps);
  if (!first.refusal) return next(first.decision, standing);
  await deps.point("before-refusal");
  return concludeFrom(first.refusal, { ...seen, run: first.run }, reconcileId, deps); // R2
}

async function concludeFrom(
  refusal: Refusal,
  { run, ...read }: Seen,
  reconcileId: string,
  deps: ReconcilerDeps,
): Promise<Result> {
  const { decision } = await step(run, { ...read, refusal }, reconcileId, deps);
  if (decision.requeueAt) deps.refusals.keep(run, { refusal, until: decision.requeueAt });
  return next(decision);
}

interface Step {
  readonly decision: Decision;
  readonly run: ObservedRun;
  readonly refusal?: Refusal;
}

async function step(before: ObservedRun, extra: Extra, reconcileId: string, deps: ReconcilerDeps): Promise<Step> {
  const { pods, world } = deps.observe(before, extra);
  const decision = decide(before, pods, world, deps.clock.now());
  const applied = await deps.apply(before, decision);
  report(deps.log, decision, { before, after: applied.run, reconcileId });
  return { decision, ...applied };
}

function next({ requeueAt: at }: Decision, standing?: StandingRefusal): Result {
  const next = earliest(at, standing?.until);
  return next ? requeueAt(next) : settled;
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
