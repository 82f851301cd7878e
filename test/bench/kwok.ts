// Nodes that do not exist. kwok, a process of this machine, plays their kubelets: a pod that is bound to one of them runs at once,
// and ends well after a time that all pods share. Into the pods of attempts it writes the termination message in which a runner
// reports its success when it finds no gateway (S53), so the operator reads a result, and nobody runs a runner.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { component, label } from "@stint/crds/labels";
import { encodeTermination } from "@stint/crds/termination";

import type { Api, ApiList, ApiObject } from "./api.ts";
import { until } from "./control-plane.ts";

/** Label of the nodes; the pods of all peers select it. */
export const nodeSelector = { bench: "node" };

export interface Kwok {
  readonly pid: number;
  /** Ends kwok and takes its nodes away. */
  close(): Promise<void>;
}

export interface KwokOptions {
  readonly api: Api;
  readonly nodes: number;
  /** How long each pod runs. */
  readonly podMs: number;
  /** For its configuration. */
  readonly folder: string;
}

/** Starts kwok (built by test/cluster/kwok.sh) and its nodes, and waits until pods may be bound to them. */
export async function startKwok({ api, nodes, podMs, folder }: KwokOptions): Promise<Kwok> {
  const stages = join(folder, "stages.yaml");
  const documents = stagesOf(podMs).map((stage) => JSON.stringify(stage)); // which is YAML too
  writeFileSync(stages, documents.join("\n---\n"));
  const [[key, value] = []] = Object.entries(nodeSelector);
  const selection = [`--manage-nodes-with-label-selector=${key}=${value}`, "--manage-all-nodes=false"];
  // Renewed at a quarter of that; by itself it renews none, and after its grace period each node is taken for lost.
  const args = [...selection, "--node-lease-duration-seconds=40", "--config", stages];
  const log = openSync(join(folder, "kwok.log"), "w");
  const child = spawn("kwok", [...args, "--v", "WARN", "--master", api.server.href], { stdio: ["ignore", log, log] });
  await once(child, "spawn");
  const path = `/api/v1/nodes?labelSelector=${key}%3D${value}`;
  const kwok: Kwok = {
    pid: child.pid ?? 0,
    async close() {
      await api.send("DELETE", path);
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
  try {
    const names = Array.from({ length: nodes }, (_, index) => `bench-${index}`);
    await Promise.all(names.map((name) => api.send("POST", "/api/v1/nodes", nodeOf(name))));
    await until("kwok's nodes are ready", async () => {
      const { items } = await api.send<ApiList>("GET", path);
      return items.length === nodes && items.every(isReady);
    });
    return kwok;
  } catch (error) {
    await kwok.close();
    throw error;
  }
}

/** Without the label of an operating system, so that no DaemonSet of the cluster wants to be there. */
function nodeOf(name: string): object {
  const room = { cpu: "32", memory: "256Gi", pods: "110", "ephemeral-storage": "1Ti" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: nodeSelector },
    status: { allocatable: room, capacity: room },
  };
}

function isReady({ spec, status }: ApiObject): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && (spec?.taints ?? []).length === 0;
}

/** What a kubelet would do for a pod, after the stages that kwok brings. A registration ends when its bundle has its tasks. */
function stagesOf(podMs: number): readonly object[] {
  const deletion = (operator: "Exists" | "DoesNotExist") => ({ key: ".metadata.deletionTimestamp", operator });
  const phase = (value: string) => ({ key: ".status.phase", operator: "In", values: [value] });
  const isAttempt = {
    key: `.metadata.labels["${label.component}"]`,
    operator: "NotIn",
    values: [component.registration],
  };
  const lives = deletion("DoesNotExist");
  return [
    stage("node-is-ready", "Node", [notReady], { next: { statusTemplate: nodeConditions } }),
    stage("pod-runs", "Pod", [lives, phase("Pending")], { next: { statusTemplate: running } }),
    stage("pod-ends", "Pod", [lives, phase("Running"), isAttempt], {
      delay: { durationMilliseconds: podMs },
      next: { statusTemplate: ended },
    }),
    stage("pod-goes", "Pod", [deletion("Exists")], { next: { delete: true } }),
  ];
}

function stage(name: string, kind: "Node" | "Pod", matchExpressions: readonly object[], what: object): object {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: { resourceRef: { apiGroup: "v1", kind }, selector: { matchExpressions }, ...what },
  };
}

const notReady = {
  key: '.status.conditions.[] | select( .type == "Ready" ) | .status',
  operator: "NotIn",
  values: ["True"],
};

/** kwok renews the nodes' leases; with them their conditions stay true. */
const nodeConditions = `{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
`;

/** What every status of a pod of one container says. */
function statusTemplate(phase: string, ready: "True" | "False", state: string): string {
  const conditions = ["Initialized", "Ready", "ContainersReady"].map(
    (type) =>
      `- {type: ${type}, status: "${type === "Initialized" ? "True" : ready}", lastTransitionTime: {{ $now | Quote }}}`,
  );
  return `{{ $now := Now }}
{{ $root := . }}
phase: ${phase}
startTime: {{ or .status.startTime $now | Quote }}
conditions:
${conditions.join("\n")}
containerStatuses:
{{ range $index, $container := .spec.containers }}
- name: {{ $container.name | Quote }}
  image: {{ $container.image | Quote }}
  imageID: ""
  ready: ${ready.toLowerCase()}
  restartCount: 0
  state:
${state}
{{ end }}
`;
}

const running = statusTemplate("Running", "True", "    running: {startedAt: {{ $now | Quote }}}");

const report = encodeTermination({
  kind: "report",
  report: { kind: "succeeded", value: null, startedAt: "{{ $now }}" },
});

const ended = statusTemplate(
  "Succeeded",
  "False",
  `    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ (index $root.status.containerStatuses $index).state.running.startedAt | Quote }}
      finishedAt: {{ $now | Quote }}
      {{ if index $root.metadata.labels "${label.run}" }}message: '${report}'{{ end }}`,
);
