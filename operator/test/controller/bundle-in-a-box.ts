// The bundle `math` in a cluster in memory, with an operator that can be killed and started anew, a person who edits the
// bundle, and a kubelet that does what a test says. Caches show the cluster as it is.
import { label, revisionName } from "@stint/crds/labels";
import type { Manifest } from "@stint/crds/manifest";
import type { TaskBundle, TaskBundleSpec, TaskBundleStatus } from "@stint/crds/taskbundle";

import { Barrier, type VersionedCache } from "../../src/controller/barrier.ts";
import { createBundleReconciler } from "../../src/controller/bundle-reconciler.ts";
import type { Reconcile, Result } from "../../src/controller/controller.ts";
import { acceptManifest, type Acceptance, type RegistrationCaller } from "../../src/effects/accept-manifest.ts";
import { createApplyBundle } from "../../src/effects/apply-bundle.ts";
import type { Caches } from "../../src/effects/caches.ts";
import { createBundleObserver } from "../../src/effects/observe-bundle.ts";
import { createSourceReader, type SourceReader } from "../../src/effects/source.ts";
import type { EventToRecord } from "../../src/effects/recorder.ts";
import {
  configMaps,
  controllerRevisions,
  instanceTypes,
  nodes,
  pods,
  taskBundles,
  type ControllerRevision,
  type Pod,
} from "../../src/effects/resources.ts";
import { aManifestTask, anInstanceType, bundleUid, namespace, podSettings, t0 } from "../builders.ts";
import { aTaskBundle } from "../bundle-builders.ts";
import { FakeClock } from "../fakes/clock.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { silentLogger } from "../fakes/telemetry.ts";
import { StoreCaches } from "../gateway/store-caches.ts";

const ref = { namespace, name: "math" };
const node = "node-1";

interface Operator {
  readonly reconcile: Reconcile;
  readonly accept: (caller: RegistrationCaller, manifest: Manifest) => Promise<Acceptance>;
}

interface BoxOptions {
  /** What the caches show besides the cluster, live runs for instance. */
  readonly caches?: Partial<Caches>;
  /** The real one takes a thread and some 80 ms. */
  readonly readSource?: SourceReader;
}

export class BundleBox {
  readonly clock = new FakeClock(t0);
  readonly cluster = new FakeCluster({ now: () => this.clock.now() });
  readonly caches: Caches;
  readonly events: EventToRecord[] = [];
  readonly #readSource: SourceReader;
  #stale: TaskBundle | undefined;
  #operator: Operator;

  constructor({ caches = {}, readSource }: BoxOptions = {}) {
    this.caches = Object.assign(new StoreCaches(this.cluster), caches);
    this.#readSource = readSource ?? createSourceReader(this.cluster);
    for (const name of ["starter", "standard"]) {
      this.cluster.seed(instanceTypes, { metadata: { name, uid: name }, spec: anInstanceType(name).spec });
    }
    this.setNode(true);
    this.#operator = this.#newOperator();
  }

  // A person.

  /** Applies the bundle, or changes the spec of the one that is there. */
  apply(spec: Partial<TaskBundleSpec> = {}): void {
    const desired = aTaskBundle({ spec });
    if (this.cluster.peek(taskBundles, ref)) this.cluster.edit(taskBundles, ref, (b) => ({ ...b, spec: desired.spec }));
    else this.cluster.seed(taskBundles, desired);
  }

  // The operator.

  /** One look. */
  look(): Promise<Result> {
    return this.#operator.reconcile("team-a/math", "a-look");
  }

  /** Looks until a look writes nothing, as the operator's own writes wake it. Answers the last one. */
  async settle(): Promise<Result> {
    for (let looks = 0; looks < 20; looks++) {
      const before = this.cluster.writes.length;
      const result = await this.look();
      if (this.cluster.writes.length === before) return result;
    }
    throw new Error("the looks do not come to rest");
  }

  async advance(seconds: number): Promise<Result> {
    await this.clock.advance(seconds * 1000);
    return this.settle();
  }

  /** The cache of bundles shows this one from now on, and nothing newer. */
  showOnly(bundle: TaskBundle | undefined): void {
    this.#stale = bundle;
  }

  /** What the operator held in memory is gone. */
  restart(): void {
    this.#operator = this.#newOperator();
  }

  // The kubelet and the runner.

  setNode(ready: boolean): void {
    const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
    this.cluster.seed(nodes, { metadata: { name: node, uid: node }, status: { conditions } });
  }

  start(pod = this.newestPod(), imageID = ""): void {
    const { apiVersion, kind, metadata } = pod;
    this.cluster.seed(pods, { apiVersion, kind, metadata, spec: { ...pod.spec, nodeName: node } });
    const running = { startedAt: this.clock.now().toISOString() };
    this.#setStatus(pod, { phase: "Running", containerStatuses: [{ name: "task", imageID, state: { running } }] });
  }

  /** The kubelet has the pod, and waits for its volumes. */
  creating(pod = this.newestPod()): void {
    const waiting = { reason: "ContainerCreating" };
    this.#setStatus(pod, { phase: "Pending", containerStatuses: [{ name: "task", state: { waiting } }] });
  }

  exit(exitCode: number, pod = this.newestPod()): void {
    const terminated = { exitCode, reason: exitCode === 0 ? "Completed" : "Error", startedAt: t0.toISOString() };
    const phase = exitCode === 0 ? "Succeeded" : "Failed";
    this.#setStatus(pod, { phase, containerStatuses: [{ name: "task", imageID: "", state: { terminated } }] });
  }

  /** Posts as the runner in that pod does, through whichever replica's gateway. */
  post(manifest: Manifest = [aManifestTask()], pod = this.newestPod()): Promise<Acceptance> {
    const { name, uid } = pod.metadata;
    return this.#operator.accept({ namespace, podName: name, podUid: uid }, manifest);
  }

  // What there is.

  get bundle(): TaskBundle | undefined {
    return this.cluster.peek(taskBundles, ref);
  }

  get status(): TaskBundleStatus {
    return this.bundle?.status ?? {};
  }

  /** Status and reason of the condition Ready. */
  get ready(): string {
    const ready = this.status.conditions?.find(({ type }) => type === "Ready");
    return `${ready?.status} ${ready?.reason}`;
  }

  get pods(): readonly Pod[] {
    return this.cluster.peekAll(pods);
  }

  /** Pods in which something may run. */
  get livePods(): readonly Pod[] {
    return this.pods.filter(({ status, metadata }) => {
      const isOver = status?.phase === "Succeeded" || status?.phase === "Failed";
      return !isOver && metadata.deletionTimestamp === undefined;
    });
  }

  newestPod(): Pod {
    const newest = this.pods.toSorted((a, b) => age(a) - age(b)).at(-1);
    if (!newest) throw new Error("there is no pod");
    return newest;
  }

  /** Numbers of the ControllerRevisions, and of the revisions whose code there is. */
  get revisions(): readonly number[] {
    return this.cluster.peekAll<ControllerRevision>(controllerRevisions).map(({ revision }) => revision);
  }

  get codes(): readonly string[] {
    return this.cluster.peekAll(configMaps).map(({ metadata }) => metadata.name);
  }

  codeOf(revision: number): string {
    return revisionName({ name: "math", uid: bundleUid }, revision);
  }

  /** Verb and resource of every write so far. */
  get writes(): readonly string[] {
    return this.cluster.writes.map(({ verb, resource }) => `${verb} ${resource}`);
  }

  #newOperator(): Operator {
    const { cluster, caches, clock } = this;
    const now = () => clock.now();
    const surroundings = {
      podSettings: () => podSettings(),
      gatewayReadySince: () => new Date(t0.getTime() - 3_600_000),
    };
    const observer = createBundleObserver({ cluster, caches, readSource: this.#readSource, surroundings, now });
    const apply = createApplyBundle({ cluster, recorder: { record: (_, event) => this.events.push(event) } });
    const barrier = new Barrier(clock);
    const newest = () => cluster.store.resourceVersion;
    const bundles = { ...caches.bundles, get: (key: string) => this.#stale ?? caches.bundles.get(key) };
    const versions = {
      bundles: cacheAt(() => this.#stale?.metadata.resourceVersion ?? newest()),
      pods: cacheAt(newest),
    };
    return {
      reconcile: createBundleReconciler({
        cluster,
        caches: { bundles },
        versions,
        barrier,
        observer,
        apply,
        clock,
        log: silentLogger,
      }),
      accept: (caller, manifest) => acceptManifest(caller, manifest, { cluster, observer, apply, now }),
    };
  }

  #setStatus({ metadata }: Pod, status: object): void {
    const conditions = [{ type: "PodScheduled", status: "True", lastTransitionTime: t0.toISOString() }];
    this.cluster.setStatus(pods, { namespace, name: metadata.name }, { conditions, ...status });
  }
}

function cacheAt(version: () => string): VersionedCache {
  return {
    get resourceVersion() {
      return version();
    },
  };
}

/** Later revisions after earlier ones, and their attempts in order. */
function age({ metadata: { labels = {} } }: Pod): number {
  return Number(labels[label.revision]) * 1000 + Number(labels[label.attempt]);
}

/** A spec with nothing in it but an image: no text has to be read for it, and no code to be kept. */
export const image = (tag: string): Partial<TaskBundleSpec> => ({
  source: { image: { reference: `registry.example/math:${tag}` } },
});

/** A bundle whose first revision is Ready. */
export async function aReadyBox(box = new BundleBox()): Promise<BundleBox> {
  box.apply(image("1"));
  await register(box);
  return box;
}

/** Everything that a good registration takes, from the spec that is there to its pod's exit. */
export async function register(box: BundleBox): Promise<void> {
  await box.settle();
  box.start();
  await box.post();
  await box.settle();
  box.exit(0);
  await box.settle();
}
