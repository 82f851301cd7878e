// Every attempt pays for what the SDK loads, so what it loads at start is a promise. `--reporter verbose` shows what weighs how
// much.
//
// What is weighed here is an SDK that a program holds: one that triggers runs from elsewhere. A program that Stint runs holds
// none, since each pod has it with the runner (cli/test/bundling.test.ts, runner-image/test/image.test.ts).
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { build, type BuildOptions, type Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { buildSdk } from "../../runner-image/build.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A program as a user writes it. */
const program = `
  import { task } from "@stint/sdk";
  import { z } from "zod";
  export const resize = task("resize", { timeoutSeconds: 60, inputSchema: z.object({ url: z.url() }) }, ({ url }) => url);`;

type Outputs = Metafile["outputs"];

let directory: string;
let sdk: Outputs;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "stint-weight-"));
  sdk = await bundled({ entryPoints: { sdk: join(root, "sdk/src/index.ts") }, outdir: directory });
  await buildSdk(join(directory, "runner"));
});
afterAll(() => rm(directory, { recursive: true }));

/** As for an image: what is imported later is in files of its own. */
async function bundled(options: BuildOptions): Promise<Outputs> {
  const { metafile } = await build({
    absWorkingDir: root,
    bundle: true,
    minify: true,
    splitting: true,
    platform: "node",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    logLevel: "silent",
    ...options,
    external: ["@kubernetes/client-node", "undici", "zod", ...(options.external ?? [])],
    metafile: true,
  });
  return metafile.outputs;
}

async function bundledProgram(external: readonly string[]): Promise<Outputs> {
  const stdin = { contents: program, resolveDir: join(root, "sdk"), sourcefile: "program.ts", loader: "ts" } as const;
  return bundled({ stdin, outdir: "out", write: false, external: [...external] });
}

/** What is loaded with the file that a module became, without a further import() by the code. */
function loadedWith(outputs: Outputs, entryPoint: string): Outputs {
  const loaded: Outputs = {};
  const load = (path: string): void => {
    const output = outputs[path];
    if (!output || path in loaded) return;
    loaded[path] = output;
    for (const { path: imported, kind } of output.imports) if (kind === "import-statement") load(imported);
  };
  load(Object.keys(outputs).find((path) => outputs[path]?.entryPoint === entryPoint) ?? "");
  return loaded;
}

function atStart(): Outputs {
  return loadedWith(sdk, "sdk/src/index.ts");
}

function inputsOf(outputs: Outputs): string[] {
  return Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
}

function bytesOf(outputs: Outputs): number {
  return Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The sources, the heaviest first. */
function table(outputs: Outputs): string {
  return Object.values(outputs)
    .flatMap(({ inputs }) =>
      Object.entries(inputs).map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput })),
    )
    .toSorted((a, b) => b.bytes - a.bytes)
    .map(({ path, bytes }) => `${String(bytes).padStart(6)}  ${path}`)
    .join("\n");
}

describe("the SDK at its start", () => {
  test("weighs at most 20,000 bytes", async ({ annotate }) => {
    const loaded = atStart();
    const bytes = bytesOf(loaded);
    await annotate(`${bytes} bytes, and ${bytesOf(sdk) - bytes} that are loaded later\n${table(loaded)}`);

    expect(bytes).toBeLessThanOrEqual(20_000);
  });

  test("adds no more than that to a program with one task, besides its schema", async () => {
    const withSdk = loadedWith(await bundledProgram([]), "sdk/program.ts");
    const without = loadedWith(await bundledProgram(["@stint/sdk"]), "sdk/program.ts");

    expect(bytesOf(without)).toBeGreaterThan(100);
    expect(bytesOf(withSdk) - bytesOf(without)).toBeLessThanOrEqual(20_000);
  });

  test("loads its own files and those of crds, and of Node only what costs nothing", () => {
    const loaded = atStart();

    expect(inputsOf(loaded).filter((path) => !/^(sdk|crds)\/src\//.test(path))).toEqual([]);
    const imports = Object.values(loaded).flatMap((output) => output.imports);
    const others = imports.filter(({ external, kind }) => external === true && kind === "import-statement");
    expect(new Set(others.map(({ path }) => path))).toEqual(new Set(["node:async_hooks"]));
  });

  test("leaves an attempt to the runner's call, and to a trigger what reads a function and the Kubernetes client", () => {
    const loaded = inputsOf(atStart());
    const later = inputsOf(sdk);

    const kept =
      /sdk\/src\/(client\/|attempt|local|children|execution|checking|contexts|description|hooks|tokens|written)|crds\/src\/schema\/(check|rules)/;
    expect(loaded.filter((path) => kept.test(path))).toEqual([]);
    expect(later).toEqual(
      expect.arrayContaining(["sdk/src/attempt.ts", "sdk/src/client/client.ts", "sdk/src/tokens.ts"]),
    );
  });

  test("has `.local()` with each attempt, whatever it was bundled into (S112)", () => {
    expect(inputsOf(loadedWith(sdk, "sdk/src/attempt.ts"))).toContain("sdk/src/local.ts");
  });

  test.each([
    { which: "in a program", file: "sdk.mjs" },
    { which: "beside the runner", file: "runner/index.js" },
  ])("$which does nothing outside a run: it opens, sets and prints nothing, and the process ends", async ({ file }) => {
    const look = `
      const state = () => ({
        resources: process.getActiveResourcesInfo(),
        listeners: process.eventNames().map(String),
        environment: { ...process.env },
        globals: Object.getOwnPropertyNames(globalThis),
        symbols: Object.getOwnPropertySymbols(globalThis).map(String).filter((name) => !name.includes("stint.dev/")),
      });
      process.stdout.write("\\n"); // opens it
      await import("data:text/javascript,");
      const before = state();
      const { task } = await import(${JSON.stringify(pathToFileURL(join(directory, file)).href)});
      task("t", { timeoutSeconds: 60 }, (n) => n);
      process.stdout.write(JSON.stringify({ before, after: state() }));`;

    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", look]);

    const { before, after } = JSON.parse(stdout) as { before: object; after: object };
    expect(after).toEqual(before);
    expect(stderr).toBe("");
  });
});
