// What shares the caches, put together: the controllers and the sweep, which work where the lead is, and what the gateway is
// made of, on every replica.
//
//   A1. Reconciler and gateway share one observer and one apply: whoever concludes, concludes alike.
//   A2. A replica that does not lead fills no queue and remembers no write of its own: nobody there would ever take them out
//       again. Whoever begins to lead is told of every object that the caches hold.
import type { Clock } from "./clock.ts";
import { Barrier } from "./controller/barrier.ts";
import { createBundleReconciler } from "./controller/bundle-reconciler.ts";
import { requeueAt, runController, type Reconcile } from "./controller/controller.ts";
import { Expectations } from "./controller/expectations.ts";
import { cachesOf, type Informers } from "./controller/informers.ts";
import { MadePods } from "./controller/made-pods.ts";
import { createReconcile } from "./controller/reconciler.ts";
import { Refusals } from "./controller/refusals.ts";
import { runRetention } from "./controller/retention.ts";
import { createRunEvents } from "./controller/run-events.ts";
import { connectTriggers } from "./controller/triggers.ts";
import { WorkQueue } from "./controller/workqueue.ts";
import { acceptManifest } from "./effects/accept-manifest.ts";
import { createApply, type WriteLog } from "./effects/apply.ts";
import { createApplyBundle } from "./effects/apply-bundle.ts";
import type { Cluster } from "./effects/cluster.ts";
import { keyOf } from "./effects/key.ts";
import { createObserver, type Surroundings } from "./effects/observe.ts";
import { createBundleObserver } from "./effects/observe-bundle.ts";
import { toOwnedPod } from "./effects/reading.ts";
import { createRecorder } from "./effects/recorder.ts";
import { createSourceReader } from "./effects/source.ts";
import type { GatewayDeps, TreeLimits } from "./gateway/deps.ts";
import type { PassPoint } from "./points.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { Metrics } from "./telemetry/metrics.ts";

export interface AssemblyOptions {
  readonly cluster: Cluster;
  readonly informers: Informers;
  readonly surroundings: Surroundings;
  readonly settings: AssemblySettings;
  readonly clock: Clock;
  /** From 0 to 1: spreads backoffs. */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly point: PassPoint;
}

interface AssemblySettings {
  /** Name of this replica: Events say who saw what. */
  readonly instance: string;
  /** Runs reconciled at the same time. */
  readonly workers: number;
  readonly podRetentionSeconds: number;
  readonly limits: TreeLimits;
}

export interface Assembly {
  readonly gateway: GatewayDeps;
  /** Does the leader's work until the signal is aborted; resolves when the last look is over. To be called once. */
  work(signal: AbortSignal): Promise<void>;
}

const bundleWorkers = 4;
/** What only a person can fix may be fixed outside the object, and that wakes nobody. */
const refusedAgainMs = 600_000;

export function assemble(options: AssemblyOptions): Assembly {
  const parts = createParts(options);
  return {
    gateway: gatewayOf(parts, options),
    async work(signal) {
      parts.lead.isOurs = true;
      await work(parts, options, signal);
    },
  };
}

type Parts = ReturnType<typeof createParts>;

function createParts({ cluster, informers, surroundings, settings, clock, log, point }: AssemblyOptions) {
  const now = (): Date => clock.now();
  const caches = cachesOf(informers);
  const background = (name: string, promise: Promise<unknown>): void => {
    promise.catch((error: unknown) => log.warn({ name, error }, "background work failed"));
  };
  const recorder = createRecorder({ cluster, now, instance: settings.instance, background });
  const lead = { isOurs: false };
  const barrier = new Barrier(clock);
  const made = new MadePods();
  const expectations = new Expectations(clock, informers.pods.cache);
  const writes = createWriteLog(informers, { lead, barrier, expectations, made });
  return {
    caches,
    lead,
    barrier,
    expectations,
    made,
    observe: createObserver(caches, surroundings),
    apply: createApply({ cluster, recorder, writes, point }),
    observer: createBundleObserver({ cluster, caches, surroundings, readSource: createSourceReader(cluster), now }),
    applyBundle: createApplyBundle({ cluster, recorder }),
  };
}

interface Memory {
  readonly lead: { readonly isOurs: boolean };
  readonly barrier: Barrier;
  readonly expectations: Expectations;
  readonly made: MadePods;
}

function createWriteLog({ runs, pods }: Informers, { lead, barrier, expectations, made }: Memory): WriteLog {
  const ifLeading = (remember: () => void): void => (lead.isOurs ? remember() : undefined); // A2
  return {
    wroteRun: (run, version) => ifLeading(() => barrier.wrote(keyOf(run), runs, version)),
    wrotePod: (run, pod) =>
      ifLeading(() => {
        made.made(keyOf(run), toOwnedPod(pod));
        barrier.wrote(keyOf(run), pods, pod.metadata.resourceVersion);
      }),
    deletingPod: (run, pod) => ifLeading(() => expectations.expectDeletion(keyOf(run), pod)),
    keptPod: (run, pod) => expectations.withdraw(keyOf(run), pod.uid),
  };
}

function gatewayOf(
  { caches, observe, apply, observer, applyBundle }: Parts,
  { cluster, informers, settings: { limits }, clock, log: logger, point }: AssemblyOptions,
): GatewayDeps {
  const bundles = { cluster, observer, apply: applyBundle, now: () => clock.now() };
  return {
    cluster,
    caches,
    observe,
    apply,
    acceptManifest: (caller, manifest) => acceptManifest(caller, manifest, bundles),
    clock,
    runEvents: createRunEvents(informers),
    limits,
    logger,
    point,
  };
}

async function work(parts: Parts, options: AssemblyOptions, signal: AbortSignal): Promise<void> {
  const { cluster, informers, settings, clock, random, log, metrics } = options;
  const queueOf = (name: string): WorkQueue => new WorkQueue({ name, clock, random, metrics });
  const queues = { runs: queueOf("runs"), bundles: queueOf("bundles") };
  connectTriggers(informers, queues); // A2
  const refused = () => requeueAt(new Date(clock.now().getTime() + refusedAgainMs));
  const control = (name: keyof typeof queues, workers: number, reconcile: Reconcile): Promise<void> =>
    runController({ name, workers, queue: queues[name], reconcile, refused, clock, log, metrics }, signal);
  const { pods, runs } = parts.caches;
  const retention = { cluster, pods, runs, retentionSeconds: settings.podRetentionSeconds, clock, log };
  await Promise.all([
    control("runs", settings.workers, runReconcile(parts, options)),
    control("bundles", bundleWorkers, bundleReconcile(parts, options)),
    runRetention(retention, signal),
  ]);
}

function runReconcile(
  { caches: { runs }, ...parts }: Parts,
  { cluster, clock, log, point }: AssemblyOptions,
): Reconcile {
  const { observe, apply, barrier, expectations, made } = parts;
  const refusals = new Refusals(clock);
  return createReconcile({ cluster, runs, observe, apply, barrier, expectations, made, refusals, clock, log, point });
}

function bundleReconcile(
  { caches, observer, applyBundle: apply }: Parts,
  { cluster, informers: versions, clock, log }: AssemblyOptions,
): Reconcile {
  return createBundleReconciler({
    cluster,
    caches,
    versions,
    barrier: new Barrier(clock),
    observer,
    apply,
    clock,
    log,
  });
}
