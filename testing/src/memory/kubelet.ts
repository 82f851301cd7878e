// One kubelet for all nodes, with the scheduler in front of it. Binding, pulling and starting take no time; what runs in a
// container is a program in this process.
//
//   K1. A program that is killed is not heard any more, whatever it still does: nothing can stop a function from outside.
//   K2. SIGTERM comes first, and the kill when the pod's grace period is over, as in a cluster.
//   K3. An end that somebody has planned for a pod comes when its container has started, before the program is entered.
import { AsyncLocalStorage } from "node:async_hooks";

import type { Clock } from "@stint/operator/clock";
import { isEnded } from "@stint/operator/core/outcome";
import { toOwnedPod } from "@stint/operator/effects/reading";
import { nodes, pods, type Pod } from "@stint/operator/effects/resources";

import type { MemoryCluster } from "./cluster.ts";
import { endings, type DoomedPod, type Fault } from "./faults.ts";
import { PodStates, type Exit } from "./pod-states.ts";

/** The process of a container, as its program knows it. */
export interface PodProcess {
  readonly pod: Pod;
  /** In milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Aborts at SIGTERM. */
  readonly terminated: AbortSignal;
  /** Aborts when the process is gone (K1). */
  readonly killed: AbortSignal;
  /** From now on nobody is to hear how it ends, though it may still ask why it is to end. */
  readonly isMuted: () => boolean;
}

export type Program = (process: PodProcess) => Promise<Exit>;

export interface KubeletOptions {
  /** Acts as everybody but the operator. */
  readonly hand: MemoryCluster;
  readonly clock: Clock;
  readonly program: Program;
  /** The end that is planned for a pod which is about to start, if one is. */
  readonly planned: (pod: Pod) => Fault | undefined;
}

/** A pod as the kubelet knows it. */
interface Charge {
  readonly ref: Pod["metadata"];
  readonly terminated: AbortController;
  readonly killed: AbortController;
  isDying: boolean;
  isMuted: boolean;
}

const nodeName = "node-1";
/** How long a lost node stays away: longer than it takes to give its pod up. */
const nodeAwayMs = 1000;
const interrupted: Exit = { exitCode: 128 + 15 };
/** What the kernel leaves of a process that did not obey. */
const killedExit: Exit = { exitCode: 128 + 9 };

export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #states: PodStates;
  readonly #charges = new Map<string, Charge>();
  /** What runs in a pod belongs to nobody who happened to cause it. */
  readonly #outside = AsyncLocalStorage.snapshot();

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.#states = new PodStates(options.hand, () => options.clock.now());
    this.#setNode("True");
    options.hand.store.watch(pods, {}, "0", (event) => {
      if (event.type === "BOOKMARK") return;
      const { metadata } = event.object;
      const charge = this.#charges.get(metadata.uid);
      if (event.type === "DELETED") this.#forget(metadata.uid);
      else if (!charge) this.#outside(() => void this.#live(metadata));
      else if (metadata.deletionTimestamp !== undefined && !charge.isDying) void this.#terminate(charge);
    });
  }

  /** Ends a pod in which a program runs, as a fault does. Resolves once everything is written. */
  async end(uid: string, fault: Fault, settle: () => Promise<void>): Promise<void> {
    const charge = this.#charges.get(uid);
    if (!charge || charge.isDying) return;
    charge.isDying = true;
    charge.isMuted = true;
    await endings[fault].end(this.#doomed(charge, settle));
  }

  /** Ends every program as a node does that shuts down, without a word about it. */
  async stop(settle: () => Promise<void>): Promise<void> {
    const charges = [...this.#charges.values()];
    for (const charge of charges) {
      charge.isDying = true;
      charge.isMuted = true;
      charge.terminated.abort();
    }
    await settle();
    for (const { killed } of charges) killed.abort();
  }

  async #live(ref: Pod["metadata"]): Promise<void> {
    const { planned, program, clock } = this.#options;
    const charge: Charge = {
      ref,
      terminated: new AbortController(),
      killed: new AbortController(),
      isDying: false,
      isMuted: false,
    };
    this.#charges.set(ref.uid, charge);
    await Promise.resolve(); // whoever created the pod has its answer first
    if (!this.#isAlive(charge)) return;
    this.#states.bind(ref, nodeName);
    const pod = this.#states.read(ref);
    if (!pod) return;
    const fault = planned(pod);
    if (!fault || endings[fault].when === "running") this.#states.run(ref);
    if (fault) return this.#endPlanned(charge, fault); // K3
    const exit = await program({
      pod,
      startedAtMs: clock.now().getTime(),
      terminated: charge.terminated.signal,
      killed: charge.killed.signal,
      isMuted: () => charge.isMuted,
    });
    // Of a process that somebody is ending he says how it ended.
    const isOurs = !charge.isMuted && !charge.killed.signal.aborted && this.#isAlive(charge);
    charge.killed.abort(); // what the program has left behind goes with its process
    if (isOurs) this.#states.exit(ref, exit);
  }

  async #endPlanned(charge: Charge, fault: Fault): Promise<void> {
    charge.isDying = endings[fault].when === "running"; // one that waits is ended by whoever gives up on it
    await endings[fault].end(this.#doomed(charge, async () => undefined));
  }

  async #terminate(charge: Charge): Promise<void> {
    charge.isDying = true;
    const { ref, terminated, killed } = charge;
    terminated.abort();
    const graceSeconds = this.#states.read(ref)?.metadata.deletionGracePeriodSeconds ?? 0;
    await this.#untilEnded(charge, graceSeconds * 1000);
    killed.abort();
    if (this.#isRunning(charge)) this.#states.exit(ref, killedExit);
    this.#remove(charge);
  }

  /** Resolves when the pod has ended, or after the grace period (K2). */
  async #untilEnded(charge: Charge, graceMs: number): Promise<void> {
    const over = new AbortController();
    const stop = this.#options.hand.store.watch(pods, {}, this.#options.hand.store.resourceVersion, () => {
      if (!this.#isAlive(charge)) over.abort();
    });
    if (!this.#isRunning(charge)) over.abort();
    await this.#options.clock.sleep(graceMs, over.signal).catch(() => undefined); // ended
    stop();
  }

  #doomed(charge: Charge, settle: () => Promise<void>): DoomedPod {
    const { ref, terminated, killed } = charge;
    const states = this.#states;
    return {
      refuse: (reason, message) => states.refuse(ref, { reason, message }),
      wait: (reason, message) => states.wait(ref, reason, message),
      disrupt: (reason, message) => states.disrupt(ref, reason, message),
      markDeleted: () => this.#options.hand.deleteByHand(pods, ref),
      exit: (exit, said) => {
        killed.abort();
        states.exit(ref, exit, said);
      },
      leave: async (said) => {
        terminated.abort();
        await settle();
        killed.abort();
        states.exit(ref, interrupted, said);
      },
      remove: () => this.#remove(charge),
      loseNode: () => this.#loseNode(charge),
    };
  }

  /** The node is silent until its pod is given up; other pods on it are not touched. */
  #loseNode(charge: Charge): void {
    charge.killed.abort();
    this.#setNode("Unknown");
    this.#options.hand.deleteByHand(pods, charge.ref);
    void this.#comeBack(charge);
  }

  async #comeBack(charge: Charge): Promise<void> {
    await this.#options.clock.sleep(nodeAwayMs, new AbortController().signal);
    this.#remove(charge);
    this.#setNode("True");
  }

  #setNode(status: string): void {
    this.#options.hand.seed(nodes, {
      metadata: { name: nodeName, uid: nodeName },
      status: { conditions: [{ type: "Ready", status }] },
    });
  }

  #remove({ ref }: Charge): void {
    if (this.#states.read(ref)?.metadata.uid === ref.uid) this.#options.hand.remove(pods, ref);
  }

  #forget(uid: string): void {
    this.#charges.get(uid)?.killed.abort();
    this.#charges.delete(uid);
  }

  #isAlive({ ref }: Charge): boolean {
    const pod = this.#states.read(ref);
    return pod?.metadata.uid === ref.uid && !isEnded(toOwnedPod(pod));
  }

  #isRunning(charge: Charge): boolean {
    return this.#isAlive(charge) && this.#states.read(charge.ref)?.status?.phase === "Running";
  }
}
