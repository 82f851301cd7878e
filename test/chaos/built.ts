// The operator and the runner, built from the sources as they are now into a folder that nobody else builds into.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { run } from "../shell.ts";

export interface Built {
  /** As `EmbeddedOptions.assets`. */
  readonly assets: string;
  remove(): void;
}

/** Below the packages that the operator loads when it needs them. */
const cache = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));

/** Throws with the output of a build that failed. */
export async function buildAssets(): Promise<Built> {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "stint-chaos-"));
  const { code, output } = await run("node", [fileURLToPath(new URL("../../cli/build.ts", import.meta.url)), folder]);
  if (code !== 0) throw new Error(`cli/build.ts failed:\n${output}`);
  return { assets: join(folder, "embedded"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
