// What Stint costs and how fast it is, on the real cluster. Counts are asserted; times are reported.
import { KubeConfig, Watch } from "@kubernetes/client-node";
import type { TaskRun } from "@stint/crds/taskrun";
import { beforeAll, describe, expect } from "vitest";

import { auditMark, inWords, isWrite, operatorRequestsSince } from "./kit/audit.ts";
import { createRun, eventually, finished, kubectl, namespace, reason, runToEnd } from "./kit/cluster.ts";
import { prepareBundle } from "./kit/prepare.ts";
import { testOnRealCluster } from "./kit/scenario.ts";

const auditLog = "the API server's audit log";
const kubelets = "a kubelet and a runtime to be measured";

beforeAll(prepareBundle);

describe("own writes of a successful run", () => {
  async function writesOf(name: string, spec: Record<string, unknown>): Promise<string[]> {
    const mark = auditMark();
    await runToEnd(name, spec);
    const requests = await operatorRequestsSince(mark);
    return requests
      .filter((request) => isWrite(request) && request.namespace === namespace && request.name.startsWith(name))
      .map(inWords);
  }

  testOnRealCluster(auditLog, "a long task costs four: accepted, created, running, finished", async () => {
    const writes = await writesOf("ledger-long", { task: "e2e/sleeps", input: [3] });

    expect(writes).toEqual([
      "update taskruns/status",
      "create pods",
      "update taskruns/status",
      "update taskruns/status",
    ]);
  });

  testOnRealCluster(auditLog, "a short one costs three, or four where its Running came first", async () => {
    const writes = await writesOf("ledger-short", { task: "e2e/nothing" });

    const long = ["update taskruns/status", "create pods", "update taskruns/status", "update taskruns/status"];
    expect([long.slice(0, 3), long]).toContainEqual(writes);
  });
});

testOnRealCluster("an API server that keeps whose a field is", "a status has one record of its owner", async () => {
  await runToEnd("owned", { task: "e2e/nothing" });
  const shown = await kubectl(["get", "taskrun", "owned", "-o", "json", "--show-managed-fields"]);
  const { metadata } = JSON.parse(shown) as {
    metadata: { managedFields: { subresource?: string; fieldsV1: object }[] };
  };

  const records = metadata.managedFields.filter(({ subresource }) => subresource === "status");
  expect(records.map(({ fieldsV1 }) => fieldsV1)).toEqual([{ "f:status": {} }]);
});

describe("quiet", () => {
  testOnRealCluster(auditLog, "in 30 quiet seconds nothing is asked but watches and the lease", async () => {
    await createRun("quiet", { task: "e2e/sleeps", input: [45] });
    await reason("quiet", "AttemptRunning");
    const mark = auditMark();

    await pass(30_000);

    const requests = await operatorRequestsSince(mark);
    const asked = requests.filter(({ verb, resource }) => verb !== "watch" && resource !== "leases");
    // Finished pods of scenarios before this one may be due just now: work, and no poll.
    const others = asked.filter(({ verb }) => verb !== "deletecollection");
    expect(others.map(inWords)).toEqual([]);
    expect(requests.filter(({ resource }) => resource === "leases").length).toBeGreaterThan(5);
    await finished("quiet");
  });
});

describe("figures", () => {
  testOnRealCluster(kubelets, "function returned → status.result seen by a watch", async () => {
    const seen = new Map<string, number>();
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromDefault();
    const path = `/apis/stint.dev/v1alpha1/namespaces/${namespace}/taskruns`;
    const watch = await new Watch(kubeconfig).watch(
      path,
      {},
      (_, run: TaskRun) => {
        if (run.status?.result !== undefined && !seen.has(run.metadata.name)) seen.set(run.metadata.name, Date.now());
      },
      () => undefined,
    );
    const delays: number[] = [];
    for (let n = 0; n < 20; n++) {
      const run = await runToEnd(`latency-${n}`, { task: "e2e/stamps" });
      const at = await eventually("the watch shows the result", async () => seen.get(run.metadata.name));
      delays.push(at - Number(run.status?.result));
    }
    watch.abort();

    report("function returned → status.result seen by a watch", delays);
    expect(delays).toHaveLength(20);
  });

  testOnRealCluster(
    kubelets,
    "runner: process start → function entered, beside a bare Node start in the same pod",
    async () => {
      const runs = [];
      for (let n = 0; n < 5; n++)
        runs.push(await runToEnd(`overhead-${n}`, { task: "e2e/overhead", instanceType: "e2e-fast" }));
      const figures = runs.map(({ status }) => status?.result as { entered: number; bare: number });

      report(
        "process start → function entered, assignment fetched",
        figures.map(({ entered }) => entered),
      );
      report(
        "bare Node start in the same pods",
        figures.map(({ bare }) => bare),
      );
      report(
        "runner overhead",
        figures.map(({ entered, bare }) => entered - bare),
      );
      expect(figures).toHaveLength(5);
    },
  );
});

function report(title: string, samples: readonly number[]): void {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(0);
  console.log(`  figure  ${title}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, n=${samples.length}`);
}

function pass(ms: number): Promise<void> {
  // oxlint-disable-next-line no-restricted-globals -- silence can only be waited for
  return new Promise((resolve) => setTimeout(resolve, ms));
}
