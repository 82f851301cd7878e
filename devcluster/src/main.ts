// `node devcluster/src/main.ts --port 8120 --kubeconfig /path`: a cluster until Ctrl-C.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { type Devcluster, startDevcluster } from "./index.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8120" },
    host: { type: "string", default: "127.0.0.1" },
    kubeconfig: { type: "string", default: "devcluster.kubeconfig" },
    data: { type: "string" },
  },
});
const { port, host, kubeconfig, data } = values;

try {
  const cluster = await startDevcluster({ port: Number(port), host, ...(data !== undefined && { dataFile: data }) });
  closeAtSignal(cluster);
  writeFileSync(kubeconfig, cluster.kubeconfig, { mode: 0o600 });
  process.stdout.write(`devcluster listens on ${cluster.url}\nexport KUBECONFIG=${kubeconfig}\n`);
} catch (error) {
  process.stderr.write(`${reasonFor(error)}\n`);
  process.exit(1);
}

function closeAtSignal(cluster: Devcluster): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void cluster.close().then(() => process.exit(0)));
  }
}

/** What happened, and what to do about it. */
function reasonFor(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return `Port ${port} is taken. Stop what listens there, or name another with --port.`;
  if (code === "ERR_SOCKET_BAD_PORT") return `"${port}" is no port. Name one from 0 to 65535 with --port.`;
  return error instanceof Error ? error.message : String(error);
}
