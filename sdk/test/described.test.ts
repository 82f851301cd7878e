// What a function's source and a schema show to be wrong is said at definition where the code that reads them is at hand, else
// by the first that asks for it; nothing that is wrong gets further.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { bundled, here, linesOf } from "./kit/programs.ts";

const program = `
  import { task } from "@stint/sdk";

  const said = async (ask) => {
    try {
      return await ask();
    } catch (error) {
      return error.name + ": " + error.message;
    }
  };
  const registry = () => globalThis[Symbol.for("stint.dev/registry/v1")];
  const wrong = {
    "parameter": () => task("a", { parameters: ["waitFor"] }, (n) => n),
    "schema": () => task("b", { inputSchema: { type: "string" } }, (text) => text),
    "run name": () => task("c", { runName: "of {user}" }, (name) => name),
    "option": () => task("d", { timeoutSeconds: 0 }, () => 1),
  };
  for (const [what, define] of Object.entries(wrong)) {
    let defined;
    console.log(what + " | " + (await said(() => void (defined = define()))));
    if (!defined) continue;
    console.log("  trigger | " + (await said(() => defined.trigger([1]))));
    console.log("  manifest | " + (await said(() => registry().manifest())));
    delete globalThis[Symbol.for("stint.dev/registry/v1")];
  }
  task("e", { inputSchema: { type: "object" } }, ({ url }) => url);
  console.log(JSON.stringify((await registry().manifest()).map((each) => each.signature)));`;

const parameter = 'TypeError: Task "a": parameter name "waitFor" is reserved';
const schema = 'TypeError: Task "b": inputSchema must describe an object or an array';
const runName = 'TypeError: Task "c": runName refers to unknown parameter "user"';
const option = 'option | RangeError: Task "d": timeoutSeconds must be an integer from 1 to 604800, got 0';
const signatures = '[{"objectArgument":true}]';

const atDefinition = [`parameter | ${parameter}`, `schema | ${schema}`, `run name | ${runName}`, option, signatures];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "stint-described-"));
});
afterAll(() => rm(directory, { recursive: true }));

describe("a function's source and its schemas are judged", () => {
  test("at definition where the SDK is a package (S6, S15, S21, S39)", async () => {
    expect(await linesOf(["--input-type=module", "--eval", program], here)).toEqual(atDefinition);
  });

  test("at definition in a bundle that imports what judges them, as `.local()` does", async () => {
    const imported = await bundled(`import "@stint/sdk/description";\n${program}`, directory);
    const withLocal = await bundled(`import "@stint/sdk/local";\n${program}`, directory);

    expect(await linesOf([imported], directory)).toEqual(atDefinition);
    expect(await linesOf([withLocal], directory)).toEqual(atDefinition);
  });

  test("by a trigger, before anything is sent, and by registration in a bundle that does not (S15)", async () => {
    const triggered = await bundled(program, directory);
    const listed = await bundled(program.replace(/.*defined\.trigger.*/, ""), directory);

    const late = (what: string, told: string): readonly string[] => [`${what} | undefined`, `  manifest | ${told}`];
    expect(await linesOf([listed], directory)).toEqual([
      ...late("parameter", parameter),
      `schema | ${schema}`, // the code is loaded by now
      `run name | ${runName}`,
      option,
      signatures,
    ]);
    expect((await linesOf([triggered], directory)).slice(0, 3)).toEqual([
      "parameter | undefined",
      `  trigger | ${parameter}`,
      `  manifest | ${parameter}`,
    ]);
  });
});

test("one copy of the SDK describes what another has defined (S15)", async () => {
  const first = await bundled(`import { task } from "@stint/sdk"; task("first", (a, b) => a + b);`, directory);
  const second = await bundled(`import { task } from "@stint/sdk"; task("second", (c) => c);`, directory);
  const both = `
    await import(${JSON.stringify(first)});
    await import(${JSON.stringify(second)});
    const manifest = await globalThis[Symbol.for("stint.dev/registry/v1")].manifest();
    console.log(JSON.stringify(manifest.map(({ name, signature }) => [name, signature.parameters.length])));`;

  expect(await linesOf(["--input-type=module", "--eval", both], directory)).toEqual(['[["first",2],["second",1]]']);
});
