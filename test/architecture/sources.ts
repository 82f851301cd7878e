// The project's own sources, parsed: what the layers, the purity and the tail tests read.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dirname, join, normalize, relative } from "node:path";

import { parseSync, type ParseResult } from "oxc-parser";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

const packages = ["crds", "operator", "runner-image", "sdk", "cli", "devcluster", "testing"];

export interface Source {
  /** Path from the project's root. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file below a package's `src`. */
export function sources(): Source[] {
  return packages.flatMap((name) =>
    readdirSync(join(root, name, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(name, "src", file))
      .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") })),
  );
}

export function parse({ path, text }: Source): ParseResult {
  return parseSync(path, text);
}

export interface Import {
  /** A path from the root for our own files, else the specifier. */
  readonly to: string;
  readonly typeOnly: boolean;
}

/** What a file imports, exports from, or imports dynamically by a literal. */
export function importsOf(source: Source): Import[] {
  const { module } = parse(source);
  const fixed = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    typeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
  }));
  const again = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest ? [{ specifier: moduleRequest.value, typeOnly: isType }] : [],
    ),
  );
  const dynamic = module.dynamicImports
    .map(({ moduleRequest }) => source.text.slice(moduleRequest.start, moduleRequest.end))
    .filter((request) => /^["'`]/.test(request)) // what is computed, the runner's entry point, is the user's code
    .map((request) => ({ specifier: request.slice(1, -1), typeOnly: false }));
  return [...fixed, ...again, ...dynamic].map(({ specifier, typeOnly }) => ({
    to: resolve(source.path, specifier),
    typeOnly,
  }));
}

function resolve(from: string, specifier: string): string {
  if (specifier.startsWith(".")) return relative(".", normalize(join(dirname(from), specifier)));
  const ours = /^@stint\/([^/]+)(?:\/(.+))?$/.exec(specifier);
  if (!ours) return specifier;
  const [, name, file] = ours;
  const folder = name === "runner" ? "runner-image" : name;
  return `${folder}/src/${file ?? "index"}.ts`;
}
