// Builds the context of the runner image: what every pod has besides Node and its own code.
//
//   dist/runner.cjs   the runner as one CommonJS file: resolving a tree of modules would cost more than running them
//   dist/sdk/         the SDK, for /stint/node_modules/@stint/sdk: code below /stint, mounted or an image's own, finds it by
//                     walking up
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { build, type BuildResult } from "esbuild";

const here = import.meta.dirname;
const sdk = join(here, "../sdk/src");
const common = { bundle: true, platform: "node", target: "node24", logLevel: "warning" } as const;

/** Resolves with what went into the file: only our own modules may (the test looks). */
export function buildRunner(outfile: string): Promise<BuildResult<{ metafile: true }>> {
  return build({
    ...common,
    entryPoints: [join(here, "src/main.ts")],
    outfile,
    format: "cjs",
    minify: true,
    metafile: true,
  });
}

/**
 * Writes the SDK as a package. Identifiers stay, for the sake of the stacks that users read.
 *
 * The client libraries stay outside, since inside a run `.trigger()` goes through the gateway; what needs them is
 * imported when it is called, and so gets a file of its own.
 */
export async function buildSdk(outdir: string): Promise<void> {
  await build({
    ...common,
    entryPoints: { index: join(sdk, "in-pod.ts"), attempt: join(sdk, "attempt.ts"), local: join(sdk, "local.ts") },
    outdir,
    external: ["undici", "@kubernetes/client-node"],
    format: "esm",
    splitting: true,
    minifyWhitespace: true,
    minifySyntax: true,
  });
  const exports = { ".": "./index.js", "./description": "./index.js", "./local": "./local.js" };
  const description = { name: "@stint/sdk", type: "module", exports };
  await writeFile(join(outdir, "package.json"), `${JSON.stringify(description, null, 2)}\n`);
}

if (import.meta.main) {
  const dist = join(here, "dist");
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist);
  await Promise.all([buildRunner(join(dist, "runner.cjs")), buildSdk(join(dist, "sdk"))]);
}
