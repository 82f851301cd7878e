// The cluster that a file of contract tests runs against, with a namespace of its own and the kind Widget in it.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll } from "vitest";
import { parse } from "yaml";

import { startDevcluster } from "../../../src/index.ts";
import { type Body, Client } from "./client.ts";

export interface Contract {
  readonly client: Client;
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Path of the namespace's Widgets. */
  readonly widgets: string;
  /** Path of another collection of the core group in the namespace. */
  core(plural: string): string;
}

const onCluster = process.env["STINT_CONTRACT"] === "cluster";

/** An image with a shell in it: what env.sh of test/cluster names, and on a devcluster with nodes this machine's programs. */
export const shellImage = (onCluster && process.env["STINT_TEST_IMAGE"]) || "contract.example.dev/shell:1";

export interface ContractOptions {
  /** Whether pods run; the other files look only at what the API server says of them. */
  readonly withNodes?: boolean;
}

/** Set before the first test of the file and taken away after its last. */
export function useCluster(options: ContractOptions = {}): Contract {
  let contract: (Contract & { readonly close: () => Promise<void> }) | undefined;
  beforeAll(async () => {
    contract = await connect(options);
  });
  afterAll(() => contract?.close());
  const now = (): Contract => {
    if (!contract) throw new Error("no test has begun yet");
    return contract;
  };
  return {
    get client() {
      return now().client;
    },
    get kubeconfig() {
      return now().kubeconfig;
    },
    get namespace() {
      return now().namespace;
    },
    get widgets() {
      return now().widgets;
    },
    core: (plural) => now().core(plural),
  };
}

async function connect(options: ContractOptions) {
  const { kubeconfig, close } = onCluster ? fromEnvironment() : await ownDevcluster(options);
  const client = new Client(kubeconfig);
  const namespace = `contract-${randomBytes(4).toString("hex")}`;
  await client.post("/api/v1/namespaces", { metadata: { name: namespace } });
  await applyDefinition(client, parse(readFileSync(new URL("widgets.yaml", import.meta.url), "utf8")));
  await eventually(
    () => client.get(`/api/v1/namespaces/${namespace}/serviceaccounts/default`),
    ({ status }) => status === 200,
  );
  return {
    client,
    kubeconfig,
    namespace,
    widgets: `/apis/contract.example.dev/v1/namespaces/${namespace}/widgets`,
    core: (plural: string) => `/api/v1/namespaces/${namespace}/${plural}`,
    close: async () => {
      await client.delete(`/api/v1/namespaces/${namespace}`);
      client.close();
      await close();
    },
  };
}

function fromEnvironment() {
  const { KUBECONFIG } = process.env;
  if (!KUBECONFIG) throw new Error("STINT_CONTRACT=cluster needs KUBECONFIG");
  return { kubeconfig: KUBECONFIG, close: () => Promise.resolve() };
}

async function ownDevcluster({ withNodes = false }: ContractOptions) {
  const folder = mkdtempSync(join(tmpdir(), "contract-"));
  const images = (image: string) => (image === shellImage ? {} : undefined);
  const cluster = await startDevcluster({ nodes: withNodes && { images } });
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig);
  return {
    kubeconfig,
    close: async () => {
      await cluster.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Creates the definition, if it is not there, and waits until its kind is served. */
async function applyDefinition(client: Client, definition: Body): Promise<void> {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await client.post(definitions, definition);
  const { group, names } = definition.spec;
  const path = `/apis/${group}/${definition.spec.versions[0].name}/${names.plural}`;
  await eventually(
    () => client.get(path),
    ({ status }) => status === 200,
  );
}

/**
 * Asks until the answer is as wished; the last answer after a minute of asking, whatever it is.
 *
 * A cluster's garbage collector takes half a minute to learn of a new kind.
 */
export async function eventually<T>(ask: () => Promise<T>, isWished: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + 60_000;
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, 250)) {
    const answer = await ask();
    if (isWished(answer) || performance.now() > end) return answer;
    await setTimeout(pauseMs); // others live on that cluster too
  }
}
