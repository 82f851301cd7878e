// `node devcluster/src/main.ts --port 8120 --kubeconfig /path`: a cluster until Ctrl-C.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { startDevcluster } from "./index.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8120" },
    host: { type: "string", default: "127.0.0.1" },
    kubeconfig: { type: "string", default: "devcluster.kubeconfig" },
    data: { type: "string" },
  },
});

const { data } = values;
const cluster = await startDevcluster({
  port: Number(values.port),
  host: values.host,
  ...(data !== undefined && { dataFile: data }),
});
writeFileSync(values.kubeconfig, cluster.kubeconfig, { mode: 0o600 });
process.stdout.write(`devcluster listens on ${cluster.url}\nexport KUBECONFIG=${values.kubeconfig}\n`);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void cluster.close().then(() => process.exit(0));
  });
}
