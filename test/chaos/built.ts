import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { builtCli } from "../../cli/test/dev/kit/built-cli.ts";

export interface Built {
  /** As `EmbeddedOptions.assets`. */
  readonly assets: string;
  remove(): void;
}

/** The operator and the runner of the sources as they are now: a copy, since a thousand seeds take longer than a build is kept. */
export async function buildAssets(): Promise<Built> {
  const built = dirname(await builtCli());
  const assets = mkdtempSync(join(built, "../../stint-chaos-")); // where the operator finds its packages
  cpSync(join(built, "embedded"), assets, { recursive: true });
  return { assets, remove: () => rmSync(assets, { recursive: true, force: true }) };
}
