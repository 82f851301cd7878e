// Programs as an image brings them, bundled by whatever its author likes: with the SDK left to the runner, which has it
// already, or with an SDK in them. To a task it is all the same.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { buildRunner, buildSdk } from "../build.ts";
import { anAssignment } from "./builders.ts";
import { anAuthority } from "./fakes/certificates.ts";
import { RunnerProcess } from "./fakes/runner-process.ts";
import { StubGateway } from "./fakes/stub-gateway.ts";

const authority = anAuthority();
const workspace = join(import.meta.dirname, "../..");

let root: string;
let runner: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "stint-own-image-"));
  runner = join(root, "runner.cjs");
  await Promise.all([buildRunner(runner), buildSdk(join(root, "node_modules/@stint/sdk"))]);
});
afterAll(() => rm(root, { recursive: true }));

interface Program {
  /** By name; `tasks.js` is the entry point. What the code imports later is in files of its own. */
  readonly files: Readonly<Record<string, string>>;
  /** How much of them is the SDK's. */
  readonly sdkBytes: number;
}

/** Identifiers stay, since parameters are known by their names (S32). No client of Kubernetes is needed in a pod. */
async function bundled(program: string, external: readonly string[]): Promise<Program> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: workspace,
    stdin: { contents: program, resolveDir: join(workspace, "sdk"), loader: "ts" },
    external: ["@kubernetes/client-node", "undici", ...external],
    bundle: true,
    splitting: true,
    outdir: "out",
    entryNames: "tasks",
    platform: "node",
    format: "esm",
    keepNames: true,
    minifyWhitespace: true,
    minifySyntax: true,
    metafile: true,
    write: false,
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const ofSdk = inputs.filter(([path]) => /^(sdk|crds)\/src\//.test(path));
  return {
    files: Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path), text])),
    sdkBytes: ofSdk.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0),
  };
}

/** In the working directory, as the image's package. */
async function start(gateway: StubGateway, program: Program, mode: "register" | "run"): Promise<RunnerProcess> {
  const files = { "package.json": '{ "type": "module", "main": "tasks.js" }', ...program.files };
  return RunnerProcess.start({ runner, target: gateway.target, mode, files });
}

async function registered(program: Program): Promise<readonly unknown[]> {
  await using gateway = await StubGateway.start({ authority });
  gateway.on("POST tasks", { status: 204 });
  await using process = await start(gateway, program, "register");
  await expect(process.exit).resolves.toMatchObject({ code: 0, stderr: "" });
  return gateway.to("POST tasks").map(({ body }) => body);
}

const forms = `
  import { bundle, NonRetryableError, task, taskRef } from "@stint/sdk";
  import { z } from "zod";
  export const plain = task("plain", (a, b = [1, ")"], ...rest) => [a, b, rest]);
  export const pattern = task("pattern", { args: "object" }, ({ url, width = 640 } = {}) => [url, width]);
  export const declared = task("declared", { parameters: ["x", { name: "y", required: false }] }, plain.bind(null));
  export const named = task("named", { runName: "greet {user}" }, async function (user, how = /[)/]/) { return [user, how]; });
  export const sized = task("sized", {
    inputSchema: z.object({ url: z.url(), width: z.coerce.number().default(640), at: z.date().optional() }),
    resultSchema: z.array(z.string()),
    retry: { maxRetries: 3, delaysSeconds: (retries) => Array.from({ length: retries }, (_, at) => at) },
    onFailure: [taskRef("alerts/page"), () => { throw new NonRetryableError(); }],
  }, ({ url }) => [url]);
  export const all = bundle({ tags: ["a"], timeoutSeconds: 60 });
  export const grouped = all.task("grouped", { inputSchema: { type: "array" } }, (n) => n);`;

describe("a program of an image's own", () => {
  test("has the same tasks with the runner's SDK as with one that it holds, and is lighter by it (S11, S15)", async () => {
    const light = await bundled(forms, ["@stint/sdk"]);
    const heavy = await bundled(forms, []);

    const [tasks] = await registered(light);

    expect(tasks).toMatchObject({ tasks: expect.arrayContaining([expect.objectContaining({ name: "grouped" })]) });
    expect([tasks]).toEqual(await registered(heavy));
    expect(light.sdkBytes).toBe(0);
    expect(heavy.sdkBytes).toBeGreaterThan(20_000);
  });

  test.each([
    { sdk: "the runner's SDK", external: ["@stint/sdk"] },
    { sdk: "an SDK of its own", external: [] },
  ])("with $sdk is run, and refused in the same words where a definition is wrong (S7, S11)", async ({ external }) => {
    await using gateway = await StubGateway.start({ authority });
    gateway
      .on("GET assignment", { status: 200, body: anAssignment({ task: "square", input: [4] }) })
      .on("POST report", { status: 204 });
    const square = `import { task } from "@stint/sdk"; task("square", { timeoutSeconds: 60 }, (n) => n * n);`;
    await using good = await start(gateway, await bundled(square, external), "run");
    await using bad = await start(gateway, await bundled(square.replace("60", "0"), external), "register");

    await expect(good.exit).resolves.toMatchObject({ code: 0, stderr: "" });
    const text = 'RangeError: Task "square": timeoutSeconds must be an integer from 1 to 604800, got 0\n';
    await expect(bad.exit).resolves.toMatchObject({ code: 1, stderr: expect.stringContaining(text) });
    expect(gateway.to("POST report")).toMatchObject([{ body: { kind: "succeeded", value: 16 } }]);
    expect(gateway.to("POST tasks")).toEqual([]);
  });
});
