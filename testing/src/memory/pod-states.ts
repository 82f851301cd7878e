// What a scheduler, a kubelet, and whoever else ends a pod write into its object.
import { podContract } from "@stint/crds/attempt";
import type { ContainerState, PodCondition, PodStatus } from "@stint/operator/core/world";
import type { ObjectRef } from "@stint/operator/effects/cluster";
import { pods, type Pod } from "@stint/operator/effects/resources";

import type { MemoryCluster } from "./cluster.ts";

/** How the container's process ended. */
export interface Exit {
  readonly exitCode: number;
  /** `Completed` or `Error`, by the code, if absent. */
  readonly reason?: string;
  /** The termination message. */
  readonly message?: string;
}

type Said = Pick<PodStatus, "reason" | "message">;

export class PodStates {
  readonly #hand: MemoryCluster;
  readonly #now: () => Date;

  constructor(hand: MemoryCluster, now: () => Date) {
    this.#hand = hand;
    this.#now = now;
  }

  read(ref: ObjectRef): Pod | undefined {
    return this.#hand.peek(pods, ref);
  }

  /** The pod has a node, whose kubelet makes the container. */
  bind(ref: ObjectRef, nodeName: string): void {
    this.#hand.edit(pods, ref, (pod) => ({ ...pod, spec: { ...pod.spec, nodeName } }));
    const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: this.#stamp() };
    this.#tell(ref, { phase: "Pending", conditions: [scheduled] }, { waiting: { reason: "ContainerCreating" } });
  }

  /** The container cannot be started, and the kubelet says why. */
  wait(ref: ObjectRef, reason: string, message: string): void {
    this.#tell(ref, { phase: "Pending" }, { waiting: { reason, message } });
  }

  run(ref: ObjectRef): void {
    this.#tell(ref, { phase: "Running" }, { running: { startedAt: this.#stamp() } });
  }

  /** The container's process is over, and with it the pod; `said` is the kubelet's word about the pod. */
  exit(ref: ObjectRef, { exitCode, reason, message }: Exit, said: Said = {}): void {
    const startedAt = this.#stateOf(ref)?.running?.startedAt;
    const terminated = {
      exitCode,
      reason: reason ?? (exitCode === 0 ? "Completed" : "Error"),
      finishedAt: this.#stamp(),
      ...(startedAt !== undefined && { startedAt }),
      ...(message !== undefined && { message }),
    };
    this.#tell(ref, { phase: exitCode === 0 ? "Succeeded" : "Failed", ...said }, { terminated });
  }

  /** The pod is over, and no container of it ever ran. */
  refuse(ref: ObjectRef, said: Required<Said>): void {
    this.#tell(ref, { phase: "Failed", ...said }, undefined);
  }

  /** Somebody ends the pod, and says so before doing it. */
  disrupt(ref: ObjectRef, reason: string, message: string): void {
    const { conditions = [], phase = "Running" } = this.read(ref)?.status ?? {};
    const target: PodCondition = { type: "DisruptionTarget", status: "True", reason, message };
    this.#tell(ref, { phase, conditions: [...conditions, target] }, this.#stateOf(ref));
  }

  #stateOf(ref: ObjectRef): ContainerState | undefined {
    return this.read(ref)?.status?.containerStatuses?.[0]?.state;
  }

  #tell(ref: ObjectRef, { conditions, ...said }: PodStatus, state: ContainerState | undefined): void {
    const kept = conditions ?? this.read(ref)?.status?.conditions;
    const containerStatuses = state && [{ name: podContract.container, state }];
    this.#hand.setStatus(pods, ref, {
      ...said,
      ...(kept && { conditions: kept }),
      ...(containerStatuses && { containerStatuses }),
    });
  }

  /** Kubernetes stamps whole seconds. */
  #stamp(): string {
    return this.#now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
  }
}
