// A gateway over real HTTPS on loopback, on the in-memory cluster: the run `square-4` of the builders, with its first
// attempt's pod. Its caches show the cluster as it is, unless a test lets them fall behind.
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";

import { podContract } from "@stint/crds/attempt";
import { label } from "@stint/crds/labels";
import type { Manifest } from "@stint/crds/manifest";
import type { TaskRun, TaskRunStatus } from "@stint/crds/taskrun";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

import { withSituation, type Situation } from "../../src/core/status.ts";
import type { ObservedRun } from "../../src/core/world.ts";
import type { Acceptance } from "../../src/effects/accept-manifest.ts";
import { createApply } from "../../src/effects/apply.ts";
import { CertificateAuthority } from "../../src/effects/certificates.ts";
import { createObserver } from "../../src/effects/observe.ts";
import { controllerRevisions, instanceTypes, pods, taskBundles, taskRuns } from "../../src/effects/resources.ts";
import { SigningKeys, type KeySource } from "../../src/effects/signing-keys.ts";
import type { GatewayDeps, TreeLimits } from "../../src/gateway/deps.ts";
import { patience, startGateway, type Patience } from "../../src/gateway/server.ts";
import { passing } from "../../src/points.ts";
import type { Logger } from "../../src/telemetry/logger.ts";
import {
  aBundle,
  anAcceptedRun,
  anAttempt,
  aPod,
  aRevision,
  anInstanceType,
  namespace,
  podSettings,
  podUid,
  stamp,
} from "../builders.ts";
import { FakeClock } from "../fakes/clock.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { freshMetrics, silentLogger } from "../fakes/telemetry.ts";
import { FakeRunEvents } from "./fake-run-events.ts";
import { StoreCaches } from "./store-caches.ts";

const tlsName = "stint-gateway.stint-system.svc";
const issuer = "https://kubernetes.default.svc";
const keyId = "key-1";

const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
const foreignKeys = await generateKeyPair("ES256");
const publicJwk = { ...(await exportJWK(publicKey)), kid: keyId, alg: "ES256" };

export const goodKeys: KeySource = { issuer: async () => issuer, keys: async () => ({ keys: [publicJwk] }) };

/** A run as the API server has it: with its input. */
function stored({ apiVersion, kind, metadata, spec, status }: ObservedRun, input: unknown = [4]): TaskRun {
  return { apiVersion, kind, metadata, spec: { ...spec, input }, ...(status && { status }) };
}

/** There is no reconciler that would have to know of the gateway's writes. */
const nobody = { wroteRun: () => {}, wrotePod: () => {}, deletingPod: () => {}, keptPod: () => {} };

interface BoxOptions {
  readonly keys?: KeySource;
  readonly limits?: TreeLimits;
  readonly logger?: Logger;
  readonly patience?: Partial<Patience>;
}

interface TokenOptions {
  readonly podName?: string;
  readonly podUid?: string;
  readonly audience?: string;
  readonly issuer?: string;
  readonly expiresAt?: Date;
  readonly keyId?: string;
  readonly isForeign?: boolean;
  readonly isPodless?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

interface AskOptions {
  readonly token?: string | undefined;
  readonly signal?: AbortSignal;
  /** Sent as it is, in the place of `body`. */
  readonly raw?: string;
}

export class GatewayBox implements AsyncDisposable {
  readonly clock = new FakeClock(new Date()); // TLS compares certificates with the machine's own clock
  readonly cluster = new FakeCluster({ now: () => this.clock.now() });
  readonly caches = new StoreCaches(this.cluster);
  readonly runEvents = new FakeRunEvents(this.cluster);
  readonly metrics = freshMetrics();
  /** What the pod of a registration is told. */
  acceptance: Acceptance = "accepted";
  readonly posted: unknown[] = [];
  /** Events about runs. */
  readonly recorded: unknown[] = [];
  readonly deps: GatewayDeps;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  readonly #authority = new CertificateAuthority(this.cluster, "stint-system");
  #gateway: Awaited<ReturnType<typeof startGateway>> | undefined;

  /** Without HTTPS: for what is called directly. */
  constructor(limits: TreeLimits = { treeDepth: 32, treeSize: 10_000 }) {
    const { cluster, caches, clock, runEvents } = this;
    this.deps = {
      cluster,
      caches,
      clock,
      runEvents,
      limits,
      logger: silentLogger,
      observe: createObserver(caches, { taskDefaults: {}, podSettings, gatewayReadySince: () => clock.now() }),
      apply: createApply({
        cluster,
        recorder: { record: (_, event) => this.recorded.push(event) },
        writes: nobody,
        point: passing,
      }),
      point: passing,
      acceptManifest: async (...posted) => {
        this.posted.push(posted);
        return this.acceptance;
      },
    };
    this.#seedWorld();
  }

  static async open(options: BoxOptions = {}): Promise<GatewayBox> {
    const box = new GatewayBox(options.limits);
    box.#gateway = await startGateway({
      ...box.deps,
      tlsName,
      ...(options.logger && { logger: options.logger }),
      authority: box.#authority,
      metrics: box.metrics,
      host: "127.0.0.1",
      port: 0,
      patience: { ...patience, ...options.patience },
      signingKeys: new SigningKeys(options.keys ?? goodKeys, box.clock),
    });
    return box;
  }

  /** The run and the pod of its first attempt, which is Running. */
  #seedWorld(): void {
    const { metadata, spec } = aBundle();
    const { name, spec: type } = anInstanceType();
    this.cluster.seed(taskBundles, { metadata, spec, status: { revision: 1 } });
    this.cluster.seed(instanceTypes, { metadata: { name, uid: name }, spec: type });
    this.seedManifest(aRevision().manifest);
    this.seedRun(anAcceptedRun([anAttempt()], {}, { kind: "Running", reason: "AttemptRunning" }));
    this.cluster.seed(pods, aPod());
  }

  /** What revision 1 of the bundle has registered. */
  seedManifest(manifest: Manifest): void {
    this.cluster.seed(controllerRevisions, {
      metadata: {
        namespace,
        name: "math-r1",
        uid: "math-r1",
        ownerReferences: [{ kind: "TaskBundle", name: "math", uid: aBundle().metadata.uid, controller: true }],
      },
      revision: 1,
      data: aRevision({ manifest }),
    });
  }

  /** Puts a run into the cluster as it is. */
  seedRun(run: ObservedRun, input?: unknown): TaskRun {
    return this.cluster.seed(taskRuns, stored(run, input));
  }

  run(name = "square-4"): TaskRun | undefined {
    return this.cluster.peek(taskRuns, { namespace, name });
  }

  /** Ends a run as its reconciler would. */
  finish(name: string, kind: "Succeeded" | "Failed" | "Canceled" | "Skipped", status: TaskRunStatus = {}): void {
    const reason = {
      Succeeded: "Completed",
      Failed: "TaskError",
      Canceled: "Canceled",
      Skipped: "UpstreamFailed",
    } as const;
    const situation = { kind, reason: reason[kind], message: "" } as Situation; // a reason that goes with its kind
    const moment = { now: this.clock.now(), generation: 1 };
    this.cluster.setStatus(taskRuns, { namespace, name }, withSituation(status, situation, moment));
  }

  /** The children of `square-4`, by name. */
  children(): readonly TaskRun[] {
    return this.cluster.peekAll(taskRuns).filter(({ metadata }) => metadata.labels?.[label.parent] === "square-4");
  }

  /** Ends the first attempt and begins a second; answers the token of its pod. */
  beginSecondAttempt(status: TaskRunStatus = {}): Promise<string> {
    const ended = anAttempt(1, { finishedAt: stamp(5), reason: "TaskError", class: "User" });
    const second = anAttempt(2);
    this.seedRun(anAcceptedRun([ended, second], { status }));
    return this.token({ podName: second.podName, podUid: podUid(2) });
  }

  /** A token as the kubelet would have it for the pod of attempt 1. */
  async token(options: TokenOptions = {}): Promise<string> {
    const pod = { name: options.podName ?? anAttempt().podName, uid: options.podUid ?? podUid(1) };
    const bound = options.isPodless ? {} : { pod, node: { name: "node-1", uid: "node-1" } };
    const expiresAt = options.expiresAt ?? new Date(this.clock.now().getTime() + 3_600_000);
    return new SignJWT({ "kubernetes.io": { namespace, serviceaccount: { name: "default" }, ...bound } })
      .setProtectedHeader({ alg: "ES256", kid: options.keyId ?? keyId })
      .setIssuer(options.issuer ?? issuer)
      .setAudience(options.audience ?? podContract.audience)
      .setExpirationTime(expiresAt)
      .sign(options.isForeign ? foreignKeys.privateKey : privateKey);
  }

  get port(): number {
    return this.#gateway?.port ?? 0;
  }

  get(path: string, options?: AskOptions): Promise<Answer> {
    return this.ask("GET", path, undefined, options);
  }

  post(path: string, body: unknown, options?: AskOptions): Promise<Answer> {
    return this.ask("POST", path, body, options);
  }

  async ask(method: string, path: string, body?: unknown, options: AskOptions = {}): Promise<Answer> {
    const token = "token" in options ? options.token : await this.token();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const outgoing = request(
      {
        agent: this.#agent,
        host: "127.0.0.1",
        port: this.port,
        method,
        path: `/attempt/v1/${path}`,
        servername: tlsName,
        ca: this.#authority.trustBundle(),
        ...(options.signal && { signal: options.signal }),
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...((body !== undefined || options.raw !== undefined) && { "content-type": "application/json" }),
        },
      },
      (response) => {
        const { statusCode: status = 0, headers } = response;
        text(response).then((answered) => resolve({ status, headers, body: JSON.parse(answered) }), reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(options.raw ?? (body === undefined ? undefined : JSON.stringify(body)));
    return promise;
  }

  close(signal: AbortSignal = new AbortController().signal): Promise<void> {
    return this.#gateway?.close(signal) ?? Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(AbortSignal.abort());
    this.#agent.destroy();
  }
}
