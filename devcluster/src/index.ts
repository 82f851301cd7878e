// A Kubernetes API in one process, with nodes that run pods as local processes.
import type { IncomingMessage } from "node:http";

import type { Api } from "./api.ts";
import { issueServerCertificate } from "./certificates.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { ClusterState } from "./cluster-state.ts";
import { type FaultRates, type Faults, noFaults, seededFaults } from "./faults.ts";
import { GarbageCollector } from "./garbage.ts";
import { keepHouse } from "./housekeeping.ts";
import { type Nodes, type NodesOptions, startNodes } from "./kubelet/nodes.ts";
import { type Access, toKubeconfig } from "./kubeconfig.ts";
import { localApi } from "./local-api.ts";
import { Objects } from "./objects.ts";
import { Pages } from "./pages.ts";
import { keepInFile } from "./persistence.ts";
import { Registry } from "./registry.ts";
import { type Outcome, route } from "./routes.ts";
import { listen } from "./server.ts";
import { Store } from "./store.ts";
import { Tokens } from "./tokens.ts";

export type { Api as LocalApi, KubeObject } from "./api.ts";
export { type FaultRates, type Faults, seededFaults } from "./faults.ts";
export type { OutputListener } from "./kubelet/container-life.ts";
export type { ImageResolver, LocalImage } from "./kubelet/images.ts";
export type { NodeSettings } from "./kubelet/node-object.ts";
export { StateFileError } from "./persistence.ts";

export interface DevclusterOptions {
  /** Default 0: any that is free. */
  readonly port?: number;
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Where the state is kept; absent: in memory, and gone with the process. */
  readonly dataFile?: string;
  /** The nodes and what runs on them; `false`: none, and pods stay Pending unless a test moves them. */
  readonly nodes?: Omit<NodesOptions, "clock"> | false;
  /** Faults to inject, by seed; absent: none. */
  readonly faults?: { readonly seed: number; readonly rates: FaultRates } | Faults;
  readonly clock?: Clock;
}

export interface Devcluster {
  /** `https://127.0.0.1:8120`. */
  readonly url: string;
  /** For a file that KUBECONFIG names: JSON, which is YAML as well. */
  readonly kubeconfig: string;
  /** What is in it. Plain HTTP on the same port is answered too, to the same token. */
  readonly access: Access;
  /** The same API, in this process. */
  readonly api: Api;
  /** To disturb; undefined without nodes. */
  readonly nodes: Nodes | undefined;
  /** Forgets the past of watches and the rest of lists, as a compaction does: the next to ask gets a 410. */
  compact(): void;
  /** Ends every connection and every process that was started; the last change is in the file. */
  close(): Promise<void>;
}

/** As in every cluster, so that nobody takes it for the address. */
const issuer = "https://kubernetes.default.svc.cluster.local";

/** Starts a cluster. Rejects where the port is taken or the file holds something else. */
export async function startDevcluster(options: DevclusterOptions = {}): Promise<Devcluster> {
  const { host = "127.0.0.1", port = 0, clock = systemClock, dataFile } = options;
  const store = new Store();
  const [certificate, tokens] = await Promise.all([
    issueServerCertificate([...new Set([host, "127.0.0.1", "localhost"])], clock.now()),
    Tokens.create({ store, clock, issuer }),
  ]);
  const save = dataFile === undefined ? () => undefined : keepInFile(store, dataFile, clock);
  const registry = new Registry();
  const objects = new Objects(store, clock);
  const api = localApi({ store, registry, objects, tokens });
  keepHouse({ store, registry, objects, authority: certificate.authority });
  const collector = new GarbageCollector(store, registry, objects);
  const nodes = options.nodes === false ? undefined : await startNodes(api, { clock, ...options.nodes });
  const pages = new Pages();
  const logs = nodes && { logs: nodes.logs };
  const state: ClusterState = { store, registry, objects, pages, tokens, clock, api, ...logs };
  const faults = faultsOf(options.faults);
  const answer = (request: IncomingMessage): Promise<Outcome> => route(request, state, faults);
  const listening = await listen({ host, port, certificate, route: answer }).catch(async (error: unknown) => {
    await nodes?.close(); // the port is taken: whatever has begun to run ends here
    throw error;
  });
  const url = `https://${host}:${listening.port}`;
  const access: Access = { url, authority: certificate.authority, token: tokens.adminToken };
  return {
    url,
    kubeconfig: toKubeconfig(access),
    access,
    api,
    nodes,
    compact: () => {
      store.log.forget();
      pages.forget();
    },
    close: async () => {
      await nodes?.close();
      await listening.close();
      collector.stop();
      save();
    },
  };
}

function faultsOf(faults: DevclusterOptions["faults"]): Faults {
  if (!faults) return noFaults;
  return "seed" in faults ? seededFaults(faults.seed, faults.rates) : faults;
}
