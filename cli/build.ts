// Builds cli/dist/stint.mjs: the CLI without its packages, beside which templates/ has to lie.
import { chmod, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const dist = here("dist");

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
await chmod(here("dist/stint.mjs"), 0o755);
