// What happens to pods when something happens to their node: the parts of a control plane that watch over nodes.
//
//   NL1. A node that is not heard of for its grace period is Unknown and tainted, and is healed by its kubelet alone.
//   NL2. A pod that does not bear a NoExecute taint is deleted once its toleration ends, and only if the taint is still there.
//   NL3. Pods of a node that no longer exists are failed and removed without their kubelet, after the quarantine.
//   NL4. Whoever deletes a pod says so in its conditions first.
import type { Api } from "./api.ts";
import type { Clock } from "./clock.ts";
import { evictPod } from "./eviction.ts";
import { createRecorder, type Recorder } from "./kubelet/events.ts";
import { tolerationSeconds } from "./kubelet/fit.ts";
import { isReady, markReady } from "./kubelet/node-object.ts";
import { doorbell, type Observed, observe } from "./kubelet/observed.ts";
import { currentPod, deletePod, markDisrupted, writeStatus } from "./kubelet/pod-write.ts";
import { isTerminal, type Node, type Pod, type Taint } from "./kubelet/pod.ts";
import type { Timing } from "./kubelet/timing.ts";
import { waited } from "./kubelet/wait.ts";

const unreachable = "node.kubernetes.io/unreachable";
const outOfService = "node.kubernetes.io/out-of-service";
const unschedulable = "node.kubernetes.io/unschedulable";

interface Countdown {
  readonly seconds: number;
  readonly stop: AbortController;
}

export class NodeLifecycle {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #timing: Timing;
  readonly #record: Recorder;
  readonly #pods: Observed<Pod>;
  readonly #nodes: Observed<Node>;
  readonly #stopped = new AbortController();
  /** Pods that are about to be evicted, by uid, and nodes that are about to be given up, by name. */
  readonly #evictions = new Map<string, Countdown>();
  readonly #silences = new Map<string, AbortController>();
  readonly #collections = new Set<string>();

  constructor(api: Api, clock: Clock, timing: Timing) {
    this.#api = api;
    this.#clock = clock;
    this.#timing = timing;
    this.#record = createRecorder(api, clock, "node-controller");
    const ring = doorbell(() => this.#look());
    this.#pods = observe(api, "pods", ring);
    this.#nodes = observe(api, "nodes", ring);
  }

  stop(): void {
    this.#stopped.abort();
    this.#pods.stop();
    this.#nodes.stop();
  }

  /** The node's kubelet has fallen silent: after the grace period the node is Unknown (NL1). */
  async silence(name: string): Promise<void> {
    this.#silences.get(name)?.abort();
    const heard = new AbortController();
    this.#silences.set(name, heard);
    const signal = AbortSignal.any([heard.signal, this.#stopped.signal]);
    if (!(await waited(this.#clock, this.#timing.nodeMonitorGraceMs, signal))) return;
    const node = markReady(this.#api, this.#clock, name, "NodeStatusUnknown");
    if (!node) return;
    this.#record(node, { type: "Normal", reason: "NodeNotReady", message: `Node ${name} status is now: NodeNotReady` });
    this.#taint(
      name,
      ["NoSchedule", "NoExecute"].map((effect) => ({ key: unreachable, effect })),
    );
  }

  /** The node's kubelet is back. */
  hear(name: string): void {
    this.#silences.get(name)?.abort();
    this.#silences.delete(name);
    this.#taint(name, []);
  }

  /** Takes no more pods on the node, and evicts those it has: `kubectl drain`. */
  drain(name: string): void {
    const node = this.#api.get<Node>("nodes", { name });
    if (!node) return;
    const taints = [...(node.spec?.taints ?? []), { key: unschedulable, effect: "NoSchedule" }];
    this.#api.update("nodes", { ...node, spec: { ...node.spec, unschedulable: true, taints } });
    for (const { metadata } of this.#podsOn(name)) evictPod(this.#api, this.#clock, metadata, { uid: metadata.uid }); // NL4
  }

  #look(): void {
    if (this.#stopped.signal.aborted) return;
    const nodes = new Map(this.#nodes.all().map((node) => [node.metadata.name, node]));
    for (const pod of this.#pods.all()) {
      const { nodeName } = pod.spec;
      if (nodeName === undefined) continue;
      const node = nodes.get(nodeName);
      if (!node) this.#collectSoon(nodeName);
      else if (isOutOfService(node) && pod.metadata.deletionTimestamp !== undefined) this.#remove(pod);
      this.#countDown(pod, node?.spec?.taints ?? []);
    }
  }

  /** Starts, keeps or calls off the eviction of a pod (NL2). */
  #countDown(pod: Pod, taints: readonly Taint[]): void {
    const { uid, deletionTimestamp } = pod.metadata;
    const executing = taints.filter(({ effect }) => effect === "NoExecute");
    const seconds = Math.min(...executing.map((taint) => tolerationSeconds(pod, taint) ?? 0)); // without any: Infinity
    const isDue = seconds < Infinity && deletionTimestamp === undefined && !isTerminal(pod);
    const running = this.#evictions.get(uid);
    if (isDue && running?.seconds === seconds) return;
    running?.stop.abort();
    this.#evictions.delete(uid);
    if (!isDue) return;
    const stop = new AbortController();
    this.#evictions.set(uid, { seconds, stop });
    void this.#evictAfter(pod, seconds, stop.signal);
  }

  async #evictAfter(pod: Pod, seconds: number, called: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([called, this.#stopped.signal]);
    if (!(await waited(this.#clock, seconds * 1000, signal)) || !currentPod(this.#api, pod)) return;
    const { namespace, name } = pod.metadata;
    const message = `Marking for deletion Pod ${namespace}/${name}`;
    this.#record(pod, { type: "Normal", reason: "TaintManagerEviction", message });
    markDisrupted(this.#api, this.#clock, pod, "DeletionByTaintManager"); // NL4
    deletePod(this.#api, pod);
  }

  /** NL3. */
  #collectSoon(nodeName: string): void {
    if (this.#collections.has(nodeName)) return;
    this.#collections.add(nodeName);
    void this.#collect(nodeName);
  }

  async #collect(nodeName: string): Promise<void> {
    const due = await waited(this.#clock, this.#timing.podGcQuarantineMs, this.#stopped.signal);
    this.#collections.delete(nodeName);
    if (!due || this.#api.get("nodes", { name: nodeName })) return;
    for (const pod of this.#podsOn(nodeName)) {
      if (!isTerminal(pod)) markDisrupted(this.#api, this.#clock, pod, "DeletionByPodGC"); // NL4
      this.#remove(pod);
    }
  }

  #remove(pod: Pod): void {
    if (!isTerminal(pod)) writeStatus(this.#api, pod, (status) => ({ ...status, phase: "Failed" }));
    deletePod(this.#api, pod, 0);
  }

  #podsOn(nodeName: string): readonly Pod[] {
    return this.#pods.all().filter(({ spec }) => spec.nodeName === nodeName);
  }

  /** Replaces the taint for an unreachable node. */
  #taint(name: string, taints: readonly Taint[]): void {
    const node = this.#api.get<Node>("nodes", { name });
    if (!node) return;
    const others = (node.spec?.taints ?? []).filter(({ key }) => key !== unreachable);
    this.#api.update("nodes", { ...node, spec: { ...node.spec, taints: [...others, ...taints] } });
  }
}

function isOutOfService(node: Node): boolean {
  return !isReady(node) && (node.spec?.taints ?? []).some(({ key }) => key === outOfService);
}
