// The only composition root: configuration, adapters, what runs, in which order it starts and stops.
//
//   M1. Caches, gateway and health run on every replica and start before the election: a candidate's cache is warm.
//   M2. Only the leader reconciles. Losing the lease ends the process at once; runners go on at another replica's gateway.
//   M3. SIGTERM takes no new keys, lets the looks under way end, gives the lease back, closes the gateway last.
//   M4. A process that has not heard of the API server for 15 min ends: the next one begins with caches that are true.
import { hostname } from "node:os";

import { Registry, collectDefaultMetrics } from "prom-client";

import { assemble, type Assembly } from "./assembly.ts";
import { systemClock } from "./clock.ts";
import { ConfigError, readConfig, type Config } from "./config.ts";
import { staleCaches, untilLost } from "./controller/freshness.ts";
import { createInformers, type Informers } from "./controller/informers.ts";
import { LeaderElection } from "./controller/leader.ts";
import { Patience } from "./controller/patience.ts";
import { untilAnswered, type UntilAnsweredOptions } from "./controller/until-answered.ts";
import { CertificateAuthority } from "./effects/certificates.ts";
import type { Cluster } from "./effects/cluster.ts";
import { inClusterConnection, kubeconfigConnection, type Connection } from "./effects/connection.ts";
import { KubernetesCluster } from "./effects/kubernetes.ts";
import type { Surroundings } from "./effects/observe.ts";
import { services } from "./effects/resources.ts";
import { keySource, SigningKeys } from "./effects/signing-keys.ts";
import { Transport } from "./effects/transport.ts";
import { patience, startGateway, type Gateway } from "./gateway/server.ts";
import { startHealthServer } from "./http/server.ts";
import { passing } from "./points.ts";
import { createLogger, type Logger } from "./telemetry/logger.ts";
import { apiObserver, createMetrics, type Metrics } from "./telemetry/metrics.ts";

const version = "0.1.0";
const userAgent = `stint-operator/${version}`;
const drainMs = 20_000;

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

/** What pods are told of the gateway, and since when this replica's has been open. */
interface Gate {
  readonly authority: CertificateAuthority;
  readonly tlsName: string;
  openSince: Date | undefined;
}

async function main(config: Config): Promise<void> {
  const base = await createBase(config);
  const { log } = base;
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());

  const informers = createInformers({ ...base, clock, random });
  const gate = createGate(base);
  const health = await startHealthServer({
    port: config.STINT_HTTP_PORT,
    registry: base.registry,
    notReady: () => notReady(informers, gate),
  });
  const following = new AbortController();
  const followed = follow(informers, log, following.signal);
  await Promise.all(Object.values(informers).map((informer) => informer.untilSynced(stop.signal)));

  const assembly = assembleFor(base, informers, await surroundingsOf(base, gate, informers, stop.signal));
  const gateway = await untilAnswered(() => open(base, gate, assembly), patient(base, stop.signal));
  await lead(base, assembly, stop.signal);

  await gateway.close(AbortSignal.timeout(drainMs)); // M3
  following.abort();
  await followed;
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
  STINT_SERVICE_ACCOUNT_MOUNT: mount,
  STINT_KUBECONFIG: file,
}: Config): Promise<Connection> {
  if (file !== undefined || host === undefined)
    return kubeconfigConnection({ ...(file !== undefined && { file }) }, clock);
  return inClusterConnection({ host, port, mount }, clock);
}

function createGate({ cluster, config }: Base): Gate {
  return {
    authority: new CertificateAuthority(cluster, config.STINT_NAMESPACE, config.STINT_GATEWAY_CA_SECRET),
    tlsName: `${config.STINT_GATEWAY_SERVICE}.${config.STINT_NAMESPACE}.svc`,
    openSince: undefined,
  };
}

/** Keeps the caches up to date until the signal is aborted, or the API server is lost and the process with it (M4). */
async function follow(informers: Informers, log: Logger, signal: AbortSignal): Promise<void> {
  const watching = untilLost(informers, clock, signal).then((lost) => {
    if (lost.length === 0) return;
    log.error({ lost }, "the API server has been silent for too long");
    process.exit(1);
  });
  await Promise.all([watching, ...Object.values(informers).map((informer) => informer.run(signal))]);
}

async function surroundingsOf(
  base: Base,
  gate: Gate,
  { runs, pods }: Informers,
  stop: AbortSignal,
): Promise<Surroundings> {
  const { config } = base;
  const asked = (): Promise<string> => untilAnswered(() => serviceAddress(base), patient(base, stop));
  const gatewayAddress = config.STINT_GATEWAY_ADDRESS ?? (await asked());
  base.log.info({ gatewayAddress }, "pods are given this address of the gateway");
  return {
    taskDefaults: config.STINT_TASK_DEFAULTS,
    gatewayReadySince: () => latest(gate.openSince, runs.connectedSince, pods.connectedSince),
    podSettings: () => ({
      runnerImage: config.STINT_RUNNER_IMAGE,
      imagePullPolicy: config.STINT_RUNNER_IMAGE_PULL_POLICY,
      gatewayAddress,
      gatewayName: gate.tlsName,
      gatewayCa: gate.authority.trustBundle(),
    }),
  };
}

function patient({ log }: Base, signal: AbortSignal): UntilAnsweredOptions {
  return { patience: new Patience(random), clock, log, signal };
}

/**
 * The latest of some instants; undefined if one is not there yet. An open gateway is of no use to a runner as long as the API
 * server is away: its report waits, and must not be overtaken by the operator's own idea of a timeout (S68).
 */
function latest(...instants: readonly (Date | undefined)[]): Date | undefined {
  const known = instants.filter((instant) => instant !== undefined);
  const times = known.map((instant) => instant.getTime());
  return known.length === instants.length ? new Date(Math.max(...times)) : undefined;
}

/** The address that pods are given: an IP, so that they need no DNS. */
async function serviceAddress({ config, cluster }: Base): Promise<string> {
  const { STINT_GATEWAY_SERVICE: name, STINT_NAMESPACE: namespace } = config;
  const { spec } = await cluster.get(services, { namespace, name });
  const port = spec?.ports?.find((candidate) => candidate.name === "gateway") ?? spec?.ports?.[0];
  if (!spec?.clusterIP || !port)
    throw new ConfigError(`STINT_GATEWAY_SERVICE: Service ${namespace}/${name} has no cluster IP and port`);
  const host = spec.clusterIP.includes(":") ? `[${spec.clusterIP}]` : spec.clusterIP;
  return `${host}:${port.port}`;
}

function assembleFor({ config, ...base }: Base, informers: Informers, surroundings: Surroundings): Assembly {
  const settings = {
    instance: config.STINT_POD_NAME,
    workers: config.STINT_WORKERS,
    podRetentionSeconds: config.STINT_POD_RETENTION_SECONDS,
    limits: { treeDepth: config.STINT_TREE_DEPTH, treeSize: config.STINT_TREE_SIZE },
  };
  return assemble({ ...base, informers, surroundings, settings, clock, random, point: passing });
}

async function open({ connection, config, log, metrics }: Base, gate: Gate, assembly: Assembly): Promise<Gateway> {
  const { authority, tlsName } = gate;
  const gateway = await startGateway({
    ...assembly.gateway,
    signingKeys: new SigningKeys(keySource(new Transport(connection, { userAgent, connections: 1 })), clock),
    authority,
    tlsName,
    host: "0.0.0.0",
    port: config.STINT_GATEWAY_LISTEN_PORT,
    patience,
    metrics,
  });
  gate.openSince = clock.now();
  log.info({ port: gateway.port, version }, "gateway is open");
  return gateway;
}

/** Stands for election and works while it leads. Resolves when it was stopped and the work is over. */
async function lead({ config, log, metrics, connection }: Base, assembly: Assembly, stop: AbortSignal): Promise<void> {
  const working = new AbortController();
  const resigning = new AbortController();
  let worked: Promise<void> = Promise.resolve();
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
      worked = assembly.work(working.signal).catch(fail);
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
  await worked;
  resigning.abort();
  await standing;
}

function notReady(informers: Informers, { openSince }: Gate): readonly string[] {
  const caches = staleCaches(informers).map((name) => `cache of ${name}`);
  return openSince ? caches : [...caches, "gateway"];
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
