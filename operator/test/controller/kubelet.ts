// A kubelet, with its scheduler, that does what a test has written down: the life of a pod is data, played on the fake clock.
import type { ChildStart, Report } from "@stint/crds/attempt";
import type { ObjectMeta } from "@stint/crds/kubernetes";
import { label } from "@stint/crds/labels";
import type { Progress } from "@stint/crds/taskrun";

import type { Clock } from "../../src/clock.ts";
import { pods, type Pod } from "../../src/effects/resources.ts";
import { aFailure, aSuccess } from "../builders.ts";
import { PodStates } from "../../../testing/src/memory/pod-states.ts";
import type { FakeCluster } from "../fakes/cluster.ts";

/** What happens to a pod, each step so long after the one before; the first counts from when it has a node. */
export type PodLife = readonly Step[];

export type Step = { readonly afterMs: number } & (
  | { readonly does: "start" }
  | { readonly does: "report"; readonly report: Report }
  /** The runner starts children, or prepares what is to be handed over. */
  | { readonly does: "children"; readonly starts: Starts }
  | { readonly does: "progress"; readonly progress: readonly Progress[] }
  | { readonly does: "exit"; readonly code: number }
  /** Somebody drains the node. */
  | { readonly does: "evict" }
  /** Its object is gone, in the state in which it was. */
  | { readonly does: "vanish" }
);

/** What an attempt starts, told the names that its starts will have by their numbers. */
export type Starts = (nameOf: (sequence: number) => string) => readonly ChildStart[];

const start: Step = { afterMs: 1000, does: "start" };

/** Lives that many tests share. What runs for 5 s is seen running. */
export const lives = {
  waits: [],
  lasts: [start],
  succeeds: [start, { afterMs: 5000, does: "report", report: aSuccess(16) }, { afterMs: 100, does: "exit", code: 0 }],
  succeedsAtOnce: [
    start,
    { afterMs: 200, does: "report", report: aSuccess(16) },
    { afterMs: 100, does: "exit", code: 0 },
  ],
  throws: [start, { afterMs: 5000, does: "report", report: aFailure() }, { afterMs: 100, does: "exit", code: 1 }],
  exits: [start, { afterMs: 5000, does: "exit", code: 3 }],
  isDrained: [start, { afterMs: 5000, does: "evict" }],
  fails: [
    start,
    { afterMs: 5000, does: "report", report: aFailure({ reason: "NonRetryableError" }) },
    { afterMs: 100, does: "exit", code: 1 },
  ],
  exitsAndVanishes: [start, { afterMs: 5000, does: "exit", code: 3 }, { afterMs: 0, does: "vanish" }],
} as const satisfies Record<string, PodLife>;

export interface KubeletOptions {
  /** Acts as everybody but the operator. */
  readonly hand: FakeCluster;
  readonly clock: Clock;
  /** Of a run's attempts, in order; the last one repeats. */
  readonly livesOf: (pod: ObjectMeta) => readonly PodLife[];
  /** What the runner does with its report. Resolves once it may exit. */
  readonly report: (pod: Pod, report: Report, signal: AbortSignal) => Promise<void>;
  /** Resolves once it is acknowledged. */
  readonly progress: (pod: Pod, progress: readonly Progress[], signal: AbortSignal) => Promise<void>;
  /** Resolves once all are acknowledged. */
  readonly start: (pod: Pod, starts: Starts, signal: AbortSignal) => Promise<void>;
}

/** A pod as the kubelet knows it: its life until somebody wants it gone, and then its end. */
interface Charge {
  readonly stop: AbortController;
  readonly isDying: boolean;
}

const bindMs = 10;
const terminationMs = 1000;

/** Plays the life of every pod that is created. */
export class Kubelet {
  /** Nodes that nobody hears of any more. New pods go to another. */
  readonly cutOff = new Set<string>();
  readonly #options: KubeletOptions;
  readonly #states: PodStates;
  readonly #charges = new Map<string, Charge>();

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.#states = new PodStates(options.hand, () => options.clock.now());
    options.hand.store.watch(pods, {}, "0", (event) => {
      if (event.type === "BOOKMARK") return;
      const { metadata } = event.object;
      const charge = this.#charges.get(metadata.uid);
      if (event.type === "DELETED") charge?.stop.abort();
      else if (!charge) this.#begin(metadata, false);
      else if (metadata.deletionTimestamp !== undefined && !charge.isDying) this.#begin(metadata, true);
    });
  }

  #begin(ref: Pod["metadata"], isDying: boolean): void {
    this.#charges.get(ref.uid)?.stop.abort();
    const stop = new AbortController();
    this.#charges.set(ref.uid, { stop, isDying });
    const played = isDying ? this.#terminate(ref, stop.signal) : this.#live(ref, stop.signal);
    void played.catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
  }

  async #live(ref: Pod["metadata"], signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    await clock.sleep(bindMs, signal);
    this.#states.bind(ref, this.cutOff.has("node-1") ? "node-2" : "node-1");
    for (const step of this.#lifeOf(ref)) {
      if (step.afterMs > 0) await clock.sleep(step.afterMs, signal);
      await this.#take(step, ref, signal);
    }
  }

  #lifeOf(ref: Pod["metadata"]): PodLife {
    const all = this.#options.livesOf(ref);
    return all[Math.min(Number(ref.labels?.[label.attempt]), all.length) - 1] ?? [];
  }

  async #take(step: Step, ref: Pod["metadata"], signal: AbortSignal): Promise<void> {
    switch (step.does) {
      case "start":
        return this.#states.run(ref);
      case "report":
        return this.#options.report(this.#read(ref), step.report, signal);
      case "children":
        return this.#options.start(this.#read(ref), step.starts, signal);
      case "progress":
        return this.#options.progress(this.#read(ref), step.progress, signal);
      case "exit":
        return this.#states.exit(ref, { exitCode: step.code });
      case "evict":
        this.#states.disrupt(ref, "EvictionByEvictionAPI", "drained");
        return this.#options.hand.deleteByHand(pods, ref);
      case "vanish":
        return this.#options.hand.remove(pods, ref);
    }
  }

  /** SIGTERM, which the process obeys in a second; then the object goes. */
  async #terminate(ref: Pod["metadata"], signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(terminationMs, signal);
    if (this.cutOff.has(this.#read(ref).spec.nodeName ?? "")) return;
    this.#states.exit(ref, { exitCode: 143 });
    this.#options.hand.remove(pods, ref);
  }

  #read(ref: Pod["metadata"]): Pod {
    return this.#options.hand.store.get(pods, ref) as Pod; // what is stored under pods
  }
}
