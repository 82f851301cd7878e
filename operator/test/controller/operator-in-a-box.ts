// A cluster in memory with the real operator in it: informers, triggers, queues, reconcilers, observer, apply and what its
// gateway is made of. Played by the test are a person, a kubelet (kubelet.ts) with the runners in its pods, and the garbage
// collector. Several operators before one API server are several processes: one can die while another goes on.
import type { Report } from "@stint/crds/attempt";
import { childName, component, label, revisionName } from "@stint/crds/labels";
import type { Manifest } from "@stint/crds/manifest";
import { rerunPatch } from "@stint/crds/rerun";
import type { Progress, TaskRun, TaskRunSpec, TaskRunStatus } from "@stint/crds/taskrun";

import type { Assembly } from "../../src/assembly.ts";
import type { Informers } from "../../src/controller/informers.ts";
import { conditionOf } from "../../src/core/status.ts";
import {
  controllerRevisions,
  events,
  instanceTypes,
  nodes,
  pods,
  taskBundles,
  taskRuns,
  type Pod,
} from "../../src/effects/resources.ts";
import { startChildren } from "../../src/gateway/children.ts";
import { acceptProgress } from "../../src/gateway/progress.ts";
import { acceptReport } from "../../src/gateway/report.ts";
import { ProtocolRefusal } from "../../src/gateway/refusal.ts";
import type { PodIdentity } from "../../src/gateway/token.ts";
import { passing, type PassPoint } from "../../src/points.ts";
import type { Metrics } from "../../src/telemetry/metrics.ts";
import { aManifestTask, anInstanceType, aRevision, bundleUid, namespace, podSettings, t0 } from "../builders.ts";
import { aTaskBundle, isReady, specHash } from "../bundle-builders.ts";
import { FakeClock } from "../fakes/clock.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { collectAfterRuns } from "../../../testing/src/memory/garbage.ts";
import { ObjectStore } from "../../../testing/src/memory/object-store.ts";
import { startOperator } from "../../../testing/src/memory/operator.ts";
import { freshMetrics, silentLogger } from "../fakes/telemetry.ts";
import { Kubelet, type PodLife, type Starts } from "./kubelet.ts";

/** Looks that an operator takes at the same time. */
export const workers = 2;

const bundleRef = { namespace, name: "math" };
const askAgainMs = 1000;

interface BoxOptions {
  readonly lives?: readonly PodLife[];
  /** The lives of a run whose input is the name of one of these; the others have {@link lives}. */
  readonly programs?: Readonly<Record<string, readonly PodLife[]>>;
  readonly podRetentionSeconds?: number;
  /** Tasks of the bundle; `square` alone if absent. */
  readonly manifest?: Manifest;
}

interface OperatorOptions {
  /** Whether it reconciles, or serves its gateway alone. */
  readonly leads?: boolean;
  readonly point?: PassPoint;
}

/** One process of the operator. */
export interface Operator {
  /** Its own way to the API server, with its own calls and faults. */
  readonly cluster: FakeCluster;
  readonly informers: Informers;
  readonly gateway: Assembly["gateway"];
  readonly metrics: Metrics;
  /** Aborted when the process is over. */
  readonly over: AbortSignal;
  /** Its writes so far, in words: `replaceStatus taskruns`. */
  writes(): readonly string[];
  /** Begins to reconcile: it was elected. */
  lead(): void;
  /** As SIGKILL: nothing of it does anything any more. */
  kill(): void;
}

export class ClusterBox {
  readonly clock = new FakeClock(t0);
  readonly store = new ObjectStore(() => this.clock.now());
  /** Whoever is not the operator. */
  readonly hand = new FakeCluster({ store: this.store });
  readonly kubelet: Kubelet;
  /** What runners were told: the reports that count. */
  readonly acknowledged: Report[] = [];
  /** The most pods of one run that lived at the same time. */
  mostLivePods = 0;
  readonly #podRetentionSeconds: number;
  readonly #operators: Operator[] = [];

  constructor({ lives = [], programs = {}, podRetentionSeconds = 600 }: BoxOptions = {}) {
    const { hand, clock } = this;
    this.#podRetentionSeconds = podRetentionSeconds;
    this.kubelet = new Kubelet({
      hand,
      clock,
      livesOf: ({ labels }) => programs[this.#programOf(labels?.[label.run])] ?? lives,
      report: (...said) => this.#report(...said),
      progress: (...said) => this.#progress(...said),
      start: (...asked) => this.#start(...asked),
    });
    this.store.watch(pods, {}, "0", () => (this.mostLivePods = Math.max(this.mostLivePods, this.#liveInOneRun())));
    collectAfterRuns(this.store);
    for (const name of ["node-1", "node-2"]) this.setNode(name, true);
    for (const name of ["starter", "standard"]) {
      hand.seed(instanceTypes, { metadata: { name, uid: name }, spec: anInstanceType(name).spec });
    }
  }

  // A person.

  /** Puts the bundle there, its first revision Ready. */
  applyBundle(manifest: Manifest = [aManifestTask()]): void {
    const { metadata, spec } = aTaskBundle();
    const ready = isReady("True", "Registered", "revision 1 is Ready") ?? [];
    const conditions = ready.map((condition) => ({ ...condition, observedGeneration: 1 }));
    const status = { revision: 1, lastRevision: 1, specHash, observedGeneration: 1, conditions };
    this.hand.seed(controllerRevisions, {
      metadata: {
        namespace,
        name: revisionName({ name: "math", uid: bundleUid }, 1),
        uid: "math-r1",
        labels: { [label.component]: component.bundle, [label.bundle]: "math" },
        ownerReferences: [{ apiVersion: "stint.dev/v1alpha1", kind: "TaskBundle", ...metadata, controller: true }],
      },
      revision: 1,
      data: aRevision({ specHash, manifest }),
    });
    this.hand.seed(taskBundles, { metadata, spec, status });
  }

  deleteBundle(): void {
    this.hand.remove(taskBundles, bundleRef);
    this.store.collectGarbage([controllerRevisions]);
  }

  /** Creates a run, `square-4` unless it is called otherwise; of a parent, if one is given. */
  async apply(spec: Partial<TaskRunSpec> = {}, name = "square-4", parent?: TaskRun): Promise<TaskRun> {
    const lineage = parent && {
      labels: { [label.root]: parent.metadata.name, [label.rootUid]: parent.metadata.uid },
      ownerReferences: [
        {
          apiVersion: parent.apiVersion,
          kind: "TaskRun",
          ...nameOf(parent),
          controller: true,
          blockOwnerDeletion: false,
        },
      ],
    };
    const run = { metadata: { name, ...lineage }, spec: { task: "math/square", input: [4], ...spec } };
    return this.hand.create(taskRuns, namespace, run);
  }

  edit(change: Partial<TaskRunSpec>, name = "square-4"): void {
    this.hand.edit(taskRuns, { namespace, name }, (run) => ({ ...run, spec: { ...run.spec, ...change } }));
  }

  /** As `stint retry` does, where the API server grants it. */
  rerun(revision: "Pinned" | "Latest" = "Pinned", name = "square-4"): void {
    this.hand.edit(taskRuns, { namespace, name }, (run) => {
      const { cancel: _, ...spec } = run.spec;
      return { ...run, spec: { ...spec, rerun: rerunPatch(run, { latest: revision === "Latest" }).rerun } };
    });
  }

  // The operators.

  /** Starts a process: its caches are warm when this resolves. */
  async start({ leads = true, point = passing }: OperatorOptions = {}): Promise<Operator> {
    const { clock } = this;
    const cluster = new FakeCluster({ store: this.store });
    const end = new AbortController();
    const metrics = freshMetrics();
    const options = {
      cluster,
      clock,
      random: () => 0.5,
      log: silentLogger,
      metrics,
      surroundings: { taskDefaults: {}, podSettings, gatewayReadySince: () => new Date(t0.getTime() - 3_600_000) },
      settings: {
        instance: `operator-${this.#operators.length}`,
        workers,
        podRetentionSeconds: this.#podRetentionSeconds,
        limits: { treeDepth: 32, treeSize: 10_000 },
      },
      point,
    };
    const { informers, assembly } = await startOperator(options, end.signal);
    const lead = () => void assembly.work(end.signal);
    if (leads) lead();
    const kill = () => {
      cluster.partition("refused");
      end.abort();
    };
    const writes = () => cluster.writes.map(({ verb, resource }) => `${verb} ${resource}`);
    const operator = { cluster, informers, gateway: assembly.gateway, metrics, over: end.signal, writes, lead, kill };
    this.#operators.push(operator);
    return operator;
  }

  // Time.

  /** Lets time pass until it is so, and not longer than it takes. Throws when that is not within the time given. */
  async until(isSo: () => boolean, withinMs = 120_000): Promise<void> {
    const endMs = this.clock.monotonicMs() + withinMs;
    await this.clock.advance(0);
    while (!isSo()) {
      const leftMs = endMs - this.clock.monotonicMs();
      if (leftMs <= 0) throw new Error(`not so within ${withinMs} ms; the run is ${JSON.stringify(this.status)}`);
      await this.clock.advance(Math.min(this.clock.nextInMs, leftMs));
    }
  }

  untilFinished(name = "square-4", withinMs?: number): Promise<void> {
    return this.until(() => this.statusOf(name).finishedAt !== undefined, withinMs);
  }

  untilReason(reason: string, name = "square-4"): Promise<void> {
    return this.until(() => this.reasonOf(name) === reason);
  }

  // What there is.

  run(name = "square-4"): TaskRun | undefined {
    return this.hand.peek(taskRuns, { namespace, name });
  }

  statusOf(name: string): TaskRunStatus {
    return this.run(name)?.status ?? {};
  }

  get status(): TaskRunStatus {
    return this.statusOf("square-4");
  }

  /** Phase, and reason of the condition Succeeded. */
  get standing(): string {
    return `${this.status.phase} ${this.reasonOf("square-4")}`;
  }

  reasonOf(name: string): string | undefined {
    return conditionOf(this.statusOf(name).conditions, "Succeeded")?.reason;
  }

  get message(): string | undefined {
    return conditionOf(this.status.conditions, "Succeeded")?.message;
  }

  /** How each attempt ended. */
  get ends(): readonly (string | undefined)[] {
    return this.status.attempts?.map(({ reason }) => reason) ?? [];
  }

  get pods(): readonly Pod[] {
    return this.hand.peekAll(pods);
  }

  podOf(attempt: number, name = "square-4"): Pod | undefined {
    return this.pods.find(
      ({ metadata: { labels } }) => labels?.[label.run] === name && labels[label.attempt] === String(attempt),
    );
  }

  get events(): readonly (string | undefined)[] {
    return this.hand.peekAll(events).map(({ reason }) => reason);
  }

  setNode(name: string, ready: boolean): void {
    const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
    this.hand.seed(nodes, { metadata: { name, uid: name }, status: { conditions } });
  }

  #programOf(run = ""): string {
    const { input } = this.run(run)?.spec ?? {};
    return String(Array.isArray(input) ? input[0] : input);
  }

  async #report(pod: Pod, report: Report, signal: AbortSignal): Promise<void> {
    if (await this.#ask(signal, (gateway) => acceptReport(callerOf(pod), report, gateway))) {
      this.acknowledged.push(report);
    }
  }

  async #progress(pod: Pod, progress: readonly Progress[], signal: AbortSignal): Promise<void> {
    await this.#ask(signal, (gateway) => acceptProgress(callerOf(pod), { progress }, gateway));
  }

  async #start(pod: Pod, starts: Starts, signal: AbortSignal): Promise<void> {
    const { labels, ownerReferences = [] } = pod.metadata;
    const caller = { parentUid: ownerReferences[0]?.uid ?? "", attempt: Number(labels?.[label.attempt]) };
    const asked = starts((sequence) => childName({ ...caller, sequence }));
    const unchecked = asked.map((start) => ({ ...start })); // as they come from the wire
    await this.#ask(signal, (gateway) => startChildren(callerOf(pod), unchecked, gateway));
  }

  /** As a runner does: any replica will do, and asked again until one has answered. False if the attempt is over. */
  async #ask(signal: AbortSignal, question: (gateway: Assembly["gateway"]) => Promise<unknown>): Promise<boolean> {
    for (;;) {
      try {
        await answered(this.#gateway(), question);
        return true;
      } catch (error) {
        if (error instanceof ProtocolRefusal && error.code === "NotCurrent") return false;
        await this.clock.sleep(askAgainMs, signal);
      }
    }
  }

  /** The newest process that is not over. */
  #gateway(): Operator | undefined {
    return this.#operators.findLast(({ over }) => !over.aborted);
  }

  #liveInOneRun(): number {
    const live = this.pods.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
    const byRun = Map.groupBy(live, ({ metadata }) => metadata.labels?.[label.run]);
    return Math.max(0, ...[...byRun.values()].map(({ length }) => length));
  }
}

/** A cluster with the bundle Ready, and the operator that leads in it. */
export async function aBox(options?: BoxOptions): Promise<{ readonly box: ClusterBox; readonly operator: Operator }> {
  const box = new ClusterBox(options);
  box.applyBundle(options?.manifest);
  return { box, operator: await box.start() };
}

/** Whoever asks a process that dies gets no answer. */
async function answered(
  operator: Operator | undefined,
  ask: (gateway: Assembly["gateway"]) => Promise<unknown>,
): Promise<void> {
  if (!operator) throw new Error("no gateway is open");
  const { promise: cutOff, reject } = Promise.withResolvers<never>();
  const cut = () => reject(new Error("the connection broke"));
  operator.over.addEventListener("abort", cut, { once: true });
  await Promise.race([ask(operator.gateway), cutOff]).finally(() => operator.over.removeEventListener("abort", cut));
}

function callerOf({ metadata, spec }: Pod): PodIdentity {
  const { name: podName, uid: podUid } = metadata;
  return { namespace, podName, podUid, ...(spec.nodeName !== undefined && { nodeName: spec.nodeName }) };
}

function nameOf({ metadata: { name, uid } }: TaskRun): { readonly name: string; readonly uid: string } {
  return { name, uid };
}
