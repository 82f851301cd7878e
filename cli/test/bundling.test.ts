import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { bundleFile, watchBundle, type Built } from "../src/bundling.ts";
import { Problem } from "../src/problem.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "stint-bundling-"));
  // The runner's SDK, as far as a bundle can tell: it keeps what it is given.
  const sdk = join(directory, "node_modules/@stint/sdk");
  await mkdir(sdk, { recursive: true });
  await write("node_modules/@stint/sdk/package.json", '{ "type": "module", "exports": "./index.js" }');
  await write("node_modules/@stint/sdk/index.js", "export const task = (fn) => fn;");
  await symlink(fileURLToPath(new URL("../../node_modules/zod", import.meta.url)), join(directory, "node_modules/zod"));
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

  test("has of the SDK no more than the statements that import it (S11)", async ({ annotate }) => {
    const imports = [
      'import { bundle, currentContext, NonRetryableError, task } from "@stint/sdk";',
      'import "@stint/sdk/local";',
    ].join("\n");
    const names = "declare const bundle: any, currentContext: any, NonRetryableError: any, task: any;";
    const program = `
      const all = bundle({ retry: { maxRetries: 1 } });
      export const half = all.task("half", (n: number) => { if (n % 2) throw new NonRetryableError("odd"); return n / 2; });
      export const where = task("where", { timeoutSeconds: 60 }, () => currentContext().runId);`;

    const bytes = Buffer.byteLength(await bundleFile(await write("some.ts", imports + program)));
    const without = Buffer.byteLength(await bundleFile(await write("none.ts", names + program)));

    await annotate(`${bytes - without} bytes of ${bytes}`);
    expect(bytes - without).toBeLessThanOrEqual(Buffer.byteLength(`${imports}\n`));
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

  test.each([
    'import { z } from "zod";',
    'import z from "zod";',
    'import { type infer as Infer, // a type of a type\n  z,\n} from "zod/v4";',
    'import { z as z, ZodError } from "zod"; export { ZodError };',
  ])("has of zod what is used, and not what else stands in its namespace: %s", async (statement) => {
    const program = "export const parse = (value: unknown) => z.object({ n: z.int().default(3) }).parse(value);";
    const entry = await write("typed.ts", `${statement}\n${program}`);

    const code = await bundleFile(entry);

    const byHand = await bundleFile(await write("by-hand.ts", `import * as z from "zod";\n${program}`));
    expect(code.length).toBeLessThan(byHand.length * 1.1);
    const { parse } = await load(code);
    expect((parse as (value: unknown) => unknown)({})).toEqual({ n: 3 });
  });

  test("is told of anew with each change, with zod by its parts and a map to the sources", async () => {
    const program = (most: number): string => `import { z } from "zod";\nexport const Size = z.int().max(${most});`;
    const entry = await write("watched.ts", program(10));
    const stop = new AbortController();
    const told: Built[] = [];
    const again = Promise.withResolvers<void>();

    const tell = (built: Built): void => {
      told.push(built);
      if (told.length === 1) void write("watched.ts", program(20));
      else again.resolve();
    };
    await watchBundle(entry, { tell, stop: stop.signal });
    await again.promise;
    stop.abort();

    const codes = told.map((built) => ("code" in built ? built.code : built.problem.message));
    expect(codes[0]).toContain("max(10)");
    expect(codes[1]).toContain("max(20)");
    expect(codes[1]).toMatch(/\n\/\/# sourceMappingURL=data:\S+\n$/);
    expect(codes[1]).not.toContain("locales/fr.js");
  });

  test("gives up its lines, and no name, where it would be too large with them (S2, S32)", async () => {
    const lines =
      "            // only blank space\n  export function resize(url: string, width = 640) { return [url, width]; }\n";
    const blank = `export const rows = [\n${"  [\n    1,\n  ],\n".repeat(60_000)}];\n`;
    const entry = await write("wide.ts", lines + blank);

    const { resize, rows } = await load(await bundleFile(entry));

    expect(String(resize)).toMatch(/^function resize\(url,\s?width\s?=\s?640\)/);
    expect(rows).toHaveLength(60_000);
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

  test("holds all of zod: a namespace that is passed on as a value keeps everything", async () => {
    const entry = await write("whole.ts", 'import { z } from "zod"; export const types = z;');

    await expect(bundleFile(entry)).rejects.toThrow(/the limit is 524288 bytes; most of it is zod \(5\d{5}\)/);
  });

  test("is too large without what makes it so being named (S11)", async () => {
    await write("node_modules/@acme/atlas/package.json", '{ "main": "index.js" }');
    await write("node_modules/@acme/atlas/index.js", `module.exports = "${"x".repeat(600_000)}";`);
    const entry = await write("mapped.ts", 'import atlas from "@acme/atlas"; console.log(atlas);');

    await expect(bundleFile(entry)).rejects.toThrow(
      /^bundle of .*mapped\.ts is 60\d{4} bytes, the limit is 524288 bytes; most of it is @acme\/atlas \(600\d{3}\), your own code \(\d+\)$/,
    );
  });
});
