// Which node a pod is bound to.
//
//   SC1. Every look goes over all waiting pods, the most important first; what could not be placed is simply tried again.
//   SC2. A pod drives others out only where that makes room, and only those of lower priority, the fewest it can.
//   SC3. Whoever has been nominated waits for its victims to go, and drives nobody else out meanwhile.
import type { Api } from "./api.ts";
import type { Clock } from "./clock.ts";
import { createRecorder, type Recorder } from "./kubelet/events.ts";
import { doorbell, type Observed, observe } from "./kubelet/observed.ts";
import { awaitsVictims, Placement, preemptionFor, roomiest, unschedulable } from "./kubelet/placement.ts";
import { withConditions } from "./kubelet/pod-status.ts";
import { currentPod, deletePod, markDisrupted, writeStatus } from "./kubelet/pod-write.ts";
import { isTerminal, type Node, type Pod, type PodCondition } from "./kubelet/pod.ts";
import { priorityOf } from "./kubelet/priority.ts";

export class Scheduler {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #record: Recorder;
  readonly #pods: Observed<Pod>;
  readonly #nodes: Observed<Node>;
  #isStopped = false;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#record = createRecorder(api, clock, "default-scheduler");
    const ring = doorbell(() => this.#look());
    this.#pods = observe(api, "pods", ring);
    this.#nodes = observe(api, "nodes", ring);
  }

  stop(): void {
    this.#isStopped = true;
    this.#pods.stop();
    this.#nodes.stop();
  }

  #look(): void {
    if (this.#isStopped) return;
    const pods = this.#pods.all();
    const waiting = pods.filter(isWaiting).sort((a, b) => priorityOf(b) - priorityOf(a)); // SC1: stable, so oldest first
    if (waiting.length === 0) return;
    const placement = new Placement(pods);
    for (const pod of waiting) this.#schedule(pod, placement);
  }

  #schedule(pod: Pod, placement: Placement): void {
    const gates = pod.spec.schedulingGates ?? [];
    if (gates.length > 0)
      return this.#hold(pod, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates");
    try {
      const node = roomiest(this.#nodes.all(), pod, placement);
      if (node) return this.#bind(pod, node, placement);
      this.#preempt(pod, placement);
      this.#hold(pod, "Unschedulable", unschedulable(this.#nodes.all(), pod, placement));
    } catch (error) {
      // The API keeps what it is given. A pod whose quantities nobody can read must not stop the others.
      if (!(error instanceof RangeError)) throw error;
      this.#hold(pod, "SchedulerError", error.message);
    }
  }

  #bind(pod: Pod, { metadata: { name } }: Node, placement: Placement): void {
    const current = currentPod(this.#api, pod);
    if (!current) return;
    const bound = this.#api.update<Pod>("pods", { ...current, spec: { ...current.spec, nodeName: name } });
    placement.add(name, bound);
    this.#say(bound, { type: "PodScheduled", status: "True" });
    const message = `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${name}`;
    this.#record(bound, { type: "Normal", reason: "Scheduled", message });
  }

  /** Tells once why the pod waits; the event is not repeated while the reason is the same. */
  #hold(pod: Pod, reason: string, message: string): void {
    const before = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
    if (before?.reason === reason && before.message === message) return;
    this.#say(pod, { type: "PodScheduled", status: "False", reason, message });
    if (reason === "SchedulingGated") return;
    this.#record(pod, { type: "Warning", reason: "FailedScheduling", message });
  }

  #say(pod: Pod, condition: Pick<PodCondition, "type" | "status" | "reason" | "message">): void {
    writeStatus(this.#api, pod, (status) => ({
      ...status,
      conditions: withConditions(status.conditions ?? [], [condition], this.#clock.now()),
    }));
  }

  #preempt(pod: Pod, placement: Placement): void {
    if (pod.spec.preemptionPolicy === "Never" || awaitsVictims(pod, this.#nodes.all(), placement)) return;
    const preemption = preemptionFor(pod, this.#nodes.all(), placement);
    if (!preemption) return;
    const { node, victims } = preemption;
    writeStatus(this.#api, pod, (status) => ({ ...status, nominatedNodeName: node.metadata.name }));
    for (const victim of victims) {
      markDisrupted(this.#api, this.#clock, victim, "PreemptionByScheduler");
      const message = `Preempted by pod ${pod.metadata.uid} on node ${node.metadata.name}`;
      this.#record(victim, { type: "Normal", reason: "Preempted", message });
      deletePod(this.#api, victim);
    }
  }
}

function isWaiting(pod: Pod): boolean {
  const { schedulerName = "default-scheduler", nodeName } = pod.spec;
  const isOurs = schedulerName === "default-scheduler";
  return isOurs && nodeName === undefined && !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}
