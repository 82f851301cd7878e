// `.local()` and made-up contexts are loaded when they are first asked for.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { bundled, here, linesOf } from "./kit/programs.ts";

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

describe(".local() and withContext()", () => {
  test("are there where the SDK is a package, and give its own errors (S112, S290)", async () => {
    expect(await linesOf(["--input-type=module", "--eval", program], here)).toEqual(answers);
  });

  test("are there in a bundle that imports them", async () => {
    const file = await bundled(`import "@stint/sdk/local";\n${program}`, directory);

    expect(await linesOf([file], directory)).toEqual(answers);
  });

  test("say what to import in a bundle that does not, where there is no package either", async () => {
    const file = await bundled(program, directory);

    const missing = '.local() and withContext() need import "@stint/sdk/local" in a program that is bundled';
    const [outside, ...others] = await linesOf([file], directory);
    expect(outside).toBe(answers[0]);
    expect(others).toEqual([missing, missing, missing, JSON.stringify(missing)]);
  });
});
