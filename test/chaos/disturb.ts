// Carries out the disturbances of a plan. What is to happen to a pod waits for one in the wished state, but not for long; what
// finds nobody to happen to does not happen.
import { readFileSync } from "node:fs";

import type { Devcluster } from "@stint/devcluster";

import type { Chronicle, Ledger } from "./chronicle.ts";
import type { FaultSwitch, Tally } from "./fault-switch.ts";
import type { DisturbanceKind } from "./faults.ts";
import type { Forwarder } from "./forwarder.ts";
import { isEnded, type Pod } from "./history.ts";
import type { Operators } from "./operators.ts";
import type { Disturbance, PodState } from "./plan.ts";
import type { FastTime } from "./time.ts";

export interface Scene {
  readonly cluster: Devcluster;
  readonly chronicle: Chronicle;
  readonly ledger: Ledger;
  readonly operators: Operators;
  readonly gateway: Forwarder;
  readonly faults: FaultSwitch;
  readonly time: FastTime;
  readonly tally: Tally;
  readonly nodes: readonly string[];
  /** Aborted when the chaos is over. */
  readonly over: AbortSignal;
}

/** Undoes what lasts; absent for what does not. False: there was nobody to do it to. */
type Done = (() => void) | true | false;

const patienceMs = 3_000;
const lookMs = 50;

/** Resolves when the disturbance is over. */
export async function disturb(disturbance: Disturbance, scene: Scene): Promise<void> {
  const { kind, atMs, forMs } = disturbance;
  if (!(await passed(atMs, scene))) return;
  const done = await deeds[kind](disturbance, scene);
  if (done === false) return;
  scene.tally.add(kind);
  if (done === true) return;
  await passed(forMs, scene);
  done();
}

const deeds: Readonly<Record<DisturbanceKind, (disturbance: Disturbance, scene: Scene) => Done | Promise<Done>>> = {
  compaction(_, { cluster }) {
    cluster.compact();
    return true;
  },
  podDeleted: (disturbance, scene) =>
    withPod(disturbance, scene, ({ metadata: { namespace = "", name, uid } }) => {
      scene.cluster.api.delete("pods", { namespace, name }, { uid });
      return true;
    }),
  podKilled: (disturbance, scene) => withPod(disturbance, scene, (pod) => killProcessOf(pod, scene)),
  podEvicted: (disturbance, scene) =>
    withPod(disturbance, scene, ({ metadata: { namespace = "", name } }) => {
      scene.cluster.nodes?.evictForPressure(
        { namespace, name },
        disturbance.pick < 0.5 ? "memory" : "ephemeral-storage",
      );
      return true;
    }),
  nodePartitioned: (disturbance, scene) => loseNode("partition", disturbance, scene),
  nodePoweredOff: (disturbance, scene) => loseNode("powerOff", disturbance, scene),
  nodeShutDown(disturbance, scene) {
    const name = pickedOf(scene.nodes, disturbance);
    scene.cluster.nodes?.shutDown(name);
    return () => heal(name, scene);
  },
  nodeDrained(disturbance, scene) {
    const name = pickedOf(scene.nodes, disturbance);
    scene.cluster.nodes?.drain(name);
    return () => heal(name, scene);
  },
  operatorKilled: ({ pick }, { operators }) => operators.kill(pick),
  operatorFrozen: ({ pick }, { operators }) => operators.freeze(pick) ?? false,
  gatewayCut(_, { gateway }) {
    gateway.cut();
    return () => gateway.mend();
  },
  apiServerAway(_, { faults }) {
    faults.away(true);
    return () => faults.away(false);
  },
};

function loseNode(how: "partition" | "powerOff", disturbance: Disturbance, scene: Scene): Done {
  const name = pickedOf(scene.nodes, disturbance);
  scene.cluster.nodes?.loseNode(name, how);
  return () => heal(name, scene);
}

/** The node is back, and takes pods again. */
function heal(name: string, { cluster: { nodes, api } }: Scene): void {
  nodes?.healNode(name);
  const node = api.get("nodes", { name });
  if (!node) return;
  const { taints: _, unschedulable: __, ...spec } = node["spec"] as { taints?: object; unschedulable?: boolean };
  api.update("nodes", { ...node, spec });
}

async function withPod(disturbance: Disturbance, scene: Scene, deed: (pod: Pod) => Done): Promise<Done> {
  for (let waitedMs = 0; waitedMs <= patienceMs; waitedMs += lookMs) {
    const pods = [...scene.chronicle.pods.values()].filter((pod) => isIn(disturbance.podState, pod));
    const pod = pods[Math.floor(disturbance.pick * pods.length)];
    if (pod && deed(pod) !== false) return true;
    if (!(await passed(lookMs, scene))) return false;
  }
  return false;
}

function isIn(state: PodState, pod: Pod): boolean {
  const isRunning = pod.status?.containerStatuses?.[0]?.state?.running !== undefined;
  if (isEnded(pod)) return state === "ended";
  if (pod.metadata.deletionTimestamp !== undefined) return state === "ending";
  if (pod.spec.nodeName === undefined) return state === "waiting";
  return state === (isRunning ? "running" : "starting");
}

/** Kills the process group of a pod's container, if it lives and is really one of ours. */
function killProcessOf({ metadata }: Pod, { ledger }: Scene): boolean {
  const pid = ledger.entries().findLast(({ podName }) => podName === metadata.name)?.pid;
  if (pid === undefined) return false;
  try {
    if (!readFileSync(`/proc/${pid}/environ`, "utf8").includes(ledger.folder)) return false;
    process.kill(-pid, "SIGKILL");
    return true;
  } catch {
    return false; // it has ended
  }
}

function pickedOf(names: readonly string[], { pick }: Disturbance): string {
  return names[Math.floor(pick * names.length)] ?? "";
}

/** False if the chaos is over first. */
export async function passed(ms: number, { time, over }: Pick<Scene, "time" | "over">): Promise<boolean> {
  await time.sleep(ms, over).catch(() => undefined); // over: seen below
  return !over.aborted;
}

/** Nothing befalls anybody any more. */
export function healAll(scene: Scene): void {
  scene.faults.turn(false);
  scene.faults.away(false);
  scene.gateway.mend();
  for (const name of scene.nodes) heal(name, scene);
}
