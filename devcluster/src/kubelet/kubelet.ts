// The agent of one node: it takes the pods that are bound to it and keeps their status true.
//
//   K1. What to do follows from the pods that the API holds now, never from the event that rang.
//   K2. A pod is its uid: one that was deleted and created again under its name is another pod.
//   K3. A kubelet that is cut off writes nothing and hears nothing; its processes live on until it is told to end them.
//   K4. A pod that is to go is deleted by its kubelet only after its last status, so that everybody who watches sees it.
import { join } from "node:path";

import type { LogOptions } from "../pod-logs.ts";
import { refusalOf, shuttingDown } from "./admission.ts";
import type { Runtime } from "./container-life.ts";
import { createRecorder, type Recorder } from "./events.ts";
import { type Amounts, shortages, usedBy } from "./fit.ts";
import { memoryByGroup, memoryOf } from "./memory.ts";
import { markReady, type NodeSettings, registerNode } from "./node-object.ts";
import { doorbell, type Observed, observe } from "./observed.ts";
import { PodLife } from "./pod-life.ts";
import { type Ending, podStatus } from "./pod-status.ts";
import { currentPod, deletePod, writeStatus } from "./pod-write.ts";
import { isTerminal, type Node, type Pod } from "./pod.ts";
import { criticalPriority, priorityOf } from "./priority.ts";
import { waited } from "./wait.ts";

/** A look over every process of the machine may take a twentieth of the time, not more. Between two, the first of each group do. */
const lookShare = 20;

export interface KubeletOptions extends Runtime {
  /** Folder in which this node keeps its pods. */
  readonly folder: string;
}

export class Kubelet {
  readonly name: string;
  readonly #settings: NodeSettings;
  readonly #options: KubeletOptions;
  readonly #record: Recorder;
  readonly #lives = new Map<string, PodLife>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  #pods: Observed<Pod> | undefined;
  #isCutOff = false;
  #isShuttingDown = false;

  constructor(settings: NodeSettings, options: KubeletOptions) {
    this.name = settings.name;
    this.#settings = settings;
    this.#options = options;
    this.#record = createRecorder(options.api, options.clock, "kubelet", settings.name);
  }

  start(): void {
    const { api, clock } = this.#options;
    registerNode(api, clock, this.#settings);
    this.#pods = observe(
      api,
      "pods",
      doorbell(() => this.#look()),
    );
    this.#running.add(this.#keepMemory());
  }

  /** Ends every process of this node, at once. Its folders are left to whoever has made them. */
  async stop(): Promise<void> {
    this.#isCutOff = true;
    this.#pods?.stop();
    this.#stopped.abort();
    this.#lives.forEach((life) => life.abandon());
    await Promise.all(this.#running);
  }

  /** The network is gone: the pods run on, and nobody hears of them. */
  cutOff(): void {
    this.#isCutOff = true;
  }

  /** The power is gone, and with it everything that runs. */
  powerOff(): void {
    this.#isCutOff = true;
    this.#lives.forEach((life) => life.abandon());
    this.#lives.clear();
  }

  /** The node is back, with whatever still runs on it. */
  reconnect(): void {
    const { api, clock } = this.#options;
    this.#isCutOff = false;
    this.#isShuttingDown = false;
    registerNode(api, clock, this.#settings);
    this.#lives.forEach((life) => this.#report(life));
    this.#look();
  }

  /** Ends all pods as a node does that goes down in good order, and takes no more. */
  shutDown(): void {
    const { api, clock } = this.#options;
    this.#isShuttingDown = true;
    markReady(api, clock, this.name, "KubeletNotReady");
    const message = "Pod was terminated in response to imminent node shutdown.";
    // A pod that uses the notice to exit with 0 has succeeded.
    this.#lives.forEach((life) => life.end({ isFailure: false, reason: "Terminated", message, disruption: message }));
  }

  /** Evicts the pod as a node does that runs short of memory or of disk. Does nothing if it does not run here. */
  evict(uid: string, resource: "memory" | "ephemeral-storage"): void {
    const life = this.#lives.get(uid);
    if (!life || life.isOver) return;
    const message = `The node was low on resource: ${resource}. `;
    const ending: Ending = { isFailure: true, reason: "Evicted", message, disruption: message };
    this.#record(life.pod, { type: "Warning", reason: "Evicted", message });
    if (resource === "memory") life.lose(ending); // it is killed before anybody looks at its end
    else life.end(ending, 0);
  }

  /** Output of a container; undefined if none of that name has started here. */
  logs(pod: Pod, container: string, options: LogOptions): AsyncIterable<Uint8Array> | undefined {
    const life = this.#lives.get(pod.metadata.uid);
    return life?.containers.find((one) => one.container.name === container)?.output?.read(options);
  }

  #look(): void {
    if (this.#isCutOff) return; // K3
    const mine = new Map<string, Pod>();
    for (const pod of this.#pods?.all() ?? []) {
      if (pod.spec.nodeName === this.name) mine.set(pod.metadata.uid, pod);
    }
    for (const [uid, life] of this.#lives) if (!mine.has(uid)) this.#forget(uid, life);
    for (const pod of mine.values()) this.#attend(pod);
  }

  #attend(pod: Pod): void {
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const life = this.#lives.get(pod.metadata.uid) ?? (isTerminal(pod) ? undefined : this.#take(pod));
    if (deletionTimestamp === undefined) return;
    if (!life || life.isOver) deletePod(this.#options.api, pod, 0); // K4
    else life.end({ isFailure: false }, deletionGracePeriodSeconds);
  }

  /** The pod's life here; undefined if it is refused. */
  #take(pod: Pod): PodLife | undefined {
    const { api, folder } = this.#options;
    const refusal = this.#isShuttingDown ? shuttingDown : this.#refusalOf(pod);
    if (refusal) {
      this.#record(pod, { type: "Warning", ...refusal });
      writeStatus(api, pod, (status) => ({ ...status, phase: "Failed", ...refusal }));
      return undefined;
    }
    const life = new PodLife(pod, {
      ...this.#options,
      record: this.#record,
      pods: join(folder, this.name),
      report: (life) => this.#report(life),
    });
    this.#lives.set(pod.metadata.uid, life);
    // A node that was switched off finds pods that it had started, and nothing of them.
    if (pod.status?.startTime === undefined)
      this.#keep(life.run().catch((error: unknown) => this.#giveUp(life, error)));
    else life.lose({ isFailure: true });
    return life;
  }

  /** One pod's trouble, a full disk or a path that cannot be, is told in its status and stops no other. */
  #giveUp(life: PodLife, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#record(life.pod, { type: "Warning", reason: "FailedSync", message });
    life.lose({ isFailure: true, reason: "UnexpectedError", message });
  }

  #keep(life: Promise<void>): void {
    const kept = life.finally(() => this.#running.delete(kept));
    this.#running.add(kept);
  }

  #refusalOf(pod: Pod) {
    const node = this.#options.api.get<Node>("nodes", { name: this.name });
    if (!node) return undefined; // a deleted node's kubelet goes on until it is stopped
    try {
      this.#makeRoom(pod, node);
      return refusalOf(pod, node, this.#used());
    } catch (error) {
      // The API keeps what it is given. A pod whose quantities nobody can read must not stop the others.
      return { reason: "UnexpectedAdmissionError", message: `Pod was rejected: ${String(error)}` };
    }
  }

  /** A critical pod drives out those of lower priority, the lowest first. */
  #makeRoom(pod: Pod, node: Node): void {
    const priority = priorityOf(pod);
    if (priority < criticalPriority) return;
    const victims = [...this.#lives.values()]
      .filter((life) => !life.isEnding && priorityOf(life.pod) < priority)
      .sort((a, b) => priorityOf(a.pod) - priorityOf(b.pod));
    for (const victim of victims) {
      if (shortages(pod, node, this.#used()).length === 0) return;
      const message = "Preempted in order to admit critical pod";
      this.#record(victim.pod, { type: "Warning", reason: "Preempting", message });
      const disruption = "Pod was preempted by Kubelet to accommodate a critical pod.";
      victim.end({ isFailure: true, reason: "Preempting", message, disruption }, 0);
    }
  }

  /** What the pods request that are here to stay. */
  #used(): Amounts {
    return usedBy([...this.#lives.values()].filter((life) => !life.isEnding).map(({ pod }) => pod));
  }

  #report(life: PodLife): void {
    if (this.#isCutOff) return; // K3
    const { api, clock } = this.#options;
    const pod = writeStatus(api, life.pod, (status) => podStatus(status, life.view, clock.now()));
    if (life.isOver && pod?.metadata.deletionTimestamp !== undefined) deletePod(api, pod, 0); // K4
  }

  #forget(uid: string, life: PodLife): void {
    if (currentPod(this.#options.api, life.pod)) return; // created again while the list was read
    life.abandon();
    this.#lives.delete(uid);
    this.#keep(life.gone.then(() => life.folder.remove()));
  }

  async #keepMemory(): Promise<void> {
    const { clock, timing } = this.#options;
    let fullLookAtMs = 0;
    while (await waited(clock, timing.memoryLookMs, this.#stopped.signal)) {
      const limited = [...this.#lives.values()].flatMap(({ containers }) => containers.filter(({ memory }) => memory));
      if (limited.length === 0) continue;
      const beganMs = clock.now().getTime();
      const isFull = beganMs >= fullLookAtMs;
      const sizes = isFull ? memoryByGroup() : memoryOf(limited.map(({ memory }) => memory?.group ?? 0));
      if (isFull) fullLookAtMs = beganMs + (lookShare + 1) * (clock.now().getTime() - beganMs);
      for (const container of limited) {
        const { group = 0, limitBytes = 0 } = container.memory ?? {};
        if ((sizes.get(group) ?? 0) > limitBytes) container.killForMemory();
      }
    }
  }
}
