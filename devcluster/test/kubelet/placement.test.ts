// Where pods go, and what becomes of them when their nodes change.
import { expect, test } from "vitest";

import type { NodeSettings } from "../../src/kubelet/node-object.ts";
import type { Container, Pod, PodSpec } from "../../src/kubelet/pod.ts";
import {
  aCluster,
  firstWords,
  isOver,
  isRunning,
  namespace,
  script,
  sleeper,
  stubborn,
  type TestCluster,
} from "./cluster.ts";

const gpu = { resources: { limits: { "nvidia.com/gpu": "1" } } };
const twoNodes: readonly NodeSettings[] = [
  { name: "plain" },
  {
    name: "gpu",
    labels: { accelerator: "h100" },
    taints: [{ key: "gpu", value: "only", effect: "NoSchedule" }],
    capacity: { "nvidia.com/gpu": 1 },
  },
];
const toleration = { key: "gpu", operator: "Exists" };
const inAffinity = (values: readonly string[]): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "accelerator", operator: "In", values }] }],
      },
    },
  },
});

test.each([
  { given: "no wish", spec: {}, then: "plain" },
  {
    given: "a resource of one node",
    spec: { tolerations: [toleration], containers: [{ ...sleeper, ...gpu }] },
    then: "gpu",
  },
  { given: "a selector", spec: { tolerations: [toleration], nodeSelector: { accelerator: "h100" } }, then: "gpu" },
  { given: "an affinity", spec: { tolerations: [toleration], ...inAffinity(["h100"]) }, then: "gpu" },
  {
    given: "a resource whose node it does not tolerate",
    spec: { containers: [{ ...sleeper, ...gpu }] },
    then: "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint {gpu: only}.",
  },
  {
    given: "an affinity that no node has",
    spec: { tolerations: [toleration], ...inAffinity(["tpu"]) },
    then: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
  },
])("a pod with $given → $then", async ({ spec, then }) => {
  const cluster = await aCluster({ nodes: twoNodes });

  cluster.create({ containers: [sleeper], ...spec });
  const pod = await cluster.until((pod) => scheduled(pod) !== undefined);

  expect(pod.spec.nodeName ?? scheduled(pod)?.message).toBe(then);
});

test("a pod that found no room is placed when another one ends", async () => {
  const cluster = await aCluster({ nodes: [{ name: "small", capacity: { pods: 1 } }] });
  cluster.create({ containers: [sleeper] }, "first");
  cluster.create({ containers: [sleeper] });
  const waiting = await cluster.until((pod) => scheduled(pod)?.status === "False");

  cluster.api.delete("pods", { namespace, name: "first" });
  await cluster.until(isRunning);

  expect(scheduled(waiting)?.message).toBe("0/1 nodes are available: 1 Too many pods.");
});

test("preemption drives out the least important pod, once, and none of the same priority", async () => {
  const half = (container: Container, priority: number): Parameters<TestCluster["create"]>[0] => ({
    priority,
    terminationGracePeriodSeconds: 1,
    containers: [{ ...container, resources: { requests: { cpu: "500m" } } }],
  });
  const cluster = await aCluster({ nodes: [{ name: "small", capacity: { cpu: "1500m" } }] });
  cluster.create(half(stubborn, 1), "low");
  cluster.create(half(sleeper, 2), "middle");
  cluster.create(half(sleeper, 5), "high");
  await firstWords(cluster, "low");

  cluster.create(half(sleeper, 5));
  await cluster.until(({ status }) => status?.nominatedNodeName === "small");
  cluster.create(half(sleeper, 0), "bystander"); // everything is looked at again while the victim is on its way out
  await cluster.until(isRunning);

  const preempted = cluster.api.list("events").filter(({ reason }) => reason === "Preempted");
  expect(preempted).toMatchObject([{ count: 1, involvedObject: { name: "low" } }]);
});

test("what a pod does on a lost node is told when the node is back", async () => {
  const cluster = await aCluster({ nodes: [{ name: "lost", labels: { is: "lost" } }, { name: "other" }] });
  cluster.create({
    nodeSelector: { is: "lost" },
    containers: [script("setTimeout(() => process.exit(4), 50); console.log(1)")],
  });
  await firstWords(cluster);
  cluster.nodes.loseNode("lost");
  cluster.create({ nodeName: "other", containers: [script("setTimeout(() => {}, 200)")] }, "longer");
  await cluster.until(isOver, "longer");

  const meanwhile = await cluster.until(() => true);
  cluster.nodes.healNode("lost");
  const pod = await cluster.until(isOver);

  expect(meanwhile.status?.phase).toBe("Running");
  expect(pod.status?.containerStatuses?.[0]?.state.terminated?.exitCode).toBe(4);
});

test("a lost node is Unknown and tainted; healed, it is Ready and its pods have run on", async () => {
  const cluster = await aCluster({ timing: { nodeMonitorGraceMs: 0 } });
  const { metadata } = cluster.create({ containers: [sleeper] });
  await cluster.until(isRunning);

  cluster.nodes.loseNode("local");
  const lost = await untilNode(cluster, (node) => node.taints.length === 2);
  cluster.nodes.healNode("local");
  const healed = await untilNode(cluster, (node) => node.taints.length === 0);
  const pod = await cluster.until(isRunning);

  expect(lost).toEqual({
    ready: "Unknown NodeStatusUnknown",
    taints: ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"],
  });
  expect(healed.ready).toBe("True KubeletReady");
  expect(pod.metadata.uid).toBe(metadata.uid);
});

test("a kubelet that comes back ends the pods that were deleted meanwhile", async () => {
  const cluster = await aCluster();
  cluster.create({ containers: [sleeper] });
  await firstWords(cluster);
  cluster.nodes.loseNode("local");
  cluster.api.delete("pods", { namespace, name: "main" });

  cluster.nodes.healNode("local");
  const pod = await cluster.until((_, isGone) => isGone);

  expect(pod.status?.phase).toBe("Failed");
});

test("a drained node takes no more pods", async () => {
  const cluster = await aCluster();

  cluster.nodes.drain("local");
  cluster.create({ containers: [sleeper] });
  const pod = await cluster.until((pod) => scheduled(pod)?.status === "False");

  expect(scheduled(pod)?.message).toBe("0/1 nodes are available: 1 node(s) were unschedulable.");
});

test("a node that shuts down refuses what still comes", async () => {
  const cluster = await aCluster();

  cluster.nodes.shutDown("local");
  cluster.create({ nodeName: "local", containers: [sleeper] });
  const { status } = await cluster.until(isOver);

  expect(status?.reason).toBe("NodeShutdown");
});

test("a pod whose quantities nobody can read stops no other", async () => {
  const cluster = await aCluster();

  cluster.create({ containers: [{ ...sleeper, resources: { requests: { cpu: "much" } } }] }, "odd");
  cluster.create({ containers: [sleeper] });
  await cluster.until(isRunning);
  const odd = await cluster.until((pod) => scheduled(pod) !== undefined, "odd");

  expect(scheduled(odd)).toMatchObject({ reason: "SchedulerError", message: '"much" is not a quantity' });
});

function scheduled({ status }: Pod) {
  return status?.conditions?.find(({ type }) => type === "PodScheduled");
}

interface NodeInWords {
  readonly ready: string;
  readonly taints: readonly string[];
}

interface NodeObject {
  readonly spec?: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly status: string; readonly reason: string }[] };
}

function untilNode({ api }: TestCluster, wish: (node: NodeInWords) => boolean): Promise<NodeInWords> {
  const { promise, resolve } = Promise.withResolvers<NodeInWords>();
  const stop = api.watch("nodes", ({ object }) => {
    const { spec, status } = object as NodeObject; // the test's own node
    const [ready] = status?.conditions ?? [];
    const taints = (spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
    const node = { ready: `${ready?.status} ${ready?.reason}`, taints };
    if (wish(node)) resolve(node);
  });
  return promise.finally(stop);
}
