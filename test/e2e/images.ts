// Builds the operator's and the runner's image, and loads them into the nodes of the test cluster.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { say } from "../shell.ts";
import { step } from "./kit/steps.ts";

export interface Images {
  readonly operator: string;
  readonly runner: string;
}

const root = join(import.meta.dirname, "../..");
const archives = join(root, "test/e2e/dist");

interface Built {
  readonly name: string;
  readonly archive: string;
}

/** Names carry the content's hash: an image that is there is the right one, and a node never runs a stale one. */
export async function buildAndLoadImages(env: NodeJS.ProcessEnv): Promise<Images> {
  const { operator, runner } = await buildImages(env);
  for (const { name, archive } of [operator, runner])
    await step(`load ${name}`, "test/cluster/load-image.sh", [archive], env);
  return { operator: operator.name, runner: runner.name };
}

async function buildImages(env: NodeJS.ProcessEnv): Promise<{ operator: Built; runner: Built }> {
  mkdirSync(archives, { recursive: true });
  await step("build the operator", "node", ["operator/build.ts"], env);
  await step("build the runner", "node", ["runner-image/build.ts"], env);
  return { operator: await image("operator", env), runner: await image("runner-image", env) };
}

async function image(context: "operator" | "runner-image", env: NodeJS.ProcessEnv): Promise<Built> {
  const name = `localhost/stint/${context === "operator" ? "operator" : "runner"}:${contentHash(join(root, context))}`;
  const archive = join(archives, `${name.replaceAll(/[/:]/g, "-")}.tar`);
  const files = [`${context}/dist`, `${context}/Dockerfile`];
  if (!existsSync(archive)) await step(`image ${name}`, "runner-image/image.sh", [name, archive, ...files], env);
  return { name, archive };
}

function contentHash(context: string): string {
  const hash = createHash("sha256");
  const base = [join(root, "runner-image/image.sh"), ...filesBelow(join(root, "runner-image/base"))];
  const files = [join(context, "Dockerfile"), ...filesBelow(join(context, "dist")), ...base];
  for (const file of files) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

// `make images`: for other clusters than the test's. They are pushed, or loaded, by whoever has one.
if (import.meta.main) {
  for (const { name, archive } of Object.values(await buildImages(process.env))) say(`${name}  ${archive}`);
}
