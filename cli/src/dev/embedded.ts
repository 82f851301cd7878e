// Stint in a box: devcluster in this process, our definitions applied to it, and the operator beside it. `stint dev` is this
// with a bundler in front; the scenarios and the chaos of our own tests are this with other drivers.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  type Devcluster,
  type DevclusterOptions,
  type ImageResolver,
  type LocalImage,
  startDevcluster,
} from "@stint/devcluster";

import { readAssets, type Assets, type Manifest } from "./assets.ts";
import { type OperatorProcess, type OperatorSettings, startOperator } from "./operator-process.ts";

export const operatorNamespace = "stint-system";

/** Name of the one image there is, and what it runs. */
const runnerImage = "stint/runner:dev";

export interface EmbeddedOptions extends Omit<DevclusterOptions, "nodes"> {
  /** As devcluster's, with the runner's image added. */
  readonly nodes?: DevclusterOptions["nodes"];
  /** Environment of every attempt, below what its pod says. */
  readonly podEnv?: Readonly<Record<string, string>>;
  /** Files and folders that every attempt finds beside its own, as path in the container → path of this machine. */
  readonly podPaths?: Readonly<Record<string, string>>;
  /** Folder of what was built; absent: the CLI's own. */
  readonly assets?: string;
}

export interface Embedded {
  readonly cluster: Devcluster;
  /** For kubectl; it goes with the cluster. */
  readonly kubeconfigFile: string;
  /** Starts an operator on it; several stand for election as replicas do. */
  startOperator(
    settings?: Partial<
      Pick<OperatorSettings, "name" | "env" | "onLine" | "gatewayAddress" | "gatewayPort" | "nodeOptions">
    >,
  ): Promise<OperatorProcess>;
  /** Stops every operator that was started and lives, then the cluster. */
  close(): Promise<void>;
}

/** Starts the cluster with our kinds and the chart's instance types, and no operator yet. */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<Embedded> {
  const { nodes = {}, ...rest } = options;
  const assets = readAssets(options.assets);
  const image = runnerOf(assets, options);
  const cluster = await startDevcluster({
    ...rest,
    nodes: nodes && { ...nodes, images: withRunner(image, nodes.images) },
  });
  try {
    applyDefinitions(cluster, assets);
    forgetLeader(cluster);
  } catch (error) {
    await cluster.close(); // a state of another version of ours may not take them
    throw error;
  }
  const folder = await mkdtemp(join(tmpdir(), "stint-dev-"));
  const { url, authority, token } = cluster.access;
  const kubeconfigFile = join(folder, "kubeconfig");
  const files = {
    [kubeconfigFile]: cluster.kubeconfig,
    [join(folder, "ca.crt")]: authority,
    [join(folder, "token")]: token,
  };
  for (const [file, text] of Object.entries(files)) await writeFile(file, text, { mode: 0o600 });
  const { hostname: host, port } = new URL(url);
  const operators: OperatorProcess[] = [];
  return {
    cluster,
    kubeconfigFile,
    async startOperator(settings = {}) {
      const operator = await startOperator({
        program: assets.operator,
        server: { host, port, mount: folder },
        namespace: operatorNamespace,
        name: `stint-operator-${operators.length}`,
        runnerImage,
        ...settings,
      });
      operators.push(operator);
      return operator;
    },
    async close() {
      await Promise.all(operators.map((operator) => operator.stop()));
      await cluster.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The runner's image as a program of this machine. */
function runnerOf({ runner, sdk }: Assets, { podEnv, podPaths }: EmbeddedOptions): LocalImage {
  return {
    entrypoint: ["node", "/stint/runner.cjs"],
    paths: { "/stint/runner.cjs": runner, "/stint/node_modules/@stint/sdk": sdk, ...podPaths },
    workingDir: "/stint/app",
    env: {
      ...podEnv,
      STINT_TOKEN_FILE: "/var/run/stint/token",
      STINT_TERMINATION_LOG: "/dev/termination-log",
    },
  };
}

function withRunner(runner: LocalImage, others: ImageResolver = () => undefined): ImageResolver {
  return (image) => (image === runnerImage ? runner : others(image));
}

/** Definitions first: the instance types are of a kind of ours. What a state file has brought back is brought up to date. */
function applyDefinitions({ api }: Devcluster, { definitions, instanceTypes }: Assets): void {
  const apply = (resource: string, manifest: Manifest): void => {
    const { name } = manifest.metadata;
    if (api.get(resource, { name })) api.update(resource, manifest);
    else api.create(resource, manifest);
  };
  for (const definition of definitions) apply("customresourcedefinitions.apiextensions.k8s.io", definition);
  for (const type of instanceTypes) apply("instancetypes.stint.dev", type);
  if (!api.get("namespaces", { name: operatorNamespace })) {
    api.create("namespaces", { metadata: { name: operatorNamespace } });
  }
}

/** For when nobody is left who could lead: the next operator need not wait until the lease has run out. */
export function forgetLeader({ api }: Devcluster): void {
  const lease = { namespace: operatorNamespace, name: "stint-operator" };
  if (api.get("leases.coordination.k8s.io", lease)) api.delete("leases.coordination.k8s.io", lease);
}
