// How a pod dies, row by row as a real kubelet writes it: phase and reason, the main container, who disrupted it. The
// numbers are those of the table of ends that the operator reads pods by.
import { expect, test } from "vitest";

import type { NodeSettings } from "../../src/kubelet/node-object.ts";
import type { Pod, PodSpec, PodStatus, Toleration } from "../../src/kubelet/pod.ts";
import type { Timing } from "../../src/kubelet/timing.ts";
import {
  aCluster,
  firstWords,
  isOver,
  isRunning,
  namespace,
  polite,
  script,
  sleeper,
  stubborn,
  type TestCluster,
} from "./cluster.ts";

type Spec = Omit<Partial<PodSpec>, "containers"> & Pick<PodSpec, "containers">;

interface Row {
  readonly row: string;
  readonly cause: string;
  readonly spec: Spec;
  readonly timing?: Partial<Timing>;
  readonly node?: Partial<NodeSettings>;
  /** What befalls the pod once its program is up; absent: nothing. */
  readonly befalls?: (cluster: TestCluster, words: string) => unknown;
  /** Default: it is over. */
  readonly until?: (pod: Pod, isGone: boolean) => boolean;
  readonly then: string;
}

const limited = (name: string, amount: string) => ({ resources: { limits: { [name]: amount } } });
const oneCore = limited("cpu", "1");
const oneSecond = { terminationGracePeriodSeconds: 1 };
const bornBound = { nodeName: "local" };
const impatient = (key: string): readonly Toleration[] => [
  { key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 0 },
];
const isDeleted = (pod: Pod) => pod.metadata.deletionTimestamp !== undefined;
const isWaitingFor = (reason: string) => (pod: Pod) =>
  pod.status?.containerStatuses?.[0]?.state.waiting?.reason === reason;
const isHeld = (pod: Pod) => pod.status?.conditions?.some(({ status }) => status === "False") === true;
const remove = ({ api }: TestCluster) => api.delete("pods", { namespace, name: "main" });
const evict = ({ nodes }: TestCluster) => nodes.drain("local");
const untouched = { timing: { nodeMonitorGraceMs: 0, podGcQuarantineMs: 0 } };

const allocating = "const all = []; setInterval(() => all.push(Buffer.alloc(8 << 20, 1)), 1)";
const heaping = "const all = []; for (;;) all.push(new Array(100).fill({}).map(() => ({})))";
const writing = "require('fs').writeFileSync(process.env.FILE, Buffer.alloc(1 << 20)); setInterval(() => {}, 1000)";

const rows: readonly Row[] = [
  { row: "1, 3", cause: "exits with 0", spec: { containers: [script("")] }, then: "Succeeded / - | 0 Completed | -" },
  { row: "2", cause: "fails", spec: { containers: [script("process.exit(3)")] }, then: "Failed / - | 3 Error | -" },
  {
    row: "5",
    cause: "V8's heap is exhausted",
    spec: { containers: [{ ...script(""), command: ["node", "--max-old-space-size=16", "-e", heaping] }] },
    then: "Failed / - | 134 Error | -",
  },
  {
    row: "6",
    cause: "container exceeds its memory limit",
    spec: { containers: [script(allocating, limited("memory", "96Mi"))] },
    then: "Failed / - | 137 OOMKilled | -",
  },
  {
    row: "8",
    cause: "emptyDir exceeds its limit",
    spec: {
      volumes: [{ name: "tmp", emptyDir: { sizeLimit: "100Ki" } }],
      containers: [
        script(writing, {
          env: [{ name: "FILE", value: "/tmp/x" }],
          volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
        }),
      ],
    },
    then: "Failed / Evicted | 137 Error | -",
  },
  {
    row: "9",
    cause: "deadline passes while it runs",
    spec: { activeDeadlineSeconds: 1, containers: [sleeper] },
    then: "Failed / DeadlineExceeded | 143 Error | -",
  },
  {
    row: "10",
    cause: "deadline passes before it starts",
    spec: { activeDeadlineSeconds: 1, containers: [script("", { image: "no/such:image" })] },
    then: "Failed / DeadlineExceeded | waiting ImagePullBackOff | -",
  },
  {
    row: "11",
    cause: "the scheduler preempts it",
    spec: { containers: [{ ...sleeper, ...oneCore }] },
    node: { capacity: { cpu: "1" } },
    befalls: ({ create }) => create({ priority: 10, containers: [{ ...sleeper, ...oneCore }] }, "important"),
    then: "Failed / - | 143 Error | PreemptionByScheduler",
  },
  {
    row: "12",
    cause: "its node gets a NoExecute taint",
    spec: { ...oneSecond, containers: [stubborn] },
    befalls: ({ api }) => {
      const node = api.get("nodes", { name: "local" });
      return (
        node && api.update("nodes", { ...node, spec: { taints: [{ key: "k", value: "v", effect: "NoExecute" }] } })
      );
    },
    then: "Failed / - | 137 Error | DeletionByTaintManager",
  },
  {
    row: "13",
    cause: "its node is drained",
    spec: { containers: [sleeper] },
    befalls: evict,
    then: "Failed / - | 143 Error | EvictionByEvictionAPI",
  },
  {
    row: "14",
    cause: "its node runs short of memory",
    spec: { containers: [sleeper] },
    befalls: ({ nodes }) => nodes.evictForPressure({ namespace, name: "main" }, "memory"),
    then: "Failed / Evicted | 137 ContainerStatusUnknown | TerminationByKubelet",
  },
  {
    row: "15",
    cause: "its node runs short of disk",
    spec: { containers: [sleeper] },
    befalls: ({ nodes }) => nodes.evictForPressure({ namespace, name: "main" }, "ephemeral-storage"),
    then: "Failed / Evicted | 137 Error | TerminationByKubelet",
  },
  {
    row: "16",
    cause: "its kubelet makes room for a critical pod",
    spec: { containers: [{ ...sleeper, ...oneCore }] },
    node: { capacity: { cpu: "1" } },
    befalls: ({ create }) =>
      create(
        { ...bornBound, priorityClassName: "system-node-critical", containers: [{ ...sleeper, ...oneCore }] },
        "critical",
      ),
    then: "Failed / Preempting | 137 Error | TerminationByKubelet",
  },
  {
    row: "17",
    cause: "its node shuts down",
    spec: { containers: [sleeper] },
    befalls: ({ nodes }) => nodes.shutDown("local"),
    then: "Failed / Terminated | 143 Error | TerminationByKubelet",
  },
  {
    row: "18",
    cause: "its node is drained, and it exits with 0",
    spec: { containers: [polite] },
    befalls: evict,
    then: "Succeeded / - | 0 Completed | EvictionByEvictionAPI",
  },
  {
    row: "19",
    cause: "its node has no room left",
    spec: { ...bornBound, containers: [{ ...sleeper, ...limited("cpu", "100") }] },
    then: "Failed / OutOfcpu | none | -",
  },
  {
    row: "19",
    cause: "its node lacks the label",
    spec: { ...bornBound, nodeSelector: { disk: "fast" }, containers: [sleeper] },
    then: "Failed / NodeAffinity | none | -",
  },
  {
    row: "20",
    cause: "its node is lost",
    ...untouched,
    spec: { tolerations: impatient("node.kubernetes.io/unreachable"), containers: [sleeper] },
    befalls: ({ nodes }) => nodes.loseNode("local"),
    until: isDeleted,
    then: "Running / - | running | DeletionByTaintManager",
  },
  {
    row: "21",
    cause: "its node is lost and then deleted",
    ...untouched,
    spec: { containers: [sleeper] },
    befalls: ({ nodes, api }) => {
      nodes.loseNode("local", "powerOff");
      api.delete("nodes", { name: "local" });
    },
    then: "Failed / - | running | DeletionByPodGC",
  },
  {
    row: "22",
    cause: "somebody deletes it",
    spec: { containers: [sleeper] },
    befalls: remove,
    then: "Failed / - | 143 Error | -",
  },
  {
    row: "22",
    cause: "somebody deletes it, and it exits with 0",
    spec: { containers: [polite] },
    befalls: remove,
    then: "Succeeded / - | 0 Completed | -",
  },
  {
    row: "23",
    cause: "somebody deletes it without grace",
    spec: { containers: [sleeper] },
    befalls: ({ api }) => api.delete("pods", { namespace, name: "main" }, { gracePeriodSeconds: 0 }),
    until: (_, isGone) => isGone,
    then: "Running / - | running | -",
  },
  {
    row: "24",
    cause: "its process is killed from outside",
    spec: { containers: [script("setInterval(() => {}, 1000); console.log(process.pid)")] },
    befalls: (_, words) => process.kill(Number(words), "SIGKILL"),
    then: "Failed / - | 137 Error | -",
  },
  {
    row: "26",
    cause: "no node has so much",
    spec: { containers: [{ ...sleeper, ...limited("cpu", "1000") }] },
    until: isHeld,
    then: "Pending / - | none | - | Unschedulable 0/1 nodes are available: 1 Insufficient cpu.",
  },
  {
    row: "27",
    cause: "a gate holds it",
    spec: { schedulingGates: [{ name: "hold" }], containers: [sleeper] },
    until: isHeld,
    then: "Pending / - | none | - | SchedulingGated Scheduling is blocked due to non-empty scheduling gates",
  },
  ...["ErrImagePull", "ImagePullBackOff"].map((reason) => ({
    row: "28",
    cause: "its image is unknown",
    spec: { containers: [script("", { image: "no/such:image" })] },
    until: isWaitingFor(reason),
    then: `Pending / - | waiting ${reason} | -`,
  })),
  {
    row: "29",
    cause: "its image has an impossible name",
    spec: { containers: [script("", { image: "No/Such" })] },
    until: isWaitingFor("InvalidImageName"),
    then: "Pending / - | waiting InvalidImageName | -",
  },
  {
    row: "29",
    cause: "its image may not be pulled",
    spec: { containers: [script("", { image: "no/such", imagePullPolicy: "Never" })] },
    until: isWaitingFor("ErrImageNeverPull"),
    then: "Pending / - | waiting ErrImageNeverPull | -",
  },
  {
    row: "30",
    cause: "its environment takes a key that is missing",
    spec: {
      containers: [script("", { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "none", key: "a" } } }] })],
    },
    until: isWaitingFor("CreateContainerConfigError"),
    then: "Pending / - | waiting CreateContainerConfigError | -",
  },
  {
    row: "32",
    cause: "its volume does not mount",
    spec: { volumes: [{ name: "v", secret: { secretName: "none" } }], containers: [sleeper] },
    until: isWaitingFor("ContainerCreating"),
    then: "Pending / - | waiting ContainerCreating | -",
  },
  {
    row: "33",
    cause: "its runtime does not exist",
    spec: { runtimeClassName: "gvisor", containers: [sleeper] },
    until: isWaitingFor("ContainerCreating"),
    then: "Pending / - | waiting ContainerCreating | -",
  },
  {
    row: "34",
    cause: "its command does not exist",
    spec: { containers: [{ ...script(""), command: ["does-not-exist"] }] },
    then: "Failed / - | 128 StartError | -",
  },
];

test.each(rows)("row $row: $cause → $then", async ({ spec, timing = {}, node = {}, befalls, until = isOver, then }) => {
  const cluster = await aCluster({ timing, nodes: [{ name: "local", ...node }] });

  cluster.create(spec);
  const end = cluster.until(until); // watched from the start, since what befalls a pod may end it at once
  await befalls?.(cluster, await firstWords(cluster));
  const pod = await end;

  expect(inWords(pod)).toBe(then);
});

test("row 25: a pod that is deleted before it starts fails and goes", async () => {
  const cluster = await aCluster();
  cluster.create({ containers: [script("", { image: "no/such:image" })] });
  await cluster.until(isWaitingFor("ImagePullBackOff"));

  remove(cluster);
  const pod = await cluster.until((_, isGone) => isGone);

  expect(inWords(pod)).toBe("Failed / - | waiting ImagePullBackOff | -");
});

test("row 20: a node that was switched off does not know how its pods ended", async () => {
  const cluster = await aCluster();
  cluster.create({ containers: [sleeper] });
  await cluster.until(isRunning);

  cluster.nodes.loseNode("local", "powerOff");
  cluster.nodes.healNode("local");
  const pod = await cluster.until(isOver);

  expect(inWords(pod)).toBe("Failed / - | 137 ContainerStatusUnknown | -");
});

/** Phase and reason, the main container, the disruption, and why it waits for a node. */
function inWords({ status = {} }: Pod): string {
  const target = conditionOf(status, "DisruptionTarget", "True");
  const held = conditionOf(status, "PodScheduled", "False");
  const words = [`${status.phase} / ${status.reason ?? "-"}`, containerInWords(status), target?.reason ?? "-"];
  return [...words, ...(held ? [`${held.reason} ${held.message}`] : [])].join(" | ");
}

function containerInWords({ containerStatuses = [] }: PodStatus): string {
  const { waiting, running, terminated } = containerStatuses[0]?.state ?? {};
  if (terminated) return `${terminated.exitCode} ${terminated.reason}`;
  if (waiting) return `waiting ${waiting.reason}`;
  return running ? "running" : "none";
}

function conditionOf({ conditions = [] }: PodStatus, type: string, status: string) {
  return conditions.find((condition) => condition.type === type && condition.status === status);
}
