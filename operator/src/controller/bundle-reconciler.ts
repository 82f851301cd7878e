// Observe, decide, apply: one look at one bundle.
//
//   R1. Never on caches older than our own last writes: the barrier holds the key back, and after its patience the bundle is
//       read live.
//   R2. What the API server said no to is decided on at once, in a second step of the same look.
import type { TaskBundle } from "@stint/crds/taskbundle";

import type { Clock } from "../clock.ts";
import { decideBundle } from "../core/bundle.ts";
import type { BundleDecision, BundleWorld } from "../core/bundle-world.ts";
import type { AppliedBundle, ApplyBundle } from "../effects/apply-bundle.ts";
import type { Caches } from "../effects/caches.ts";
import type { Cluster } from "../effects/cluster.ts";
import { refOf, type Key } from "../effects/key.ts";
import type { BundleObserver } from "../effects/observe-bundle.ts";
import { taskBundles } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Barrier, VersionedCache } from "./barrier.ts";
import { gone, requeueAt, settled, type Reconcile, type Result } from "./controller.ts";

export interface BundleReconcilerDeps {
  readonly cluster: Cluster;
  readonly caches: Pick<Caches, "bundles">;
  /** How far the caches are that this reconciler's writes show up in. */
  readonly versions: { readonly bundles: VersionedCache; readonly pods: VersionedCache };
  readonly barrier: Barrier;
  readonly observer: BundleObserver;
  readonly apply: ApplyBundle;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createBundleReconciler(deps: BundleReconcilerDeps): Reconcile {
  const { barrier, observer } = deps;
  return async (key, reconcileId) => {
    const state = barrier.state(key);
    if (state === "behind") return requeueAt(barrier.patience(key)); // R1; the event we wait for usually comes first
    const bundle = state === "overdue" ? await readLive(key, deps) : deps.caches.bundles.get(key);
    if (state === "overdue") barrier.forget(key);
    if (!bundle) return gone; // garbage collection owns the rest
    return look({ key, reconcileId, bundle }, await observer.observe(bundle), deps);
  };
}

interface Subject {
  readonly key: Key;
  readonly reconcileId: string;
  readonly bundle: TaskBundle;
}

async function look(subject: Subject, world: BundleWorld, deps: BundleReconcilerDeps): Promise<Result> {
  const { key, bundle } = subject;
  const decision = decideBundle(bundle, world, deps.clock.now());
  const applied = await deps.apply(bundle, decision);
  remember(key, applied, deps);
  report(subject, decision, applied, deps.log);
  // R2. A refusal answers a create, and a look that has seen one creates nothing: there is no third step.
  if (applied.refusal)
    return look({ ...subject, bundle: applied.bundle }, { ...world, refusal: applied.refusal }, deps);
  return decision.requeueAt ? requeueAt(decision.requeueAt) : settled;
}

function remember(key: Key, { bundle, statusWritten, podVersion }: AppliedBundle, deps: BundleReconcilerDeps): void {
  const { barrier, versions } = deps;
  if (statusWritten) barrier.wrote(key, versions.bundles, bundle.metadata.resourceVersion);
  if (podVersion !== undefined) barrier.wrote(key, versions.pods, podVersion);
}

async function readLive(key: Key, { cluster }: BundleReconcilerDeps): Promise<TaskBundle | undefined> {
  try {
    return await cluster.get(taskBundles, refOf(key));
  } catch (error) {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  }
}

/** A look that changed something says which rule spoke; one that left it alone whispers. */
function report(
  { key, reconcileId, bundle }: Subject,
  { rule, actions, status }: BundleDecision,
  { statusWritten }: AppliedBundle,
  log: Logger,
): void {
  const fields = {
    taskBundle: key,
    uid: bundle.metadata.uid,
    revision: status.registering?.revision ?? status.revision,
    rule,
    actions: actions.map(({ kind }) => kind),
    reconcileId,
  };
  if (statusWritten || actions.length > 0) log.info(fields, "task bundle decided");
  else log.debug(fields, "task bundle looked at");
}
