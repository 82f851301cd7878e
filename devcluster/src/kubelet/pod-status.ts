// From what a kubelet knows of a pod to the status that it writes.
//
//   P1. A condition keeps its lastTransitionTime until its status changes, and what others have written stays.
//   P2. The phase is terminal only once nothing runs any more.
//   P3. Whatever ends a pod from outside says so in reason, message and DisruptionTarget; the phase then follows from it.
import { toTime } from "../clock.ts";
import { localAddress } from "./downward.ts";
import type { Container, ContainerState, ContainerStatus, PodCondition, PodPhase, PodStatus } from "./pod.ts";

/** One container as its kubelet sees it. */
export interface ContainerView {
  readonly container: Container;
  readonly state: ContainerState;
  /** Of the process that runs or ran; absent before there was one. */
  readonly containerID?: string;
}

/** Why a pod ends before its containers do by themselves. */
export interface Ending {
  /** Whether the pod failed even if all of its containers exit with 0. */
  readonly isFailure: boolean;
  readonly reason?: string;
  readonly message?: string;
  /** Message of the condition DisruptionTarget, whose reason is TerminationByKubelet; absent: no disruption. */
  readonly disruption?: string;
}

/** A pod on its node. */
export interface PodView {
  /** Absent for a pod that was never taken. */
  readonly startedAt?: Date;
  readonly sandboxReady: boolean;
  readonly containers: readonly ContainerView[];
  readonly ending?: Ending;
  /** Whether no container runs or will ever run. */
  readonly isOver: boolean;
}

/** The status to write over `before`, of which it keeps what the kubelet does not own. */
export function podStatus(before: PodStatus, view: PodView, now: Date): PodStatus {
  const { startedAt, ending, isOver } = view;
  const started = startedAt && { startTime: toTime(startedAt), hostIP: localAddress, hostIPs: [{ ip: localAddress }] };
  return {
    ...before,
    phase: phaseOf(view),
    ...started,
    ...(view.sandboxReady && { podIP: localAddress, podIPs: [{ ip: localAddress }] }),
    ...(isOver && ending?.reason && { reason: ending.reason }),
    ...(isOver && ending?.message && { message: ending.message }),
    conditions: withConditions(before.conditions ?? [], conditionsOf(view), now),
    ...(view.containers.length > 0 && { containerStatuses: view.containers.map(containerStatus) }),
  };
}

function phaseOf({ containers, ending, isOver }: PodView): PodPhase {
  if (!isOver) return containers.some(({ state }) => !state.waiting) ? "Running" : "Pending"; // P2
  const succeeded = containers.length > 0 && containers.every(({ state }) => state.terminated?.exitCode === 0);
  return succeeded && !ending?.isFailure ? "Succeeded" : "Failed";
}

type Said = Omit<PodCondition, "lastTransitionTime" | "lastProbeTime">;

function conditionsOf({ startedAt, containers, ending, isOver, sandboxReady }: PodView): readonly Said[] {
  const target: Said[] = ending?.disruption
    ? [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message: ending.disruption }]
    : [];
  if (!startedAt) return target; // a pod that was refused has no other condition
  const unready = unreadiness(containers, isOver);
  return [
    ...target,
    { type: "PodReadyToStartContainers", status: sandboxReady && !isOver ? "True" : "False" },
    { type: "Initialized", status: "True", ...(isCompleted(containers) && { reason: "PodCompleted" }) },
    { type: "Ready", status: unready ? "False" : "True", ...unready },
    { type: "ContainersReady", status: unready ? "False" : "True", ...unready },
  ];
}

function unreadiness(
  containers: readonly ContainerView[],
  isOver: boolean,
): Pick<Said, "reason" | "message"> | undefined {
  if (isCompleted(containers)) return { reason: "PodCompleted" };
  if (isOver) return { reason: "PodFailed" };
  const unready = containers.filter(({ state }) => !state.running).map(({ container }) => container.name);
  if (unready.length === 0) return undefined;
  return { reason: "ContainersNotReady", message: `containers with unready status: [${unready.join(" ")}]` };
}

function isCompleted(containers: readonly ContainerView[]): boolean {
  return containers.length > 0 && containers.every(({ state }) => state.terminated?.exitCode === 0);
}

/** The conditions with others said of them: each keeps its instant while its status does (P1). */
export function withConditions(before: readonly PodCondition[], said: readonly Said[], now: Date): PodCondition[] {
  const others = before.filter(({ type }) => !said.some((condition) => condition.type === type));
  const fresh = said.map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : toTime(now);
    return { lastProbeTime: null, lastTransitionTime: lastTransitionTime ?? toTime(now), ...condition };
  });
  return [...others, ...fresh];
}

function containerStatus({ container: { name, image }, state, containerID }: ContainerView): ContainerStatus {
  const isRunning = state.running !== undefined;
  return {
    name,
    image,
    imageID: containerID ? `local/${image}` : "",
    ready: isRunning,
    started: isRunning,
    restartCount: 0,
    state: state.terminated && containerID ? { terminated: { ...state.terminated, containerID } } : state,
    lastState: {},
    ...(containerID && { containerID }),
  };
}
