// `.local()` and made-up contexts are loaded when they are first asked for: in a process of its own each, since vitest bundles.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const here = fileURLToPath(new URL("..", import.meta.url));

const program = `
  import { currentContext, task, TaskRunError, withContext } from "@stint/sdk";

  const square = task("square", (n) => n * n);
  const broken = task("broken", { inputSchema: { type: "object", properties: { n: { type: "number" } } } }, () => {
    throw new RangeError("no");
  });
  const outer = task("outer", async (n) => {
    const failure = await broken({ n }).then(undefined, (error) => error);
    return [await square(n), failure instanceof TaskRunError, currentContext().runId];
  });
  const said = (ask) => {
    try {
      return ask();
    } catch (error) {
      return error.message;
    }
  };
  console.log(said(() => currentContext()));
  console.log(said(() => square.local(3)));
  console.log(said(() => broken.local({ n: "x" })));
  console.log(said(() => withContext({ attempt: 4 }, () => currentContext().attempt)));
  console.log(JSON.stringify(await said(() => outer.local(3))));`;

const answers = [
  "currentContext() called outside a run",
  "9",
  "input does not match the schema of local/broken: /n: expected number, got string",
  "4",
  '[9,true,"local"]',
];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "stint-in-process-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** The lines that Node prints; nothing else may be printed. */
async function linesOf(args: readonly string[], cwd: string): Promise<readonly string[]> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd });
  expect(stderr).toBe("");
  return stdout.trimEnd().split("\n");
}

async function bundled(source: string): Promise<string> {
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

describe(".local() and withContext()", () => {
  test("are there where the SDK is a package, and give its own errors (S112, S290)", async () => {
    expect(await linesOf(["--input-type=module", "--eval", program], here)).toEqual(answers);
  });

  test("are there in a bundle that imports them", async () => {
    const file = await bundled(`import "@stint/sdk/local";\n${program}`);

    expect(await linesOf([file], directory)).toEqual(answers);
  });

  test("say what to import in a bundle that does not, where there is no package either", async () => {
    const file = await bundled(program);

    const missing = '.local() and withContext() need import "@stint/sdk/local" in a program that is bundled';
    const [outside, ...others] = await linesOf([file], directory);
    expect(outside).toBe(answers[0]);
    expect(others).toEqual([missing, missing, missing, JSON.stringify(missing)]);
  });
});
