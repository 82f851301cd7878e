// Stint for the bench: its definitions and rights from the chart, its operator as a process of this machine with the chart's
// ServiceAccount, so that it has neither more rights nor another priority at the API server than in a cluster. Its bundle is
// registered through the gateway, as a runner would do it, by the bench.
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { attemptPath, podContract } from "@stint/crds/attempt";
import { component, label } from "@stint/crds/labels";
import type { ManifestTask } from "@stint/crds/manifest";

import { type OperatorProcess, startOperator } from "../../cli/src/dev/operator-process.ts";
import { step } from "../e2e/kit/steps.ts";
import { run } from "../shell.ts";
import { AnswerError, Api, type ApiList, type ApiObject } from "./api.ts";
import { until } from "./control-plane.ts";
import { nodeSelector } from "./kwok.ts";

const namespace = "stint-system";
const account = "stint-operator";
export const operatorUser = `system:serviceaccount:${namespace}:${account}`;
export const bundleName = "bench";
export const taskName = "nothing";
export const sizeName = "starter";

export interface StintOptions {
  readonly api: Api;
  /** Folder with the built operator. */
  readonly assets: string;
  /** For what the operator reads. */
  readonly folder: string;
  /** Where a profile of it goes; absent: none is made. */
  readonly profileFolder?: string;
}

/** Throws if somebody has installed Stint on the cluster: there is one operator a cluster. */
export async function refuseOther(): Promise<void> {
  const { code } = await run("helm", ["status", "stint", "--namespace", namespace]);
  if (code === 0)
    throw new Error("Stint is on this cluster: helm uninstall it, or make cluster-down; the bench brings its own");
}

/** What the operator needs around it, from the chart: all but its Deployment. Answers with what takes it away again. */
export async function installStint(folder: string): Promise<() => Promise<void>> {
  const size = `instanceTypes.${sizeName}.resources`;
  const parts = ["rbac", "service", "instancetypes"].flatMap((part) => ["--show-only", `templates/${part}.yaml`]);
  const values = ["--set-string", `${size}.cpu=10m,${size}.memory=16Mi`];
  const args = ["template", "stint", "helm", "--namespace", namespace, ...parts, ...values];
  const file = join(folder, "chart.yaml");
  writeFileSync(file, await step("helm template", "helm", args, process.env));
  const kubectl = (title: string, ...args: readonly string[]) => step(title, "kubectl", args, process.env);
  const remove = async (): Promise<void> => {
    const absent = "--ignore-not-found";
    await kubectl("delete what came from the chart", "delete", "-f", file, "--namespace", namespace, absent);
    await kubectl("delete its namespace", "delete", "namespace", namespace, absent);
    await kubectl("delete the CRDs", "delete", "-f", "crds/generated", absent);
  };
  try {
    await kubectl("apply the CRDs", "apply", "--server-side", "--force-conflicts", "-f", "crds/generated");
    await kubectl("create its namespace", "create", "namespace", namespace);
    await kubectl("apply the chart, but its operator", "apply", "-f", file, "--namespace", namespace);
    return remove;
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Of the last measure. */
export const operatorLog = fileURLToPath(new URL("dist/operator.log", import.meta.url));

/** The chart's operator, outside: the same program, variables and ServiceAccount. */
export async function startStint({ api, assets, folder, profileFolder }: StintOptions): Promise<OperatorProcess> {
  const log = createWriteStream(operatorLog);
  const mount = join(folder, "serviceaccount");
  mkdirSync(mount);
  const token = await step(
    "token of the operator's ServiceAccount",
    "kubectl",
    ["create", "token", account, "--namespace", namespace, "--duration", "24h"],
    process.env,
  );
  writeFileSync(join(mount, "token"), token, { mode: 0o600 });
  writeFileSync(join(mount, "ca.crt"), api.authority);
  const program = join(assets, "operator.cjs");
  const { hostname: host, port } = api.server;
  const operator = await startOperator({
    program,
    server: { host, port, mount },
    namespace,
    name: "stint-operator-bench",
    runnerImage: "bench.invalid/runner:1",
    onLine: (line) => log.write(`${line}\n`),
    ...(profileFolder !== undefined && { nodeOptions: ["--cpu-prof", "--cpu-prof-dir", profileFolder] }),
  });
  await operator.ready;
  return operator;
}

/** A bundle in the namespace, registered and Ready. Its code is never run. */
export async function deployBundle(api: Api, namespace: string): Promise<void> {
  const bundles = `/apis/stint.dev/v1alpha1/namespaces/${namespace}/taskbundles`;
  await api.send("POST", bundles, {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskBundle",
    metadata: { name: bundleName },
    spec: {
      source: {
        inline: `import { task } from "@stint/sdk";\nexport const nothing = task("${taskName}", () => null);\n`,
      },
      podTemplate: { spec: { nodeSelector } },
    },
  });
  await register(api, namespace);
  await until("the bundle is Ready", async () => {
    const { status } = await api.send("GET", `${bundles}/${bundleName}`);
    return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  });
}

const task: ManifestTask = {
  name: taskName,
  kind: "Task",
  functionName: taskName,
  tags: [],
  labels: {},
  settings: {},
  signature: { parameters: [], objectArgument: false },
  sourceHash: "0".repeat(64),
};

/** What the runner of a registration pod does: with that pod's own token, it posts the list of tasks (S12). */
async function register(api: Api, namespace: string): Promise<void> {
  const pods = `/api/v1/namespaces/${namespace}/pods?labelSelector=${label.component}%3D${component.registration}`;
  let pod: ApiObject | undefined;
  await until("the registration pod runs", async () => {
    [pod] = (await api.send<ApiList>("GET", pods)).items;
    return pod?.status?.phase === "Running";
  });
  const gateway = await gatewayFor(api, namespace, pod);
  await until("the gateway takes the tasks", async () => {
    try {
      await gateway.send("POST", `${attemptPath}/tasks`, { tasks: [task] });
      return true;
    } catch (error) {
      if (error instanceof AnswerError && error.status === 503) return false; // its cache is behind
      throw error;
    }
  });
}

async function gatewayFor(api: Api, namespace: string, pod: ApiObject | undefined): Promise<Api> {
  const { name = "", uid = "" } = pod?.metadata ?? {};
  const { status } = await api.send("POST", `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: [podContract.audience], boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid } },
  });
  const env = pod?.spec?.containers?.[0]?.env ?? [];
  const variable = (wanted: string): string => env.find(({ name }) => name === wanted)?.value ?? "";
  return new Api(new URL(`https://${variable(podContract.gatewayAddress)}`), {
    ca: variable(podContract.gatewayCa),
    servername: variable(podContract.gatewayName),
    authorization: `Bearer ${status?.token ?? ""}`,
  });
}
