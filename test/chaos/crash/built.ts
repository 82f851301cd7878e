import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build, type Plugin } from "esbuild";

import { operatorRecipe } from "../../../operator/build.ts";
import { buildAssets, type Built } from "../built.ts";

const deadlyPoints: Plugin = {
  name: "deadly-points",
  setup(build) {
    const path = fileURLToPath(new URL("./deadly-points.ts", import.meta.url));
    build.onResolve({ filter: /^\.\/points\.ts$/ }, () => ({ path }));
  },
};

/** As chaos has them, but for the operator: the ordinary one, with delicate points that it may die at. */
export async function buildDeadlyAssets(): Promise<Built> {
  const built = await buildAssets();
  const outfile = join(built.assets, "operator.cjs");
  await build({ ...operatorRecipe, outfile, plugins: [deadlyPoints] });
  return built;
}
