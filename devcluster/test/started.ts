// A devcluster for one test, spoken to over HTTP.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { type Devcluster, type DevclusterOptions, startDevcluster } from "../src/index.ts";
import { Client } from "./contract/kit/client.ts";

export interface Started {
  readonly cluster: Devcluster;
  readonly client: Client;
}

/** Without nodes, unless the test wants some. Closed when the test ends. */
export async function started(options: DevclusterOptions = {}): Promise<Started> {
  const cluster = await startDevcluster({ nodes: false, ...options });
  const kubeconfig = join(aFolder(), "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig);
  const client = new Client(kubeconfig);
  onTestFinished(async () => {
    client.close();
    await cluster.close();
  });
  return { cluster, client };
}

export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "devcluster-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
