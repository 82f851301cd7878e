// What befalls a whole node. One scenario after the other, each leaves the nodes as it has found them. The operator stays on the
// other node meanwhile: what is measured is how soon a run is told, not how soon a leader is replaced.
import { spawn } from "node:child_process";
import { once } from "node:events";

import type { TaskRun } from "@stint/crds/taskrun";
import { afterAll, beforeAll, expect } from "vitest";

import {
  createRun,
  eventually,
  finished,
  getRun,
  kubectl,
  messageOf,
  namespace,
  operatorNamespace,
  podsOf,
  reason,
  reasonOf,
  runToEnd,
  type PodObject,
} from "../../kit/cluster.ts";
import { controlPlane, docker, nodesReady, onNode, operatorOn, withKubelet, worker } from "../../kit/nodes.ts";
import { PodWebhook } from "../../kit/pod-webhook.ts";
import type { CauseId } from "../causes.ts";
import { scenario } from "../../kit/scenario.ts";
import { recordEnd } from "../kit/ends.ts";
import { byInfrastructure, byNobody, ends, measure, paid, prepareFailures } from "../kit/setup.ts";

const needs = "nodes";
const webhook = new PodWebhook();

const towardsWorker = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        preference: { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [worker] }] },
      },
    ],
  },
};

beforeAll(async () => {
  await nodesReady();
  await operatorOn(controlPlane);
  await prepareFailures({ podTemplate: { spec: { affinity: towardsWorker } } });
});

afterAll(async () => {
  ends.stop();
  await nodesReady();
  await operatorOn(undefined);
});

/** A node takes all of its pods with it: three each time, so that each bound is that of three ends. */
function three(name: string): string[] {
  return [1, 2, 3].map((n) => `${name}-${n}`);
}

/** Runs whose first attempts hold on the worker until that is disturbed; the second ones succeed on the other node. */
async function disturbedOnWorker(runs: readonly string[], disturb: () => Promise<unknown>): Promise<TaskRun[]> {
  await runningOnWorker(runs, { task: "failures/holds", input: [1] });
  await disturb();
  return wentOn(runs);
}

async function runningOnWorker(runs: readonly string[], spec: Record<string, unknown>): Promise<void> {
  const start = async (run: string): Promise<void> => {
    await createRun(run, spec);
    await reason(run, "AttemptRunning");
    expect((await getRun(run)).status?.attempts?.[0]?.nodeName).toBe(worker);
  };
  await Promise.all(runs.map(start));
}

/** Waits for the runs, whose second attempts succeed elsewhere. */
async function wentOn(runs: readonly string[]): Promise<TaskRun[]> {
  const all = await Promise.all(runs.map((run) => finished(run, 300)));
  for (const run of all) {
    expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
    expect(nodesOf(run)).toEqual([worker, controlPlane]);
  }
  return all;
}

async function measureAll(cause: CauseId, runs: readonly string[]): Promise<void> {
  await Promise.all(runs.map((run) => measure(cause, run)));
}

function nodesOf({ status }: TaskRun): unknown {
  return status?.attempts?.map(({ nodeName }) => nodeName);
}

scenario.alone(needs, "a NoExecute taint evicts, and the run goes on elsewhere (S298)", three("tainted"), async () => {
  const taint = "stint.test/away=true:NoExecute";
  try {
    const runs = await disturbedOnWorker(three("tainted"), () => kubectl(["taint", "nodes", worker, taint]));

    const says = "Taint manager: deleting due to NoExecute taint";
    for (const run of runs) expect(paid(run)).toEqual({ end: "Infrastructure Evicted", says, ...byInfrastructure });
    await measureAll("tainted", three("tainted"));
  } finally {
    await kubectl(["taint", "nodes", worker, `${taint}-`]);
  }
});

scenario.alone(needs, "memory pressure evicts at the infrastructure's cost (S298)", three("memory"), async () => {
  await runningOnWorker(three("memory"), { task: "failures/holds", input: [1] });
  // A kubelet in a container counts what its own container uses, which is little: the pod still fits, and it is too much.
  const totalKi = Number(await onNode(worker, "awk '/^MemTotal/ { print $2 }' /proc/meminfo"));
  await withKubelet(worker, { evictionHard: { "memory.available": `${totalKi - 160 * 1024}Ki` } }, async () => {
    const runs = await wentOn(three("memory"));

    // Started anew under pressure, its admission may be quicker than its eviction.
    const says = expect.stringMatching(
      /The node was low on resource: memory\.|condition: \[MemoryPressure\]|^OutOfmemory/,
    );
    for (const run of runs) expect(paid(run)).toEqual({ end: "Infrastructure Evicted", says, ...byInfrastructure });
    await measureAll("memoryPressure", three("memory"));
  });
});

scenario.alone(needs, "disk pressure does, too (S298)", three("disk"), async () => {
  await withImagesKept(async () => {
    await runningOnWorker(three("disk"), { task: "failures/holds", input: [1] });
    await withKubelet(worker, { evictionHard: { "nodefs.available": "99%" } }, async () => {
      const runs = await wentOn(three("disk"));

      // The kubelet was started anew under pressure, so it may also be its admission that says no.
      const says = expect.stringMatching(/The node was low on resource: ephemeral-storage|condition: \[DiskPressure\]/);
      for (const run of runs) expect(paid(run)).toEqual({ end: "Infrastructure Evicted", says, ...byInfrastructure });
      await measureAll("diskPressure", three("disk"));
    });
  });
});

scenario.alone(needs, "a node that takes no more pods is the infrastructure's (S298)", three("many"), async () => {
  await webhook.start((run) =>
    three("many").includes(run) ? { patch: [{ op: "add", path: "/spec/nodeName", value: worker }] } : undefined,
  );
  try {
    await withKubelet(worker, { maxPods: 1 }, async () => {
      const retry = { maxRetries: 0, maxInfrastructureRetries: 0 };
      const toEnd = (name: string): Promise<TaskRun> => runToEnd(name, { task: "failures/holds", input: [0], retry });
      const runs = await Promise.all(three("many").map(toEnd));

      for (const run of runs) {
        expect(reasonOf(run)).toBe("NeverStarted");
        expect(messageOf(run)).toMatch(/^infrastructure retries exhausted \(0 of 0\): OutOfpods: /);
        expect(paid(run)).toMatchObject({ end: "Infrastructure NeverStarted", ...byNobody });
      }
      await measureAll("outOfPods", three("many"));
    });
  } finally {
    await webhook.stop();
  }
});

scenario.alone(needs, "a node that shuts down gracefully says so (S298)", three("shutdown"), async () => {
  await onNode(worker, "systemctl start systemd-logind");
  try {
    await withKubelet(worker, { shutdownGracePeriod: "20s", shutdownGracePeriodCriticalPods: "5s" }, async () => {
      const runs = await disturbedOnWorker(three("shutdown"), () => announceShutdown(worker));

      const says = "Pod was terminated in response to imminent node shutdown.";
      for (const run of runs)
        expect(paid(run)).toEqual({ end: "Infrastructure NodeShutdown", says, ...byInfrastructure });
      await measureAll("nodeShutdown", three("shutdown"));
    });
  } finally {
    await onNode(worker, "systemctl stop systemd-logind; rm -f /etc/systemd/logind.conf.d/99-kubelet.conf");
  }
});

scenario.alone(
  needs,
  "a silent node is given up, the run goes on within 100 s, and what the lost attempt says later is refused (S98)",
  ["lost"],
  async () => {
    await runningOnWorker(["lost"], { task: "failures/answers-late", input: [60] });
    const [first] = await podsOf("lost");
    const log = await followOnNode(worker, `/var/log/pods/${namespace}_${first?.metadata?.name}_*/task/0.log`);
    const silentAt = Date.now();
    await docker("pause", worker);
    let replacement: PodObject | undefined;
    try {
      replacement = await eventually("the replacement's pod", async () => (await podsOf("lost"))[1], 150_000);
      await reason("lost", "Retrying");
    } finally {
      await docker("unpause", worker);
    }
    const [run] = await wentOn(["lost"]);

    const createdAt = new Date(replacement.metadata?.creationTimestamp ?? 0).getTime();
    expect(createdAt - silentAt).toBeLessThanOrEqual(100_000);
    const says = `node ${worker} is not Ready`;
    expect(run && paid(run)).toEqual({ end: "Infrastructure NodeLost", says, ...byInfrastructure });
    await eventually("the lost attempt is refused", async () =>
      log.text().includes('"msg":"gateway refused"') ? true : undefined,
    );
    log.stop();
    recordEnd({ cause: "nodeLost", ms: createdAt - silentAt });
  },
);

/** As logind does before it ends everything; kubelets listen for it. */
function announceShutdown(node: string): Promise<string> {
  const signal = "/org/freedesktop/login1 org.freedesktop.login1.Manager.PrepareForShutdown boolean:true";
  return onNode(node, `dbus-send --system --type=signal ${signal}`);
}

interface Followed {
  text(): string;
  stop(): void;
}

/** Reads on in a file of a node that has something in it, also after the node has stood still. On the node nothing but time ends it. */
async function followOnNode(node: string, files: string): Promise<Followed> {
  const child = spawn("docker", ["exec", node, "bash", "-c", `timeout 300 tail -n +1 -F ${files}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child.stdout, "data");
  return { text: () => Buffer.concat(chunks).toString(), stop: () => void child.kill() };
}

/** A kubelet short of disk removes the images that nothing runs from: a pod that it may not evict runs from those needed again. */
async function withImagesKept(body: () => Promise<void>): Promise<void> {
  const inSystem = ["-n", "kube-system"];
  const remove = [...inSystem, "delete", "pod", "e2e-keeper", "--ignore-not-found"];
  await kubectl(remove);
  await kubectl([...inSystem, "create", "-f", "-"], { stdin: JSON.stringify(keeper(await imagesOfStint())) });
  try {
    await kubectl([...inSystem, "wait", "--for=condition=Ready", "pod/e2e-keeper", "--timeout=60s"]);
    await body();
  } finally {
    await kubectl(remove);
  }
}

/** The operator's and the runner's. */
async function imagesOfStint(): Promise<string[]> {
  const path = "{.image} {.env[?(@.name=='STINT_RUNNER_IMAGE')].value}";
  const show = `jsonpath={range .spec.template.spec.containers[0]}${path}{end}`;
  return (await kubectl(["-n", operatorNamespace, "get", "deployment", "stint-operator", "-o", show])).split(" ");
}

function keeper(images: readonly string[]): object {
  const command = ["node", "-e", "setInterval(() => undefined, 60000)"];
  const spec = {
    containers: images.map((image, n) => ({ name: `keeper-${n}`, image, command })),
    nodeName: worker,
    priorityClassName: "system-node-critical",
    terminationGracePeriodSeconds: 1,
  };
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "e2e-keeper" }, spec };
}
