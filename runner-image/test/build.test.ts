import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { buildRunner } from "../build.ts";

test("the runner is one file of our own modules, and imports nothing but Node's (S11)", async () => {
  const directory = await mkdtemp(join(tmpdir(), "stint-build-"));

  const { metafile } = await buildRunner(join(directory, "runner.cjs"));

  const inputs = Object.keys(metafile.inputs);
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect(inputs).toContainEqual(expect.stringMatching(/runner-image\/src\/main\.ts$/));
  expect(inputs.filter((path) => !/^(.*\/)?(runner-image|crds)\/src\/[\w-]+\.ts$/.test(path))).toEqual([]);
  expect(imported).toContain("node:https");
  expect(imported.filter((path) => !path.startsWith("node:"))).toEqual([]);
  await rm(directory, { recursive: true });
});

test("the image's working directory lies below the folder whose node_modules has the SDK (S11)", async () => {
  const dockerfile = await readFile(join(import.meta.dirname, "../Dockerfile"), "utf8");

  const [, folder = "nowhere"] = /^COPY sdk\/ (.+)\/node_modules\/@stint\/sdk\/$/m.exec(dockerfile) ?? [];
  const [, workingDirectory] = /^WORKDIR (.+)$/m.exec(dockerfile) ?? [];

  expect(workingDirectory).toMatch(`${folder}/`);
});
