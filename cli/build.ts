// Builds cli/dist/, or the folder that is named: the CLI without its packages, beside which templates/ has to lie, and what
// `stint dev` starts.
//
//   dist/stint.mjs                  the commands, each in files of its own
//   dist/embedded/operator.cjs      the operator, as in its image
//   dist/embedded/runner.cjs, sdk/  the runner, as in its image
//   dist/embedded/crds/, instance-types/   what is applied before anything else, as JSON: YAML takes longer to read than all
//                                          the rest to start
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { parse } from "yaml";

import { buildOperator } from "../operator/build.ts";
import { buildRunner, buildSdk } from "../runner-image/build.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** Builds into a folder that is made anew. */
export async function buildCli(dist: string): Promise<void> {
  await rm(dist, { recursive: true, force: true });
  await Promise.all([buildCommands(dist), buildEmbedded(join(dist, "embedded"))]);
}

async function buildCommands(dist: string): Promise<void> {
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
  await chmod(join(dist, "stint.mjs"), 0o755);
}

async function buildEmbedded(embedded: string): Promise<void> {
  await mkdir(embedded, { recursive: true });
  await Promise.all([
    buildOperator(join(embedded, "operator.cjs")),
    buildRunner(join(embedded, "runner.cjs")),
    buildSdk(join(embedded, "sdk")),
    copyFile(here("src/dev/lifeline.cjs"), join(embedded, "lifeline.cjs")),
    writeDefinitions(join(embedded, "crds")),
    writeInstanceTypes(join(embedded, "instance-types")),
  ]);
}

async function writeDefinitions(folder: string): Promise<void> {
  const generated = here("../crds/generated");
  for (const file of await readdir(generated)) {
    await writeJson(join(folder, file.replace(/yaml$/, "json")), parse(await readFile(join(generated, file), "utf8")));
  }
}

/** The chart's values are the one list of the types that are installed. */
async function writeInstanceTypes(folder: string): Promise<void> {
  const { instanceTypes } = parse(await readFile(here("../helm/values.yaml"), "utf8")) as {
    readonly instanceTypes: Readonly<Record<string, object>>;
  };
  for (const [name, spec] of Object.entries(instanceTypes)) {
    const type = { apiVersion: "stint.dev/v1alpha1", kind: "InstanceType", metadata: { name }, spec };
    await writeJson(join(folder, `${name}.json`), type);
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(value));
}

if (import.meta.main) await buildCli(process.argv[2] ?? here("dist"));
