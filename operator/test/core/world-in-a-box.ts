// A cluster in a box for the laws and timelines of `decide`: it carries out decisions at once, and lets fate act on pods.
// No clock but the one it holds, no I/O; a pod body becomes the pod that the cache would show.
import { label } from "@stint/crds/labels";
import type { Report } from "@stint/crds/attempt";
import { canonicalJson } from "@stint/crds/json";
import { sha256Hex } from "@stint/crds/hash";
import type { DueHook } from "@stint/crds/taskrun";
import { rerunPatch, rerunProblem } from "@stint/crds/rerun";

import { decide as realDecide } from "../../src/core/decide.ts";
import type { Action, Decision } from "../../src/core/decision.ts";
import { isEnded } from "../../src/core/outcome.ts";
import type { ContainerState, ObservedRun, OwnedPod, Refusal, World } from "../../src/core/world.ts";
import { aNode, aTaskRun, aWorld, frozen, t0 } from "../builders.ts";

export type Decide = typeof realDecide;

export interface Box {
  run: ObservedRun;
  pods: readonly OwnedPod[];
  now: Date;
  /** Every decision so far, with its instant. */
  readonly log: { readonly at: Date; readonly decision: Decision }[];
  readonly violations: string[];
  readonly decide: Decide;
  world: World;
  refusal: Refusal | undefined;
  /** Runs that were started as hooks. */
  readonly started: DueHook[];
  /** How many attempts there were before the last rerun: they cost it nothing. */
  attemptsBefore: number;
}

export function aBox(run = aTaskRun(), world = aWorld(), decide: Decide = realDecide): Box {
  return {
    run,
    pods: [],
    now: t0,
    log: [],
    violations: [],
    decide,
    world,
    refusal: undefined,
    started: [],
    attemptsBefore: 0,
  };
}

/** Looks again and again until nothing is left to do now, as the queue would. Answers the last decision. */
export function settle(box: Box, extra: Partial<World> = {}): Decision {
  let decision = look(box, extra);
  for (let looks = 0; changesSomething(box, decision); looks++) {
    if (looks > 20) {
      box.violations.push("the looks do not come to rest");
      break;
    }
    carryOut(box, decision);
    decision = look(box, {});
  }
  box.log.push({ at: box.now, decision });
  return decision;
}

/** One look whose decision is carried out; answers it. */
function lookOnce(box: Box, extra: Partial<World> = {}): Decision {
  const decision = look(box, extra);
  carryOut(box, decision);
  return decision;
}

export function holding(box: Box): readonly OwnedPod[] {
  return box.pods.filter((pod) => !isEnded(pod) && pod.metadata.deletionTimestamp === undefined);
}

// What fate can do to the newest pod that has not ended.

export function start(box: Box): void {
  change(box, (pod) => withContainer(pod, "Running", { running: { startedAt: box.now.toISOString() } }, box.now));
}

export function end(box: Box, phase: "Succeeded" | "Failed", exitCode: number, reason = "Error"): void {
  const at = box.now.toISOString();
  change(box, (pod) => withContainer(pod, phase, { terminated: { exitCode, reason, startedAt: at, finishedAt: at } }));
}

/** The container never starts: the kubelet refuses the pod. */
export function refuseByKubelet(box: Box): void {
  change(box, (pod) => ({ ...pod, status: { phase: "Failed", reason: "OutOfcpu", message: "no room" } }));
}

export function vanish(box: Box): void {
  const pod = newest(box);
  if (pod) box.pods = box.pods.filter((other) => other !== pod);
}

export function disrupt(box: Box): void {
  change(box, (pod) => ({
    ...withContainer(pod, "Failed", { terminated: { exitCode: 143, reason: "Error" } }),
    status: {
      ...pod.status,
      phase: "Failed",
      conditions: [{ type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI" }],
      containerStatuses: [{ name: "task", state: { terminated: { exitCode: 143, reason: "Error" } } }],
    },
  }));
}

export function loseNode(box: Box): void {
  change(box, (pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: box.now.toISOString() } }));
  box.world = frozen({ ...box.world, nodes: new Map([["node-1", aNode("node-1", { ready: false })]]) });
}

export function healNode(box: Box): void {
  box.world = frozen({ ...box.world, nodes: new Map([["node-1", aNode()]]) });
  box.pods = box.pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** The kubelet carries out what was asked for: pods with a deletionTimestamp are gone. */
export function reap(box: Box): void {
  box.pods = box.pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

export function cancel(box: Box): void {
  box.run = frozen({ ...box.run, spec: { ...box.run.spec, cancel: true } });
}

export function setSuspend(box: Box, suspend: boolean): void {
  box.run = frozen({ ...box.run, spec: { ...box.run.spec, suspend } });
}

/** Somebody asks for the run to be done again; the API server grants it only to one that has ended otherwise than well. */
export function rerun(box: Box): void {
  if (rerunProblem(box.run) !== undefined) return;
  const { cancel: _, ...spec } = box.run.spec;
  box.attemptsBefore = box.run.status?.attemptCount ?? 0;
  box.run = frozen({ ...box.run, spec: { ...spec, rerun: rerunPatch(box.run, {}).rerun } });
}

/** The newest pod's runner reports. Answers the decision, which says whether the report was taken. */
export function report(box: Box, what: Report): Decision | undefined {
  const pod = newest(box);
  if (!pod) return undefined;
  const { name, uid } = pod.metadata;
  const digest = sha256Hex(canonicalJson(JSON.parse(JSON.stringify(what))));
  const decision = lookOnce(box, { report: { podName: name, podUid: uid, nodeName: "node-1", report: what, digest } });
  settle(box);
  return decision;
}

export function wait(box: Box, ms: number): void {
  box.now = new Date(box.now.getTime() + ms);
}

function look(box: Box, extra: Partial<World>): Decision {
  const world = frozen({ ...box.world, ...extra });
  const decision = box.decide(box.run, box.pods, world, box.now);
  if (decision.requeueAt && decision.requeueAt <= box.now) box.violations.push(`${decision.rule} requeues in the past`);
  return decision;
}

function changesSomething(box: Box, { status, actions }: Decision): boolean {
  const acts = actions.some(({ kind }) => kind !== "recordEvent");
  return acts || JSON.stringify(status) !== JSON.stringify(box.run.status ?? {});
}

function carryOut(box: Box, decision: Decision): void {
  const { result: _, ...status } = decision.status;
  const resourceVersion = String(Number(box.run.metadata.resourceVersion) + 1);
  box.run = frozen({ ...box.run, metadata: { ...box.run.metadata, resourceVersion }, status });
  for (const action of decision.actions) act(box, action);
}

function act(box: Box, action: Action): void {
  if (action.kind === "deletePod") {
    const uid = action.pod.uid;
    box.pods = box.pods.map((pod) =>
      pod.metadata.uid === uid
        ? { ...pod, metadata: { ...pod.metadata, deletionTimestamp: box.now.toISOString() } }
        : pod,
    );
  }
  if (action.kind === "startHooks") {
    box.started.push(...action.hooks);
    const { hooks: _, ...status } = box.run.status ?? {};
    box.run = frozen({ ...box.run, status });
  }
  if (action.kind !== "createPod") return;
  if (box.refusal) {
    const concluded = box.decide(box.run, box.pods, frozen({ ...box.world, refusal: box.refusal }), box.now);
    box.refusal = undefined;
    carryOut(box, concluded);
    return;
  }
  const { metadata } = action.pod as { metadata: { name: string; labels: Record<string, string> } };
  if (box.pods.some((pod) => pod.metadata.name === metadata.name)) return; // AlreadyExists under our uid
  const others = box.pods.filter((pod) => !isEnded(pod) && pod.metadata.deletionTimestamp === undefined);
  if (others.length > 0) box.violations.push(`${metadata.name} is created beside ${others[0]?.metadata.name}`);
  box.pods = [...box.pods, madeFrom(metadata, box)];
}

function madeFrom(metadata: { name: string; labels: Record<string, string> }, { run, now, pods }: Box): OwnedPod {
  return frozen({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: metadata.name,
      namespace: run.metadata.namespace ?? "",
      uid: `${metadata.name}-uid-${pods.length}`,
      resourceVersion: "1",
      creationTimestamp: now.toISOString(),
      labels: { [label.attempt]: metadata.labels[label.attempt] ?? "" },
    },
    spec: { nodeName: "node-1" },
    status: {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "True", lastTransitionTime: now.toISOString() }],
    },
  });
}

function newest(box: Box): OwnedPod | undefined {
  return box.pods.findLast((pod) => !isEnded(pod));
}

function change(box: Box, to: (pod: OwnedPod) => OwnedPod): void {
  const pod = newest(box);
  if (pod) box.pods = box.pods.map((other) => (other === pod ? frozen(to(pod)) : other));
}

function withContainer(pod: OwnedPod, phase: string, state: ContainerState, runningSeenAt?: Date): OwnedPod {
  return {
    ...pod,
    status: { ...pod.status, phase, containerStatuses: [{ name: "task", state }] },
    ...(runningSeenAt && { runningSeenAt }),
  };
}
