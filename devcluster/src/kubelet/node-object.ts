// The Node object by which a kubelet shows its machine.
import { arch } from "node:os";

import type { Api } from "../api.ts";
import { type Clock, toTime } from "../clock.ts";
import { localAddress } from "./downward.ts";
import { withConditions } from "./pod-status.ts";
import type { Node, PodCondition, ResourceMap, Taint } from "./pod.ts";

/** A node to be simulated on this machine. */
export interface NodeSettings {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** Over the default, which is 64 cores, 256Gi of memory, 4Ti of storage and 256 pods: `{"nvidia.com/gpu": 2}`. */
  readonly capacity?: ResourceMap;
}

const defaultCapacity: ResourceMap = { cpu: "64", memory: "256Gi", "ephemeral-storage": "4Ti", pods: "256" };
const architectures: Readonly<Record<string, string>> = { x64: "amd64" };

/** Creates the Node, or takes up the one that is there, and says that it is ready. */
export function registerNode(api: Api, clock: Clock, settings: NodeSettings): Node {
  const { name, labels = {}, taints, capacity: wished } = settings;
  const capacity = { ...defaultCapacity, ...wished };
  const architecture = architectures[arch()] ?? arch();
  const system = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture };
  const node =
    api.get<Node>("nodes", { name }) ??
    api.create<Node>("nodes", {
      metadata: { name, labels: { ...system, ...labels } },
      spec: { ...(taints && { taints }) },
    });
  const status = {
    capacity,
    allocatable: capacity,
    addresses: [
      { type: "InternalIP", address: localAddress },
      { type: "Hostname", address: name },
    ],
    nodeInfo: {
      architecture,
      operatingSystem: "linux",
      kubeletVersion: "v1.34.0",
      containerRuntimeVersion: "local://1",
    },
  };
  api.updateStatus("nodes", { ...node, status: { ...node.status, ...status } });
  return markReady(api, clock, name, "KubeletReady") ?? node;
}

type Readiness = Pick<PodCondition, "status" | "message">;

const readiness = {
  KubeletReady: { status: "True", message: "kubelet is posting ready status" },
  KubeletNotReady: { status: "False", message: "node is shutting down" },
  NodeStatusUnknown: { status: "Unknown", message: "Kubelet stopped posting node status." },
} as const satisfies Readonly<Record<string, Readiness>>;

/** Writes the node's condition Ready, unless the node is gone. */
export function markReady(api: Api, clock: Clock, name: string, reason: keyof typeof readiness): Node | undefined {
  const node = api.get<Node>("nodes", { name });
  if (!node) return undefined;
  const conditions = withConditions(
    node.status?.conditions ?? [],
    [{ type: "Ready", reason, ...readiness[reason] }],
    clock.now(),
  );
  const beat = conditions.map((condition) =>
    reason === "NodeStatusUnknown" ? condition : { ...condition, lastHeartbeatTime: toTime(clock.now()) },
  );
  return api.updateStatus<Node>("nodes", { ...node, status: { ...node.status, conditions: beat } });
}

/** Whether the node's kubelet has said lately that it is ready. */
export function isReady({ status }: Node): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}
