// All nodes of a cluster with what places, runs and watches over their pods: one thing to start, to disturb and to close.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Api } from "../api.ts";
import type { Clock } from "../clock.ts";
import { NodeLifecycle } from "../node-lifecycle.ts";
import type { LogOptions, PodLogs } from "../pod-logs.ts";
import { Scheduler } from "../scheduler.ts";
import type { OutputListener } from "./container-life.ts";
import type { ImageResolver } from "./images.ts";
import { Kubelet } from "./kubelet.ts";
import type { NodeSettings } from "./node-object.ts";
import type { Pod } from "./pod.ts";
import { Reaper } from "./reaper.ts";
import { kubernetesTiming, type Timing } from "./timing.ts";

export interface NodesOptions {
  readonly clock: Clock;
  /** Default: one node named `local`. */
  readonly nodes?: readonly NodeSettings[];
  /** Which images there are; default none, so that every pod waits as ImagePullBackOff. */
  readonly images?: ImageResolver;
  /** What differs from Kubernetes' own waits. */
  readonly timing?: Partial<Timing>;
  readonly onOutput?: OutputListener;
}

/** How a node is lost: it cannot be reached and runs on, or it is switched off. */
type NodeLoss = "partition" | "powerOff";

/** The nodes, and what may befall them. A node is named as in its settings; another name throws a RangeError. */
export interface Nodes {
  readonly logs: PodLogs;
  /** Path of an empty file that is gone soon after this process is, however it ends. */
  readonly lifeline: string;
  loseNode(name: string, how?: NodeLoss): void;
  healNode(name: string): void;
  /** `kubectl drain`: no more pods, and those that are there are evicted. */
  drain(name: string): void;
  /** The node goes down in good order: its pods end as `Terminated`. */
  shutDown(name: string): void;
  /** The node runs short, and evicts this pod. */
  evictForPressure(
    pod: { readonly namespace: string; readonly name: string },
    resource: "memory" | "ephemeral-storage",
  ): void;
  /** Kills every process that was started and removes its files. The API keeps what it holds. */
  close(): Promise<void>;
}

/** Registers the nodes and begins to place and run pods. */
export async function startNodes(api: Api, options: NodesOptions): Promise<Nodes> {
  const { clock, nodes = [{ name: "local" }], images = () => undefined, onOutput } = options;
  const timing = { ...kubernetesTiming, ...options.timing };
  const folder = await mkdtemp(join(tmpdir(), "devcluster-"));
  const reaper = new Reaper(folder);
  const lifeline = join(folder, ".lifeline"); // no node is named like that
  await writeFile(lifeline, "");
  const parts = { api, clock, timing, images, reaper, folder, ...(onOutput && { onOutput }) };
  const kubelets = new Map(nodes.map((settings) => [settings.name, new Kubelet(settings, parts)]));
  const kubelet = (name: string): Kubelet => {
    const found = kubelets.get(name);
    if (!found) throw new RangeError(`no node is named "${name}"`);
    return found;
  };
  kubelets.forEach((kubelet) => kubelet.start());
  const scheduler = new Scheduler(api, clock);
  const lifecycle = new NodeLifecycle(api, clock, timing);
  return {
    logs: logsOf(api, kubelets),
    lifeline,
    loseNode(name, how = "partition") {
      if (how === "partition") kubelet(name).cutOff();
      else kubelet(name).powerOff();
      void lifecycle.silence(name);
    },
    healNode(name) {
      kubelet(name).reconnect();
      lifecycle.hear(name);
    },
    drain: (name) => lifecycle.drain(name),
    shutDown: (name) => kubelet(name).shutDown(),
    evictForPressure(ref, resource) {
      const pod = api.get<Pod>("pods", ref);
      if (pod?.spec.nodeName !== undefined) kubelet(pod.spec.nodeName).evict(pod.metadata.uid, resource);
    },
    async close() {
      scheduler.stop();
      lifecycle.stop();
      await Promise.all([...kubelets.values()].map((kubelet) => kubelet.stop()));
      await reaper.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function logsOf(api: Api, kubelets: ReadonlyMap<string, Kubelet>): PodLogs {
  return {
    read(namespace: string, name: string, container: string, options: LogOptions = {}) {
      if (options.previous) return undefined; // no container is started a second time
      const pod = api.get<Pod>("pods", { namespace, name });
      return pod && kubelets.get(pod.spec.nodeName ?? "")?.logs(pod, container, options);
    },
  };
}
