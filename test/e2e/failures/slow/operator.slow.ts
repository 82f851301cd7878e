// What runs in flight notice of an operator that dies, is replaced or is wrong about the time, of an API server that restarts, an
// etcd that stalls, connections that break, and of gateways that are all gone: nothing. No result is lost, nothing is done
// twice, and nobody pays.
import type { TaskRun } from "@stint/crds/taskrun";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";

import {
  childrenOf,
  createRun,
  eventually,
  finished,
  getRun,
  kubectl,
  operatorNamespace,
  podsOf,
  reason,
} from "../../kit/cluster.ts";
import { containerOf, controlPlane, onNode, signalContainer } from "../../kit/nodes.ts";
import {
  leader,
  operatorMetric,
  operators,
  operatorsReady,
  setClock,
  setOperators,
  signalOperator,
} from "../../kit/operators.ts";
import { prepareBundle } from "../../kit/prepare.ts";
import { scenario } from "../../kit/scenario.ts";
import { podOf } from "../kit/setup.ts";

const needs = "an operator in a pod";
/** Until another operator has taken over and works: the lease of 15 s, and what it takes to notice and to begin. */
const takeOver: { readonly how: string; readonly ms: number }[] = [];

beforeAll(prepareBundle);
afterEach(async () => {
  await setClock(undefined);
  await setOperators(2);
});
afterAll(() => {
  for (const { how, ms } of takeOver) console.log(`taken over after ${how}: ${(ms / 1000).toFixed(1)} s`);
});

interface Expected {
  readonly spec: Record<string, unknown>;
  readonly result: unknown;
  readonly attempts: number;
}

const inFlight: Readonly<Record<string, Expected>> = {
  "sleeps-4": { spec: { task: "e2e/sleeps", input: [4] }, result: "awake", attempts: 1 },
  "sleeps-8": { spec: { task: "e2e/sleeps", input: [8] }, result: "awake", attempts: 1 },
  "sleeps-16": { spec: { task: "e2e/sleeps", input: [16] }, result: "awake", attempts: 1 },
  sums: { spec: { task: "e2e/sum_squares", input: [3, 4] }, result: 25, attempts: 1 },
  retries: { spec: { task: "e2e/third-time" }, result: 3, attempts: 3 },
};

const runsOf = (prefix: string): string[] => Object.keys(inFlight).map((name) => `${prefix}-${name}`);

/** Starts the runs, and waits until pods of theirs work. */
async function start(prefix: string): Promise<void> {
  await Promise.all(Object.entries(inFlight).map(([name, { spec }]) => createRun(`${prefix}-${name}`, spec)));
  await reason(`${prefix}-sleeps-16`, "AttemptRunning");
}

/** Until they have ended; tells each attempt by its reason, and how many pods there were in all. */
async function endsOf(prefix: string): Promise<object> {
  const runs = await Promise.all(runsOf(prefix).map((name) => finished(name, 240)));
  const children = await childrenOf(`${prefix}-sums`);
  const pods = await Promise.all([...runs, ...children].map(({ metadata }) => podsOf(metadata.name)));
  return {
    results: runs.map(({ status }) => status?.result),
    attempts: runs.map(attemptsOf),
    children: children.map(attemptsOf),
    paid: [...runs, ...children].map(({ status }) => status?.infrastructureRetries ?? 0).filter((count) => count > 0),
    pods: pods.flat().length,
  };
}

const attemptsOf = ({ status }: TaskRun): (string | undefined)[] =>
  (status?.attempts ?? []).map((attempt) => attempt.reason);

const unharmed = {
  results: Object.values(inFlight).map(({ result }) => result),
  attempts: Object.values(inFlight).map(({ attempts }) => [
    ...Array.from({ length: attempts - 1 }, () => "TaskError"),
    "Succeeded",
  ]),
  children: [["Succeeded"], ["Succeeded"]],
  paid: [],
  pods: Object.values(inFlight).reduce((sum, { attempts }) => sum + attempts, 0) + 2,
};

/** A fault that befalls runs in flight. */
function survives(title: string, prefix: string, fault: () => Promise<void>): void {
  scenario.alone(needs, title, runsOf(prefix), async () => {
    await start(prefix);
    await fault();
    expect(await endsOf(prefix)).toEqual(unharmed);
  });
}

describe("an operator", () => {
  survives("that is killed goes on where it was", "killed", async () => {
    const began = performance.now();
    await signalOperator(await leader(), "SIGKILL");
    await accepted("killed-next");
    takeOver.push({ how: "SIGKILL", ms: performance.now() - began });
  });

  survives("whose pod is deleted at once is followed by another", "deleted", async () => {
    const old = await leader();
    const began = performance.now();
    await kubectl(["-n", operatorNamespace, "delete", "pod", old, "--grace-period=0", "--force"]);
    await accepted("deleted-next");
    takeOver.push({ how: "the deletion of its pod", ms: performance.now() - began });
    expect(await leader()).not.toBe(old);
  });

  survives("that is frozen for longer than its lease finds another in its place", "frozen", async () => {
    const old = await leader();
    await signalOperator(old, "SIGSTOP");
    await accepted("frozen-next");
    await signalOperator(old, "SIGCONT");
    expect(await leader()).not.toBe(old);
  });

  survives("that is replaced in a rolling restart is not missed", "rolled", async () => {
    const rollout = ["-n", operatorNamespace, "rollout"];
    await kubectl([...rollout, "restart", "deployment/stint-operator"]);
    const created = Promise.all([1, 2, 3, 4].map((n) => createRun(`rolled-${n}`, { task: "e2e/square", input: [n] })));
    await kubectl([...rollout, "status", "deployment/stint-operator", "--timeout=120s"]);
    await created;
    const squares = await Promise.all([1, 2, 3, 4].map((n) => finished(`rolled-${n}`)));
    expect(squares.map(({ status }) => status?.result)).toEqual([1, 4, 9, 16]);
  });

  survives("whose clock is half a minute ahead keeps its promises", "ahead", () => withClock("ahead", 30_000));

  survives("whose clock is half a minute behind keeps its promises", "behind", () => withClock("behind", -30_000));
});

describe("what operators stand on", () => {
  survives("the API server restarts", "restart", async () => {
    await onNode(controlPlane, "kill $(pidof kube-apiserver)"); // the kubelet starts it again
    const ready = () => kubectl(["get", "--raw", "/readyz"]).catch(() => undefined);
    await eventually("the API server answers", ready, 180_000);
  });

  survives("etcd stalls for eight seconds", "stall", async () => {
    await onNode(controlPlane, "pid=$(pidof etcd); kill -STOP $pid; sleep 8; kill -CONT $pid");
  });

  survives("every connection to the API server breaks, and for five seconds none is made", "cut", async () => {
    await Promise.all((await operators()).map(({ node, address }) => cutOff(node, address)));
  });
});

describe("the gateway", () => {
  scenario.alone(needs, "is served by every replica", runsOf("shared"), async () => {
    const reports = { name: "stint_gateway_requests_total", labels: { route: "report", status: "200" } };
    const pods = (await operators()).map(({ name }) => name);
    const before = await Promise.all(pods.map((pod) => operatorMetric(pod, reports)));
    const names = Array.from({ length: 16 }, (_, n) => `shared-${n}`);

    await Promise.all(names.map((name) => createRun(name, { task: "e2e/nothing" })));
    await Promise.all(names.map((name) => finished(name)));

    const after = await Promise.all(pods.map((pod) => operatorMetric(pod, reports)));
    const taken = after.map((count, index) => count - (before[index] ?? 0));
    expect(pods).toHaveLength(2);
    expect(taken.every((count) => count > 0)).toBe(true);
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(names.length);
  });

  scenario.alone(needs, "may be away while a task ends: its pod keeps the report (S53)", ["unheard"], async () => {
    await createRun("unheard", { task: "e2e/sleeps", input: [5] });
    await reason("unheard", "AttemptRunning");
    await setOperators(0);
    const pod = await podOf("unheard");
    await eventually("the report waits in the pod", async () => {
      return (await kubectl(["logs", pod])).includes('"state":"succeeded"') || undefined;
    });

    const container = await containerOf(pod);
    await signalContainer(container, "SIGTERM"); // as at the end of a node
    await signalContainer(container, "SIGKILL");
    await kubectl(["wait", "--for=jsonpath={.status.phase}=Failed", `pod/${pod}`, "--timeout=60s"]);
    expect((await getRun("unheard")).status?.phase).toBe("Running");
    await setOperators(2);

    const run = await finished("unheard");
    expect(run.status).toMatchObject({ phase: "Succeeded", result: "awake", attemptCount: 1 });
    expect(await podsOf("unheard")).toHaveLength(1);
  });
});

/** Creates a run, and waits until an operator has taken it on. */
async function accepted(name: string): Promise<void> {
  await createRun(name, { task: "e2e/nothing" });
  await kubectl(["wait", "--for=condition=Accepted", `taskrun/${name}`, "--timeout=120s"]);
}

/** New operators take over, with a clock that is wrong; the runs in flight see them come. */
async function withClock(prefix: string, offsetMs: number): Promise<void> {
  await setClock(offsetMs);
  await operatorsReady();
  await accepted(`${prefix}-next`);
}

/** Resets what goes between a pod and the API server, either way, for five seconds. */
async function cutOff(node: string, address: string): Promise<void> {
  const rules = [
    `FORWARD -s ${address} -p tcp --dport 6443`,
    `INPUT -s ${address} -p tcp --dport 6443`,
    `FORWARD -d ${address} -p tcp --sport 6443`,
    `OUTPUT -d ${address} -p tcp --sport 6443`,
  ].map((rule) => `${rule} -j REJECT --reject-with tcp-reset`);
  const each = (flag: string): string => rules.map((rule) => `iptables -w ${flag} ${rule}`).join("; ");
  await onNode(node, `trap '${each("-D")}' EXIT; ${each("-I")}; sleep 5`);
}
