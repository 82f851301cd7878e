// The only composition root: configuration, adapters, what runs, in which order it starts and stops.
//
//   M1. Caches, gateway and health run on every replica and start before the election: a candidate's cache is warm.
//   M2. Only the leader reconciles. Losing the lease ends the process at once; runners go on at another replica's gateway.
//   M3. SIGTERM takes no new keys, lets the looks under way end, gives the lease back, closes the gateway last.
import { hostname } from "node:os";

import { Registry, collectDefaultMetrics } from "prom-client";

import { systemClock } from "./clock.ts";
import { ConfigError, readConfig, type Config } from "./config.ts";
import { Barrier } from "./controller/barrier.ts";
import { createBundleReconciler } from "./controller/bundle-reconciler.ts";
import { requeueAt, runController, type Reconcile } from "./controller/controller.ts";
import { Expectations } from "./controller/expectations.ts";
import { cachesOf, createInformers, type Informers } from "./controller/informers.ts";
import { LeaderElection } from "./controller/leader.ts";
import { createReconcile } from "./controller/reconciler.ts";
import { runRetention } from "./controller/retention.ts";
import { createRunEvents } from "./controller/run-events.ts";
import { connectTriggers } from "./controller/triggers.ts";
import { WorkQueue } from "./controller/workqueue.ts";
import { acceptManifest } from "./effects/accept-manifest.ts";
import { createApply, type WriteLog } from "./effects/apply.ts";
import { createApplyBundle } from "./effects/apply-bundle.ts";
import { CertificateAuthority } from "./effects/certificates.ts";
import type { Cluster } from "./effects/cluster.ts";
import {
  inClusterConnection,
  kubeconfigConnection,
  serviceAccountMount,
  type Connection,
} from "./effects/connection.ts";
import { keyOf } from "./effects/key.ts";
import { KubernetesCluster } from "./effects/kubernetes.ts";
import { createObserver, type Surroundings } from "./effects/observe.ts";
import { createBundleObserver } from "./effects/observe-bundle.ts";
import { createRecorder } from "./effects/recorder.ts";
import { services } from "./effects/resources.ts";
import { createSourceReader } from "./effects/source.ts";
import { keySource, SigningKeys } from "./effects/signing-keys.ts";
import { Transport } from "./effects/transport.ts";
import { startGateway } from "./gateway/server.ts";
import { startHealthServer } from "./http/server.ts";
import { createLogger, type Logger } from "./telemetry/logger.ts";
import { apiObserver, createMetrics, type Metrics } from "./telemetry/metrics.ts";

const version = "0.1.0";
const userAgent = `stint-operator/${version}`;
const drainMs = 20_000;
const refusedAgainMs = 600_000;

const clock = systemClock;
const random = Math.random;

interface Base {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly registry: Registry;
  readonly connection: Connection;
  readonly cluster: Cluster;
}

async function main(config: Config): Promise<void> {
  const base = await createBase(config);
  const { log, cluster } = base;
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());

  const informers = createInformers({ cluster, clock, random, log, metrics: base.metrics });
  const all = Object.values(informers);
  const following = new AbortController();
  const health = await startHealthServer({
    port: config.STINT_HTTP_PORT,
    registry: base.registry,
    notReady: () => notReady(informers, gatewayReadySince !== undefined),
  });
  let gatewayReadySince: Date | undefined;
  const informing = all.map((informer) => informer.run(following.signal));
  await Promise.all(all.map((informer) => informer.untilSynced(stop.signal)));

  const authority = new CertificateAuthority(cluster, config.STINT_NAMESPACE);
  await authority.refresh(clock.now());
  const gatewayAddress = config.STINT_GATEWAY_ADDRESS ?? (await serviceAddress(base));
  const tlsName = `${config.STINT_GATEWAY_SERVICE}.${config.STINT_NAMESPACE}.svc`;
  const surroundings: Surroundings = {
    taskDefaults: config.STINT_TASK_DEFAULTS,
    gatewayReadySince: () => gatewayReadySince,
    podSettings: () => ({
      runnerImage: config.STINT_RUNNER_IMAGE,
      imagePullPolicy: config.STINT_RUNNER_IMAGE_PULL_POLICY,
      gatewayAddress,
      gatewayName: tlsName,
      gatewayCa: authority.trustBundle(),
    }),
  };
  const parts = assemble(base, informers, surroundings);
  const gateway = await startGateway({
    ...parts.gateway,
    signingKeys: new SigningKeys(keySource(new Transport(base.connection, { userAgent, connections: 1 })), clock),
    authority,
    tlsName,
    host: "0.0.0.0",
    port: config.STINT_GATEWAY_LISTEN_PORT,
    logger: log,
    metrics: base.metrics,
  });
  gatewayReadySince = clock.now();
  log.info({ gatewayAddress, port: gateway.port, version }, "gateway is open");

  await lead(base, parts.work, stop.signal);

  await gateway.close(AbortSignal.timeout(drainMs));
  following.abort();
  await Promise.all(informing);
  await health.close();
  log.info({}, "stopped");
}

async function createBase(config: Config): Promise<Base> {
  const log = createLogger(config.STINT_LOG_LEVEL);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = createMetrics(registry);
  const connection = await connect(config);
  const rate = { perSecond: config.STINT_API_REQUESTS_PER_SECOND, burst: config.STINT_API_BURST };
  const cluster = new KubernetesCluster({
    connection,
    time: clock,
    observer: apiObserver(metrics),
    random,
    userAgent,
    rate,
  });
  return { config, log, metrics, registry, connection, cluster };
}

async function connect({
  KUBERNETES_SERVICE_HOST: host,
  KUBERNETES_SERVICE_PORT: port,
  STINT_KUBECONFIG: file,
}: Config): Promise<Connection> {
  if (file !== undefined || host === undefined)
    return kubeconfigConnection({ ...(file !== undefined && { file }) }, clock);
  return inClusterConnection({ host, port, ...serviceAccountMount }, clock);
}

interface Work {
  readonly queues: readonly WorkQueue[];
  run(signal: AbortSignal): Promise<unknown>;
}

/** What shares the caches: the two controllers, the sweep, and the deps of the gateway. */
function assemble(base: Base, informers: Informers, surroundings: Surroundings) {
  const { config, log, metrics, cluster } = base;
  const caches = cachesOf(informers);
  const queue = (name: string): WorkQueue => new WorkQueue({ name, clock, random, metrics });
  const queues = { runs: queue("runs"), bundles: queue("bundles") };
  connectTriggers(informers, queues);

  const now = (): Date => clock.now();
  const background = (name: string, promise: Promise<unknown>): void => {
    promise.catch((error: unknown) => log.warn({ name, error }, "background work failed"));
  };
  const recorder = createRecorder({ cluster, now, instance: config.STINT_POD_NAME, background });
  const barrier = new Barrier(clock);
  const expectations = new Expectations(clock, informers.pods.cache);
  const observe = createObserver(caches, surroundings);
  const apply = createApply({ cluster, recorder, writes: writeLog(informers, barrier, expectations) });
  const observer = createBundleObserver({
    cluster,
    caches,
    surroundings,
    readSource: createSourceReader(cluster),
    now,
  });
  const applyBundle = createApplyBundle({ cluster, recorder });

  const reconcileRun = createReconcile({
    cluster,
    runs: caches.runs,
    observe,
    apply,
    barrier,
    expectations,
    clock,
    log,
  });
  const reconcileBundle = createBundleReconciler({
    cluster,
    caches,
    versions: informers,
    barrier: new Barrier(clock),
    observer,
    apply: applyBundle,
    clock,
    log,
  });
  const controller = (name: string, workers: number, reconcile: Reconcile, of: WorkQueue, signal: AbortSignal) =>
    runController(
      {
        name,
        workers,
        queue: of,
        reconcile,
        refused: () => requeueAt(new Date(clock.now().getTime() + refusedAgainMs)),
        clock,
        log,
        metrics,
      },
      signal,
    );
  const retentionSeconds = config.STINT_POD_RETENTION_SECONDS;
  const work: Work = {
    queues: Object.values(queues),
    run: (signal) =>
      Promise.all([
        controller("runs", config.STINT_WORKERS, reconcileRun, queues.runs, signal),
        controller("bundles", 4, reconcileBundle, queues.bundles, signal),
        runRetention({ cluster, pods: caches.pods, runs: caches.runs, retentionSeconds, clock, log }, signal),
      ]),
  };
  return {
    work,
    gateway: {
      cluster,
      caches,
      observe,
      apply,
      acceptManifest: (caller: Parameters<typeof acceptManifest>[0], manifest: Parameters<typeof acceptManifest>[1]) =>
        acceptManifest(caller, manifest, { cluster, observer, apply: applyBundle, now }),
      clock,
      runEvents: createRunEvents(informers),
      limits: { treeDepth: config.STINT_TREE_DEPTH, treeSize: config.STINT_TREE_SIZE },
    },
  };
}

/** Stands for election and works while it leads. Resolves when it was stopped and the work is over. */
async function lead({ config, log, metrics, connection }: Base, work: Work, stop: AbortSignal): Promise<void> {
  const working = new AbortController();
  const resigning = new AbortController();
  let work1: Promise<unknown> = Promise.resolve();
  const election = new LeaderElection({
    cluster: new KubernetesCluster({
      connection,
      time: clock,
      observer: apiObserver(metrics),
      random,
      userAgent,
      connections: 1,
      tries: 1,
    }),
    lease: { namespace: config.STINT_NAMESPACE, name: "stint-operator" },
    identity: `${config.STINT_POD_NAME}_${hostname()}_${process.pid}_${Date.now()}`,
    onElected: () => {
      work1 = work.run(working.signal);
    },
    onLost: () => process.exit(1), // M2
    clock,
    random,
    log,
    metrics,
  });
  const standing = election.run(resigning.signal);
  await aborted(stop);
  log.info({}, "stopping");
  working.abort();
  await work1;
  resigning.abort();
  await standing;
}

function writeLog(informers: Informers, barrier: Barrier, expectations: Expectations): WriteLog {
  return {
    wroteRun: (run, resourceVersion) => barrier.wrote(keyOf(run), informers.runs, resourceVersion),
    wrotePod: (run, resourceVersion) => barrier.wrote(keyOf(run), informers.pods, resourceVersion),
    deletingPod: (run, pod) => expectations.expectDeletion(keyOf(run), pod),
    keptPod: (run, pod) => expectations.withdraw(keyOf(run), pod.uid),
  };
}

/** The address that pods are given: an IP, so that they need no DNS. */
async function serviceAddress({ config, cluster }: Base): Promise<string> {
  const { STINT_GATEWAY_SERVICE: name, STINT_NAMESPACE: namespace } = config;
  const { spec } = await cluster.get(services, { namespace, name });
  const port = spec?.ports?.find((candidate) => candidate.name === "gateway") ?? spec?.ports?.[0];
  if (!spec?.clusterIP || !port)
    throw new ConfigError(`STINT_GATEWAY_SERVICE: Service ${namespace}/${name} has no cluster IP and port`);
  return `${spec.clusterIP}:${port.port}`;
}

function notReady(informers: Informers, gatewayIsOpen: boolean): string[] {
  const caches = Object.entries(informers)
    .filter(([, informer]) => !informer.hasSynced || informer.freshness !== "fresh")
    .map(([name]) => `cache of ${name}`);
  return gatewayIsOpen ? caches : [...caches, "gateway"];
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function fail(error: unknown): never {
  if (error instanceof ConfigError) process.stderr.write(`stint-operator cannot start:\n${error.message}\n`);
  else createLogger("error").error({ error }, "stint-operator cannot go on");
  process.exit(1);
}

function configured(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    return fail(error);
  }
}

void main(configured()).catch(fail);
