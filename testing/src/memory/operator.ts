// One process of the operator before an API server in memory: all of it but its sockets, its election and its configuration.
import { assemble, type Assembly, type AssemblyOptions } from "@stint/operator/assembly";
import type { Clock } from "@stint/operator/clock";
import { createInformers, type Informers } from "@stint/operator/controller/informers";

import type { MemoryCluster } from "./cluster.ts";

export interface OperatorOptions extends Omit<AssemblyOptions, "cluster" | "informers"> {
  readonly cluster: MemoryCluster;
}

export interface StartedOperator {
  readonly informers: Informers;
  readonly assembly: Assembly;
}

/** As often as an API server does, so that a quiet watch is not taken for a dead one. */
const bookmarkMs = 60_000;

/** Starts it, until the signal is aborted: its caches are warm when this resolves, and it does not reconcile yet. */
export async function startOperator(options: OperatorOptions, signal: AbortSignal): Promise<StartedOperator> {
  const informers = createInformers(options);
  const all = Object.values(informers);
  for (const informer of all) void informer.run(signal);
  void sendBookmarks(options.cluster, options.clock, signal);
  await Promise.all(all.map((informer) => informer.untilSynced(signal)));
  return { informers, assembly: assemble({ ...options, informers }) };
}

async function sendBookmarks(cluster: MemoryCluster, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(bookmarkMs, signal).catch(() => undefined); // over
    cluster.sendBookmarks();
  }
}
