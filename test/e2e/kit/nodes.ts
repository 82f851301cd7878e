// The nodes of the real cluster: what is done to them from outside of Kubernetes, and how they are restored. kind's nodes
// are containers, with a systemd and a kubelet in each.
import { parse } from "yaml";

import { run } from "../../shell.ts";
import { kubectl, namespace, operatorNamespace, type PodObject } from "./cluster.ts";

const cluster = process.env["STINT_CLUSTER"] ?? "stint";

export const controlPlane = `${cluster}-control-plane`;
export const worker = `${cluster}-worker`;

/** Runs docker. Rejects with all that it has said when it fails. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { code, output } = await run("docker", args);
  if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${output.trim()}`);
  return output;
}

/** Runs a shell's command on a node. */
export function onNode(node: string, command: string): Promise<string> {
  return docker("exec", node, "bash", "-euc", command);
}

/** A container as its node's runtime knows it. */
export interface NodeContainer {
  readonly node: string;
  readonly container: string;
}

/** Where the only container of a pod runs. */
export async function containerOf(pod: string, space = namespace): Promise<NodeContainer> {
  const { spec, status } = JSON.parse(await kubectl(["-n", space, "get", "pod", pod, "-o", "json"])) as PodObject;
  return {
    node: String(spec?.nodeName),
    container: String(status?.containerStatuses?.[0]?.containerID?.split("//")[1]),
  };
}

/** Sends a signal to the first process of a container, as nobody inside of it can. */
export async function signalContainer({ node, container }: NodeContainer, signal: NodeJS.Signals): Promise<void> {
  await onNode(node, `ctr --namespace k8s.io tasks kill --signal ${signal} ${container}`);
}

/** Until all nodes are well again; whatever a scenario has done to one, this ends it. */
export async function nodesReady(): Promise<void> {
  await kubectl(["wait", "--for=condition=Ready", "node", "--all", "--timeout=120s"]);
}

/** Whether the kernel kills one process of a container that is out of memory, and not the container. */
export async function killsSingleProcesses(): Promise<boolean> {
  return (await onNode(worker, "stat -fc %T /sys/fs/cgroup")).trim() === "tmpfs"; // cgroup v1
}

/** Offers an extended resource on a node, as a device plugin would; `undefined` takes it back. */
export async function offer(node: string, resource: string, amount: string | undefined): Promise<void> {
  const value = amount ?? null;
  const status = { capacity: { [resource]: value }, allocatable: { [resource]: value } };
  await kubectl(["patch", "node", node, "--subresource=status", "--type=merge", "-p", JSON.stringify({ status })]);
}

/** Asks for a pod to be drained. */
export async function evict(pod: string, namespace: string): Promise<void> {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod, namespace } };
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
  await kubectl(["create", "--raw", path, "-f", "-"], { stdin: JSON.stringify(eviction) });
}

/** Keeps the operator's processes on one node, so that it does not fall with the other; `undefined` lets them go again. */
export async function operatorOn(node: string | undefined): Promise<void> {
  const nodeSelector = { "kubernetes.io/hostname": node ?? null };
  const patch = JSON.stringify({ spec: { template: { spec: { nodeSelector } } } });
  const inSystem = ["-n", operatorNamespace];
  await kubectl([...inSystem, "patch", "deployment", "stint-operator", "--type=merge", "-p", patch]);
  await kubectl([...inSystem, "rollout", "status", "deployment/stint-operator", "--timeout=120s"]);
}

const kubeletConfig = "/var/lib/kubelet/config.yaml";

/** Starts a node's kubelet anew with these settings besides its own, for as long as `body` takes. */
export async function withKubelet(node: string, settings: object, body: () => Promise<void>): Promise<void> {
  const own = await onNode(node, `cat ${kubeletConfig}`);
  const changed = JSON.stringify({ ...(parse(own) as object), ...settings }); // JSON is YAML, too
  try {
    await startKubelet(node, changed);
    await body();
  } finally {
    await startKubelet(node, own);
    await nodesReady();
  }
}

async function startKubelet(node: string, config: string): Promise<void> {
  const encoded = Buffer.from(config).toString("base64");
  await onNode(node, `base64 -d <<<'${encoded}' >${kubeletConfig} && systemctl restart kubelet`);
  await onNode(node, "until curl -sf localhost:10248/healthz; do sleep 0.2; done");
}
