// Builds operator/dist/, the context of the operator's image: one file.
import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

rmSync(here("dist"), { recursive: true, force: true });
mkdirSync(here("dist"));
await build({
  entryPoints: [here("src/main.ts")],
  outfile: here("dist/operator.cjs"),
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  keepNames: true, // a rule's name is its function's: it labels log lines and metrics
  sourcemap: "inline", // a stack in a log has to name our lines
  sourcesContent: false,
  // Loads kubeconfigs outside a cluster; inside, nobody imports it.
  external: ["@kubernetes/client-node"],
  logLevel: "warning",
});
