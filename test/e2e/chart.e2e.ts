// The chart on a cluster: what its API server takes, and the life of a release. `make e2e` has installed it; here it is upgraded,
// removed and installed again, with runs in flight. Afterwards all is as it was before.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { chart, helm, rendered } from "../chart/kit/helm.ts";
import { createRun, finished, getRun, isOnDevcluster, kubectl, operatorNamespace, reason } from "./kit/cluster.ts";
import { addBundle, prepareNamespace } from "./kit/prepare.ts";
import { testOnRealCluster } from "./kit/scenario.ts";

const deployments = "a kubelet that runs the operator's pods";
const crd = "taskruns.stint.dev";
const release = ["stint", "--namespace", operatorNamespace] as const;
const folder = mkdtempSync(join(tmpdir(), "stint-chart-"));
/** As `make e2e` has given them. */
const givenValues = join(folder, "values.json");

test.each([false, true])("the API server takes the network policies (S297), strict: %s", async (strict) => {
  const policies = await rendered("NetworkPolicy", { runNamespaces: ["default"], network: { strict } });

  const answer = await kubectl(["-n", "default", "apply", "--dry-run=server", "-f", "-"], {
    stdin: JSON.stringify({ apiVersion: "v1", kind: "List", items: policies }),
  });

  expect(answer).toContain("networkpolicy.networking.k8s.io/stint-attempts created (server dry run)");
});

describe("a release", () => {
  beforeAll(async () => {
    if (isOnDevcluster) return;
    writeFileSync(givenValues, await helmOrThrow("get", "values", ...release, "--output", "json"));
    await prepareNamespace();
    await addBundle("chart", "bundle.ts");
  });

  afterAll(async () => {
    if (!isOnDevcluster) {
      await applyCrds(chart);
      await upgrade(chart);
      await ofOperator("delete", "secret", "kept-ca", "--ignore-not-found");
    }
    rmSync(folder, { recursive: true });
  });

  testOnRealCluster(
    deployments,
    "is removed, but for CRDs and runs; the next one takes up what is in flight",
    async () => {
      const before = await runningFor("through-uninstall", 25);

      await helmOrThrow("uninstall", ...release, "--wait", "--timeout", "120s");
      const left = await leftovers();
      await applyCrds(chart);
      await upgrade(chart);
      const run = await finished("through-uninstall", 150);

      expect(left).toEqual({ ofRelease: "service/stint-gateway\n", crds: 3, run: before }); // its address is known to pods
      expect(run.status).toMatchObject({ phase: "Succeeded", result: "awake", attemptCount: 1 });
    },
  );

  testOnRealCluster(deployments, "serves under an authority that people keep (S294)", async () => {
    const { data } = JSON.parse(await ofOperator("get", "secret", "stint-gateway-ca", "-o", "json")) as {
      data: object;
    };
    const kept = { apiVersion: "v1", kind: "Secret", metadata: { name: "kept-ca" }, data };
    await kubectl(["-n", operatorNamespace, "apply", "-f", "-"], { stdin: JSON.stringify(kept) });
    await runningFor("through-authority", 20);

    await upgrade(chart, "--set", "gateway.caSecret=kept-ca");
    const run = await finished("through-authority");

    expect(run.status).toMatchObject({ phase: "Succeeded", result: "awake", attemptCount: 1 });
  });

  testOnRealCluster(deployments, "is upgraded to other values while runs go on", async () => {
    await runningFor("through-upgrade", 25);

    await upgrade(chart, "--set", "logLevel=debug,podRetentionSeconds=1,podDisruptionBudget.maxUnavailable=50%");
    const run = await finished("through-upgrade");

    expect(run.status).toMatchObject({ phase: "Succeeded", result: "awake", attemptCount: 1 });
    const levels = `{.spec.template.spec.containers[0].env[?(@.name=="STINT_LOG_LEVEL")].value}`;
    expect(await ofOperator("get", "deployment", "stint-operator", "-o", `jsonpath=${levels}`)).toBe("debug");
    expect(await ofOperator("get", "pdb", "stint-operator", "-o", "jsonpath={.spec.maxUnavailable}")).toBe("50%");
    await kubectl(["wait", "--for=delete", "pods", "-l", "stint.dev/run=through-upgrade", "--timeout=60s"]); // retention
  });

  testOnRealCluster(deployments, "refuses values that its schema does not know, and stays as it is", async () => {
    const before = await revision();

    await expect(upgrade(chart, "--set", "replicas=0")).rejects.toThrow("at '/replicas': minimum: got 0, want 1");

    expect(await revision()).toBe(before);
  });

  testOnRealCluster(deployments, "goes to a chart with other CRDs only after these; runs are kept", async () => {
    const newer = aNewerChart();
    await runningFor("through-crds", 25);

    await expect(upgrade(newer)).rejects.toThrow(`the cluster's ${crd} is not that of this chart`);
    await applyCrds(newer);
    await upgrade(newer);
    const run = await finished("through-crds");

    expect(await kubectl(["get", "crd", crd, "-o", "jsonpath={.spec.versions[0].schema.openAPIV3Schema}"])).toContain(
      "grandchildren",
    );
    expect(run.status).toMatchObject({ phase: "Succeeded", attemptCount: 1 });
  });
});

/** A run that sleeps so many seconds, once it does; answers its uid. */
async function runningFor(name: string, seconds: number): Promise<string> {
  await createRun(name, { task: "chart/sleeps", input: [seconds] });
  await reason(name, "AttemptRunning");
  return (await getRun(name)).metadata.uid;
}

/** A chart of a later version: one with a field that the CRD of this one does not know. */
function aNewerChart(): string {
  const copy = join(folder, "newer");
  cpSync(chart, copy, { recursive: true });
  const file = join(copy, "crds", `${crd}.yaml`);
  const text = readFileSync(file, "utf8")
    .replace(/stint\.dev\/spec-hash: .*/, "stint.dev/spec-hash: of-a-later-version")
    .replace(/^( +)displayName:\n/m, "$1grandchildren:\n$1  type: integer\n$&");
  writeFileSync(file, text);
  return copy;
}

async function upgrade(from: string, ...more: readonly string[]): Promise<void> {
  const values = ["--values", givenValues, ...more];
  await helmOrThrow("upgrade", "--install", ...release, from, ...values, "--wait", "--timeout", "180s");
}

/** As docs/install.md says. */
async function applyCrds(from: string): Promise<void> {
  const crds = await helmOrThrow("show", "crds", from);
  await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { stdin: crds });
}

async function revision(): Promise<unknown> {
  return (JSON.parse(await helmOrThrow("status", ...release, "--output", "json")) as { version: unknown }).version;
}

/** What an uninstalled release has left behind. */
async function leftovers(): Promise<object> {
  const kinds = "deployment,service,pdb,serviceaccount,role,rolebinding,clusterrole,clusterrolebinding,instancetypes";
  const selector = ["-l", "app.kubernetes.io/instance=stint", "-o", "name"];
  return {
    ofRelease: await ofOperator("get", kinds, ...selector),
    crds: (await kubectl(["get", "crd", "-o", "name"])).match(/\.stint\.dev$/gm)?.length,
    run: (await getRun("through-uninstall")).metadata.uid,
  };
}

function ofOperator(...args: readonly string[]): Promise<string> {
  return kubectl(["-n", operatorNamespace, ...args]);
}

async function helmOrThrow(...args: readonly string[]): Promise<string> {
  const { code, output } = await helm(...args);
  if (code !== 0) throw new Error(output);
  return output;
}
