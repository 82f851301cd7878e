// Builds cli/dist/, or the folder that is named: the CLI without its packages, beside which templates/ has to lie, and what
// `stint dev` starts.
//
//   dist/stint.mjs                  the commands, each in files of its own
//   dist/embedded/operator.cjs      the operator, as in its image
//   dist/embedded/runner.cjs, sdk/  the runner, as in its image
//   dist/embedded/crds/, instance-types/   what is applied before anything else
import { chmod, copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { parse, stringify } from "yaml";

import { buildOperator } from "../operator/build.ts";
import { buildRunner, buildSdk } from "../runner-image/build.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const dist = process.argv[2] ?? here("dist");

await rm(dist, { recursive: true, force: true });
await build({
  entryPoints: { stint: here("src/main.ts") },
  outdir: dist,
  outExtension: { ".js": ".mjs" },
  // What a command imports when it runs stays in files of its own: `stint --help` need not read a Kubernetes client.
  splitting: true,
  bundle: true,
  platform: "node",
  target: "node22",
  format: "esm",
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  // It runs a program of its own, which lies beside it.
  external: ["esbuild"],
  // Some of what it holds is CommonJS.
  banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
  logLevel: "warning",
});
await chmod(`${dist}/stint.mjs`, 0o755);

const embedded = `${dist}/embedded`;
await mkdir(`${embedded}/instance-types`, { recursive: true });
await Promise.all([
  buildOperator(`${embedded}/operator.cjs`),
  buildRunner(`${embedded}/runner.cjs`),
  buildSdk(`${embedded}/sdk`),
  copyFile(here("src/dev/lifeline.cjs"), `${embedded}/lifeline.cjs`),
  cp(here("../crds/generated"), `${embedded}/crds`, { recursive: true }),
  writeInstanceTypes(`${embedded}/instance-types`),
]);

/** The chart's values are the one list of the types that are installed. */
async function writeInstanceTypes(folder: string): Promise<void> {
  const { instanceTypes } = parse(await readFile(here("../helm/values.yaml"), "utf8")) as {
    readonly instanceTypes: Readonly<Record<string, object>>;
  };
  await Promise.all(
    Object.entries(instanceTypes).map(([name, spec]) =>
      writeFile(
        `${folder}/${name}.yaml`,
        stringify({ apiVersion: "stint.dev/v1alpha1", kind: "InstanceType", metadata: { name }, spec }),
      ),
    ),
  );
}
