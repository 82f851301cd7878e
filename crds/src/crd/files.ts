import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Definition, definitions } from "./definitions.ts";
import { crdName, toYaml } from "./manifest.ts";

/** Paths of the generated files in `directory` that are missing or say something else than the schemas do. */
export function staleFiles(directory: string): readonly string[] {
  return definitions.filter((each) => isStale(directory, each)).map((each) => fileOf(directory, each));
}

/** Writes one manifest for each of our kinds, but leaves alone the files that are as they should be. */
export function writeFiles(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const each of definitions) {
    if (isStale(directory, each)) writeFileSync(fileOf(directory, each), toYaml(each));
  }
}

function isStale(directory: string, definition: Definition): boolean {
  const file = fileOf(directory, definition);
  return !existsSync(file) || readFileSync(file, "utf8") !== toYaml(definition);
}

function fileOf(directory: string, definition: Definition): string {
  return join(directory, `${crdName(definition)}.yaml`);
}
