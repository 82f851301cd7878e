// Every attempt pays for what the SDK loads, so what it loads at start is a promise.
import { fileURLToPath } from "node:url";

import { build, type Metafile } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";

let outputs: Metafile["outputs"];

beforeAll(async () => {
  const { metafile } = await build({
    entryPoints: { sdk: fileURLToPath(new URL("../src/index.ts", import.meta.url)) },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    external: ["@kubernetes/client-node"],
    outdir: "out",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  outputs = metafile.outputs;
});

/** What is loaded with the file, without a further import() by the code. */
function loadedWith(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { path: imported, kind } of outputs[path]?.imports ?? []) {
    if (kind === "import-statement") loadedWith(imported, seen);
  }
  return seen;
}

function inputsOf(paths: Iterable<string>): string[] {
  return [...paths].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
}

describe("the SDK at its start", () => {
  test("loads its own files and those of crds, and of Node only what costs nothing", () => {
    const loaded = loadedWith("out/sdk.js");

    expect(inputsOf(loaded).filter((path) => !/^(sdk|crds)\/src\//.test(path))).toEqual([]);
    const builtIns = ["node:async_hooks", "node:crypto"];
    expect([...loaded].filter((path) => path.startsWith("node:") && !builtIns.includes(path))).toEqual([]);
  });

  test("leaves the Kubernetes client to the first trigger outside a run", () => {
    const atStart = inputsOf(loadedWith("out/sdk.js"));

    expect(atStart.filter((path) => path.includes("sdk/src/client/"))).toEqual([]);
    expect(Object.keys(outputs).flatMap((path) => inputsOf([path]))).toContain("sdk/src/client/client.ts");
  });
});
