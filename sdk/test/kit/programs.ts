// Programs in processes of their own, since vitest bundles: with the SDK as a package, and with the SDK bundled into them.
import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build } from "esbuild";
import { expect } from "vitest";

/** From here the package is found. */
export const here = fileURLToPath(new URL("../..", import.meta.url));

/** The lines that Node prints; nothing else may be printed. */
export async function linesOf(args: readonly string[], cwd: string): Promise<readonly string[]> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd });
  expect(stderr).toBe("");
  return stdout.trimEnd().split("\n");
}

/** The program's file, in a folder of its own below `directory`. */
export async function bundled(source: string, directory: string): Promise<string> {
  const outdir = await mkdtemp(join(directory, "bundle-"));
  await build({
    stdin: { contents: source, resolveDir: here },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true, // the client, which nobody asks for, needs packages
    minify: true,
    platform: "node",
    format: "esm",
    external: ["@kubernetes/client-node", "undici"],
    logLevel: "silent",
  });
  return join(outdir, "stdin.mjs");
}
