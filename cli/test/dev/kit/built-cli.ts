// The CLI as users get it, built once for a state of the sources and kept in node_modules: building takes seconds, and
// several test files need it at the same time.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

import { buildCli } from "../../../build.ts";

const root = join(import.meta.dirname, "../../../..");
const kept = join(root, "node_modules/.cache/stint-cli");
const unusedMs = 3_600_000;

/** Path of `stint.mjs`. */
export async function builtCli(): Promise<string> {
  const folder = join(kept, sourcesHash());
  if (!existsSync(folder)) await buildInto(folder);
  await utimes(folder, new Date(), new Date()).catch(() => undefined); // whoever cleans up sees that it is used
  return join(folder, "stint.mjs");
}

async function buildInto(folder: string): Promise<void> {
  await mkdir(kept, { recursive: true });
  for (const name of await readdir(kept)) {
    const { mtimeMs } = await stat(join(kept, name));
    if (mtimeMs < Date.now() - unusedMs) await rm(join(kept, name), { recursive: true, force: true });
  }
  const own = join(kept, randomUUID());
  await buildCli(own);
  await rename(own, folder).catch(() => rm(own, { recursive: true })); // another was faster, and made the same
}

function sourcesHash(): string {
  const hash = createHash("sha256");
  const sources = globSync("{crds,operator,runner-image,sdk,cli,devcluster}/{src,generated}/**/*", {
    cwd: root,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const recipes = ["cli", "operator", "runner-image"].map((name) => join(root, name, "build.ts"));
  for (const file of [
    ...sources,
    ...recipes,
    join(root, "helm/values.yaml"),
    join(root, "package-lock.json"),
  ].toSorted()) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest("hex").slice(0, 16);
}
