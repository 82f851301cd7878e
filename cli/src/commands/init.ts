// A project to begin with: the files of templates/, with the project's own name in them.
import { cp, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";

import { ExitCode } from "../exit-codes.ts";
import { Problem } from "../problem.ts";
import { placeholder, toBundleName } from "../project-name.ts";
import type { Session } from "../session.ts";
import { templates } from "../templates.ts";

export interface InitOptions {
  readonly sdk?: string;
}

/** Writes the project into a new or empty directory. */
export async function init(
  { terminal }: Pick<Session, "terminal">,
  directory: string,
  { sdk }: InitOptions,
): Promise<ExitCode> {
  const target = resolve(directory);
  await expectEmpty(target, directory);
  const name = toBundleName(basename(target));
  await cp(templates, target, { recursive: true });
  await rename(join(target, "gitignore"), join(target, ".gitignore")); // npm leaves a .gitignore out of what it packs
  for (const file of ["package.json", "README.md"]) await replaceName(join(target, file), name);
  if (sdk !== undefined) await useLocalSdk(join(target, "package.json"), resolve(sdk));
  terminal.print(`wrote a project to ${directory}: start with src/tasks.ts, README.md says how to go on`);
  if (sdk === undefined) {
    terminal.note(
      "@stint/sdk is not published yet: name the folder sdk of a clone of Stint with --sdk, or npm finds none",
    );
  }
  return ExitCode.Ok;
}

async function expectEmpty(target: string, given: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const found = await readdir(target);
  if (found.length === 0) return;
  throw new Problem(
    `directory ${given} is not empty: it has ${found[0] ?? ""}`,
    "Name a new one: stint init <directory>.",
  );
}

async function replaceName(file: string, name: string): Promise<void> {
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replaceAll(placeholder, name));
}

async function useLocalSdk(file: string, sdk: string): Promise<void> {
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(/"@stint\/sdk": "[^"]*"/, `"@stint/sdk": ${JSON.stringify(`file:${sdk}`)}`));
}
