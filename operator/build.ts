// Builds operator/dist/, the context of the operator's image: one file.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { build, type BuildOptions } from "esbuild";

const here = import.meta.dirname;

/** How esbuild makes that file. */
export const operatorRecipe = {
  entryPoints: [join(here, "src/main.ts")],
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
} satisfies BuildOptions;

export async function buildOperator(outfile: string): Promise<void> {
  await build({ ...operatorRecipe, outfile });
}

if (import.meta.main) {
  const dist = join(here, "dist");
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist);
  await buildOperator(join(dist, "operator.cjs"));
}
