import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { bundleFile } from "../src/bundling.ts";
import { Problem } from "../src/problem.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "stint-bundling-"));
  // The runner's SDK, as far as a bundle can tell: it keeps what it is given.
  const sdk = join(directory, "node_modules/@stint/sdk");
  await mkdir(sdk, { recursive: true });
  await write("node_modules/@stint/sdk/package.json", '{ "type": "module", "exports": "./index.js" }');
  await write("node_modules/@stint/sdk/index.js", "export const task = (fn) => fn;");
});
afterAll(() => rm(directory, { recursive: true }));

async function write(file: string, text: string): Promise<string> {
  const path = join(directory, file);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text);
  return path;
}

/** What a pod would see that loads this code. */
async function load(code: string): Promise<Readonly<Record<string, unknown>>> {
  const path = await write("loaded.mjs", code);
  return (await import(`${pathToFileURL(path).href}?${Math.random()}`)) as Record<string, unknown>; // a module is one
}

describe("a bundle", () => {
  test("holds what the entry point imports, and leaves the SDK to the runner", async () => {
    await write("sizes.ts", "export const large: number = 640;");
    const entry = await write(
      "tasks.ts",
      'import { task } from "@stint/sdk"; import { large } from "./sizes.ts"; export const size = task(() => large);',
    );

    const code = await bundleFile(entry);

    expect(code).toContain('from "@stint/sdk"');
    const { size } = await load(code);
    expect((size as () => number)()).toBe(640);
  });

  test("keeps functions' names, where two of one name had to be told apart, too (S2)", async () => {
    await write("a.ts", 'import { task } from "@stint/sdk"; export const a = task(function resize() { return 1; });');
    await write("b.ts", 'import { task } from "@stint/sdk"; const resize = () => 2; export const b = task(resize);');
    await write("c.ts", 'import { task } from "@stint/sdk"; const resize = () => 3; export const c = task(resize);');
    const entry = await write("named.ts", 'export * from "./a.ts"; export * from "./b.ts"; export * from "./c.ts";');

    const { a, b, c } = await load(await bundleFile(entry));

    expect([a, b, c].map((each) => (each as () => number).name)).toEqual(["resize", "resize", "resize"]);
  });

  test("keeps parameters' names and their defaults (S32)", async () => {
    const entry = await write("sized.ts", "export const f = (url: string, width = 640) => [url, width];");

    const { f } = await load(await bundleFile(entry));

    expect(String(f)).toMatch(/^\(url, width = 640\)/);
  });

  test("may hold CommonJS that requires a module of Node", async () => {
    await write("node_modules/old/package.json", '{ "main": "index.js" }');
    await write("node_modules/old/index.js", 'exports.separator = require("node:path").posix.sep;');
    const entry = await write("old.ts", 'import { separator } from "old"; console.log(separator);');

    // In a process of its own, as in a pod: the one of the tests has a global require.
    const path = await write("old.mjs", await bundleFile(entry));

    const { stdout } = await promisify(execFile)(process.execPath, [path]);
    expect(stdout).toBe("/\n");
  });

  test("of the same code is the same text, since it is named by its content", async () => {
    const entry = await write("same.ts", "export const x = 1;");

    expect(await bundleFile(entry)).toBe(await bundleFile(entry));
  });
});

describe("no bundle", () => {
  test("comes from a file that is not there", async () => {
    await expect(bundleFile("src/nothing.ts")).rejects.toThrow("entry point src/nothing.ts does not exist");
  });

  test("comes from code with an error, whose place is named", async () => {
    const entry = await write("broken.ts", 'import "./missing.ts";\nconst x = ;\n');

    const failure = await bundleFile(entry).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(Problem);
    expect((failure as Problem).message).toMatch(/broken\.ts:2:10/);
  });

  test("is larger than a bundle may be (S11)", async () => {
    const entry = await write("large.ts", `export const x = "${"x".repeat(524_288)}";`);

    await expect(bundleFile(entry)).rejects.toThrow(/is 524\d{3} bytes, the limit is 524288 bytes/);
  });
});
