// Pods that do not start, or not where and when they were meant to: capacity, quota, admission, images, injected containers.
import type { TaskRun } from "@stint/crds/taskrun";
import { afterAll, beforeAll, describe, expect } from "vitest";

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
} from "../kit/cluster.ts";
import { controlPlane, offer, worker } from "../kit/nodes.ts";
import { PodWebhook, type Verdict } from "../kit/pod-webhook.ts";
import { addBundle } from "../kit/prepare.ts";
import { scenario } from "../kit/scenario.ts";
import { byInfrastructure, byNobody, byUser, ends, instanceType, measure, paid, prepareFailures } from "./kit/setup.ts";
import { recordEnd } from "./kit/ends.ts";

const needs = "a scheduler, kubelets and admission";
const noRetry = { maxRetries: 0, maxInfrastructureRetries: 0 };
const webhook = new PodWebhook();

/** Resources that only this file knows, by what they are for. */
const resource = {
  nearGpu: "stint.test/near-gpu",
  farGpu: "stint.test/far-gpu",
  room: "stint.test/room",
  ration: "stint.test/ration",
  seat: "stint.test/seat",
  bay: "stint.test/bay",
  nowhere: "stint.test/nowhere",
} as const;

const offered: readonly (readonly [node: string, resource: string, amount: string])[] = [
  [worker, resource.nearGpu, "2"],
  [controlPlane, resource.farGpu, "2"],
  [worker, resource.room, "1"],
  [worker, resource.ration, "9"],
  [worker, resource.seat, "1"],
  [worker, resource.bay, "1"],
];

beforeAll(async () => {
  await prepareFailures();
  await kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(priorityClass("e2e-high", 1000)) });
  for (const [node, name, amount] of offered) await offer(node, name, amount);
  for (const [name, key] of Object.entries(resource))
    await instanceType(`e2e-${name.toLowerCase()}`, { [key]: name === "room" ? "2" : "1" });
  await instanceType("e2e-giant", { cpu: "1000" });
  await webhook.start((run) => verdicts[run]);
});

afterAll(async () => {
  ends.stop();
  await webhook.stop();
  for (const [node, name] of offered) await offer(node, name, undefined);
});

describe("capacity", () => {
  scenario.onRealCluster(needs, "a GPU type lands only where it is offered (S60)", ["near", "far"], async () => {
    const [near, far] = await Promise.all([
      runToEnd("near", { task: "failures/holds", input: [0], instanceType: "e2e-neargpu" }),
      runToEnd("far", { task: "failures/holds", input: [0], instanceType: "e2e-fargpu" }),
    ]);

    const nodesOf = ({ status }: TaskRun): unknown => status?.attempts?.map(({ nodeName }) => nodeName);
    expect([near, far].map(nodesOf)).toEqual([[worker], [controlPlane]]);
    const [pod] = await podsOf("far");
    expect(pod?.spec?.containers?.[0]?.resources?.limits).toMatchObject({ [resource.farGpu]: "1" });
  });

  scenario.onRealCluster(
    needs,
    "a run waits for a node that is large enough, and starts when there is one (S63)",
    ["room"],
    async () => {
      await createRun("room", { task: "failures/holds", input: [0], instanceType: "e2e-room" });
      await reason("room", "Unschedulable");
      const waiting = await getRun("room");

      await offer(worker, resource.room, "2");
      const run = await finished("room");

      expect(messageOf(waiting)).toContain(`Insufficient ${resource.room}`);
      expect(waiting.status?.phase).toBe("Pending");
      expect(run.status).toMatchObject({ phase: "Succeeded", attemptCount: 1, infrastructureRetries: 0 });
    },
  );

  scenario.onRealCluster(
    needs,
    "without room in time the start timeout ends it at the infrastructure's cost (S69)",
    ["late"],
    async () => {
      const settings = { startTimeoutSeconds: 5, instanceType: "e2e-nowhere", retry: noRetry };
      const run = await runToEnd("late", { task: "failures/holds", input: [0], ...settings });

      const says = "container did not start within its start timeout";
      expect(reasonOf(run)).toBe("StartTimeout");
      expect(messageOf(run)).toBe(`infrastructure retries exhausted (0 of 0): ${says}`);
      expect(paid(run)).toEqual({ end: "Infrastructure StartTimeout", says, ...byNobody });
      const due = Date.parse(run.status?.attempts?.[0]?.createdAt ?? "") + 5000;
      recordEnd({ cause: "startTimeout", ms: (await ends.recordedAt("late")) - due });
    },
  );

  scenario.onRealCluster(needs, "a full quota is waited for, and nobody pays (S195)", ["ration"], async () => {
    await kubectl(["create", "quota", "ration", `--hard=requests.${resource.ration}=0`]);
    const began = Date.now();
    await createRun("ration", { task: "failures/holds", input: [0], instanceType: "e2e-ration" });
    await reason("ration", "QuotaExceeded");
    const waiting = await getRun("ration");

    await kubectl(["delete", "quota", "ration"]);
    const run = await finished("ration");

    expect(messageOf(waiting)).toMatch(/exceeded quota: ration/);
    expect(run.status).toMatchObject({ phase: "Succeeded", attemptCount: 1, ...byNobody });
    recordEnd({ cause: "quota", ms: (await ends.toldAt("ration", "QuotaExceeded")) - began });
  });
});

describe("making room for others", () => {
  scenario.onRealCluster(
    needs,
    "a pod that the scheduler preempts is replaced for free, once there is room (S298)",
    ["preempted"],
    async () => {
      await createRun("preempted", { task: "failures/holds", input: [1], instanceType: "e2e-seat" });
      await reason("preempted", "AttemptRunning");

      await kubectl(["-n", "default", "create", "-f", "-"], {
        stdin: JSON.stringify(rival("e2e-rival", resource.seat, { priorityClassName: "e2e-high" })),
      });
      await reason("preempted", "Unschedulable");
      await kubectl(["-n", "default", "delete", "pod", "e2e-rival", "--grace-period=1"]);
      const run = await finished("preempted");

      expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
      expect(paid(run)).toEqual({
        end: "Infrastructure Preempted",
        says: expect.stringContaining("preempting to accommodate a higher priority pod"),
        ...byInfrastructure,
      });
      await measure("preempted", "preempted");
    },
  );

  scenario.onRealCluster(
    needs,
    "so is one that the kubelet preempts for a critical pod (S298)",
    ["displaced"],
    async () => {
      await createRun("displaced", { task: "failures/holds", input: [1], instanceType: "e2e-bay" });
      await reason("displaced", "AttemptRunning");

      const critical = { priorityClassName: "system-node-critical", nodeName: worker };
      await kubectl(["-n", "kube-system", "create", "-f", "-"], {
        stdin: JSON.stringify(rival("e2e-critical", resource.bay, critical)),
      });
      await eventually("the first attempt has ended", async () =>
        (await getRun("displaced")).status?.attempts?.[0]?.finishedAt === undefined ? undefined : true,
      );
      await kubectl(["-n", "kube-system", "delete", "pod", "e2e-critical", "--grace-period=1"]);
      const run = await finished("displaced");

      expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
      expect(paid(run)).toEqual({
        end: "Infrastructure Preempted",
        says: expect.stringContaining("Preempted in order to admit critical pod"),
        ...byInfrastructure,
      });
      await measure("preemptedByKubelet", "displaced");
    },
  );
});

describe("admission", () => {
  scenario.onRealCluster(
    needs,
    "a pod that a policy refuses ends the run in its words (S195)",
    ["refused"],
    async () => {
      const began = Date.now();
      const run = await runToEnd("refused", { task: "failures/holds", input: [0] });

      const says = expect.stringContaining("pods need a cost center");
      expect(run.status).toMatchObject({
        phase: "Failed",
        error: { hint: expect.stringContaining("admission policy") },
      });
      expect(messageOf(run)).toContain("pods need a cost center");
      expect(paid(run)).toEqual({ end: "Final PodRejected", says, ...byNobody });
      expect(await podsOf("refused")).toEqual([]);
      recordEnd({ cause: "refused", ms: (await ends.recordedAt("refused")) - began });
    },
  );

  scenario.onRealCluster(
    needs,
    "an injected sidecar that never ends keeps no run, and goes in the end (S298, S300)",
    ["sidecar"],
    async () => {
      const run = await runToEnd("sidecar", { task: "failures/leaves", input: [1, 3] });
      const phases = await phasesOf("sidecar");

      expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
      const says = "process exited with code 3 before completing the task";
      expect(paid(run)).toEqual({ end: "User ExitedWithoutReport", says, ...byUser });
      expect(phases[0]).toBe("Running"); // with nothing but the sidecar in it
      const areOver = async (): Promise<boolean> =>
        (await phasesOf("sidecar")).every((phase) => phase === "Failed" || phase === "Succeeded");
      await eventually("its pods are over", async () => ((await areOver()) ? true : undefined), 120_000);
    },
  );

  scenario.onRealCluster(
    needs,
    "a pod that the kubelet will not take is the infrastructure's (S298)",
    ["giant"],
    async () => {
      const settings = { instanceType: "e2e-giant", retry: noRetry };
      const run = await runToEnd("giant", { task: "failures/holds", input: [0], ...settings });

      expect(reasonOf(run)).toBe("NeverStarted");
      expect(messageOf(run)).toMatch(/^infrastructure retries exhausted \(0 of 0\): OutOfcpu: /);
      expect(paid(run)).toMatchObject({ end: "Infrastructure NeverStarted", ...byNobody });
      await measure("outOfCpu", "giant");
    },
  );

  scenario.onRealCluster(needs, "an image's name that cannot be is final at once (S70)", ["misnamed"], async () => {
    const began = Date.now();
    const run = await runToEnd("misnamed", { task: "failures/holds", input: [0] });

    expect(reasonOf(run)).toBe("ImagePullFailed");
    expect(messageOf(run)).toContain('couldn\'t parse image name "Not/A:Name:"');
    expect(paid(run)).toMatchObject({ end: "Final ImagePullFailed", ...byNobody });
    recordEnd({ cause: "imageInvalid", ms: (await ends.recordedAt("misnamed")) - began });
  });
});

scenario.onRealCluster(
  "a namespace controller",
  "a namespace goes with all its runs, and the operator takes it in its stride (S168)",
  [],
  async () => {
    const doomed = `${namespace}-doomed`;
    const inDoomed = ["-n", doomed];
    await kubectl(["delete", "namespace", doomed, "--ignore-not-found", "--wait=true"]);
    await kubectl(["create", "namespace", doomed]);
    await addBundle("failures", "failures/tasks.ts", {}, doomed);
    const inputs = { holding: ["holds", [9]], waiting: ["throws", [9]] } as const;
    const runs = Object.entries(inputs).map(([name, [task, input]]) => ({
      apiVersion: "stint.dev/v1alpha1",
      kind: "TaskRun",
      metadata: { name, namespace: doomed },
      spec: { task: `failures/${task}`, input, retry: { maxRetries: 9, waitDurationMs: 1000 } },
    }));
    const list = { apiVersion: "v1", kind: "List", items: runs };
    await kubectl([...inDoomed, "create", "-f", "-"], { stdin: JSON.stringify(list) });
    const wait = `--for=jsonpath={.status.phase}=Running`;
    await kubectl([...inDoomed, "wait", wait, "taskrun/holding", "--timeout=60s"]);
    const restartsBefore = await restarts();

    await kubectl(["delete", "namespace", doomed, "--wait=true", "--timeout=90s"]);

    expect(await restarts()).toBe(restartsBefore);
    expect(await errorsAbout(doomed)).toEqual([]);
  },
);

/** How often each of the operator's processes has begun anew. */
function restarts(): Promise<string> {
  const path = "jsonpath={.items[*].status.containerStatuses[*].restartCount}";
  return kubectl(["-n", operatorNamespace, "get", "pods", "-o", path]);
}

async function errorsAbout(what: string): Promise<string[]> {
  const log = await kubectl(["-n", operatorNamespace, "logs", "-l", "app.kubernetes.io/name=stint", "--tail=-1"]);
  return log.split("\n").filter((line) => /"level":[56]0/.test(line) && line.includes(what));
}

async function phasesOf(run: string): Promise<unknown[]> {
  return (await podsOf(run)).map(({ status }) => status?.phase);
}

const idle = ["node", "-e", "setInterval(() => undefined, 60000)"];
const sidecar = {
  name: "sidecar",
  command: idle,
  resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { memory: "64Mi" } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
};

/** What the webhook does to the pods of these runs. */
const verdicts: Readonly<Record<string, Verdict>> = {
  refused: { refusal: "pods need a cost center" },
  giant: { patch: [{ op: "add", path: "/spec/nodeName", value: worker }] },
  misnamed: { patch: [{ op: "replace", path: "/spec/containers/0/image", value: "Not/A:Name:" }] },
  sidecar: {
    patch: [
      { op: "add", path: "/spec/containers/1", value: sidecar },
      { op: "copy", from: "/spec/containers/0/image", path: "/spec/containers/1/image" },
    ],
  },
};

function priorityClass(name: string, value: number): object {
  return { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name }, value };
}

/** A pod of somebody else's that wants what a run has. */
function rival(name: string, wanted: string, placement: object): object {
  const resources = { requests: { [wanted]: "1" }, limits: { [wanted]: "1" } };
  const container = { name: "rival", image: process.env["STINT_TEST_IMAGE"], command: ["sleep", "600"], resources };
  const spec = { containers: [container], ...placement, terminationGracePeriodSeconds: 1 };
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
}
