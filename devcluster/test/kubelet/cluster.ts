// A cluster for the kubelet's tests: the real store and the real rules of writing, without HTTP around them.
import { dirname } from "node:path";

import { onTestFinished } from "vitest";

import type { Api } from "../../src/api.ts";
import { systemClock } from "../../src/clock.ts";
import type { ImageResolver } from "../../src/kubelet/images.ts";
import { type Nodes, type NodesOptions, startNodes } from "../../src/kubelet/nodes.ts";
import type { Container, Pod, PodSpec } from "../../src/kubelet/pod.ts";
import type { Timing } from "../../src/kubelet/timing.ts";
import { localApi } from "../../src/local-api.ts";
import { Objects } from "../../src/objects.ts";
import { Registry } from "../../src/registry.ts";
import { Store } from "../../src/store.ts";
import { Tokens } from "../../src/tokens.ts";

export const namespace = "default";

/** Everything but the limits on a node's patience, which each test sets for itself, is as quick as it can be. */
const quick: Partial<Timing> = { memoryLookMs: 20, storageLookMs: 20, imageBackoffMs: 50, configRetryMs: 20 };

/** `local` has whatever this machine has. */
export const localImages: ImageResolver = (image) =>
  image === "local" ? { env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` } } : undefined;

type Spec = Omit<Partial<PodSpec>, "containers"> & Pick<PodSpec, "containers">;

export interface TestCluster {
  readonly api: Api;
  readonly nodes: Nodes;
  readonly create: (spec: Spec, name?: string) => Pod;
  /** The first state of the pod that is as wished, from its present one on; its last one if it is gone and that was wished. */
  readonly until: (wish: (pod: Pod, isGone: boolean) => boolean, name?: string) => Promise<Pod>;
  /** Messages of the events with this reason. */
  readonly events: (reason: string) => readonly string[];
}

export async function aCluster(options: Partial<NodesOptions> = {}): Promise<TestCluster> {
  const api = await anApi();
  const nodes = await startNodes(api, {
    clock: systemClock,
    images: localImages,
    ...options,
    timing: { ...quick, ...options.timing },
  });
  onTestFinished(() => nodes.close());
  return {
    api,
    nodes,
    create: (spec, name = "main") =>
      api.create<Pod>("pods", { metadata: { name, namespace }, spec: { restartPolicy: "Never", ...spec } }),
    until: (wish, name = "main") => untilPod(api, name, wish),
    events: (reason) =>
      api.list("events").flatMap((event) => (event["reason"] === reason ? [String(event["message"])] : [])),
  };
}

function untilPod(api: Api, name: string, wish: (pod: Pod, isGone: boolean) => boolean): Promise<Pod> {
  const { promise, resolve, reject } = Promise.withResolvers<Pod>();
  let last: Pod | undefined;
  const stop = api.watch<Pod>("pods", ({ type, object }) => {
    if (object.metadata.name !== name) return;
    last = object;
    if (wish(object, type === "DELETED")) resolve(object);
  });
  const late = AbortSignal.timeout(8000); // sooner than the test's own, to say where the pod got stuck
  late.addEventListener("abort", () => reject(new Error(`pod ${name} is ${JSON.stringify(last?.status, null, 1)}`)));
  return promise.finally(stop);
}

export function isOver({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

export function isRunning({ status }: Pod): boolean {
  return status?.containerStatuses?.every(({ state }) => state.running) === true;
}

/** A container that runs a script of Node's. */
export function script(code: string, more: Partial<Container> = {}): Container {
  return { name: "main", image: "local", command: ["node", "-e", code], ...more };
}

/** Ends at the first signal. */
export const sleeper = script("setInterval(() => {}, 1000); console.log('up')");
/** Stays until it is killed. */
export const stubborn = script("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')");
/** Stays until it is told to go, and then exits with 0. */
export const polite = script(
  "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000); console.log('up')",
);

/** What a container has written until it first pauses: by then its listeners are there. */
export async function firstWords(cluster: TestCluster, name = "main"): Promise<string> {
  await cluster.until(isRunning, name);
  for await (const chunk of cluster.nodes.logs.read(namespace, name, "main", { follow: true }) ?? []) {
    return Buffer.from(chunk).toString();
  }
  return "";
}

/** A whole output as one text. */
export async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}

async function anApi(): Promise<Api> {
  const store = new Store();
  const tokens = await Tokens.create({ store, clock: systemClock, issuer: "https://devcluster" });
  const api = localApi({ store, tokens, registry: new Registry(), objects: new Objects(store, systemClock) });
  api.create("namespaces", { metadata: { name: namespace } });
  api.create("serviceaccounts", { metadata: { name: "default", namespace }, automountServiceAccountToken: false });
  return api;
}
