import { execFile } from "node:child_process";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { afterEach, beforeEach, expect, test } from "vitest";

import { Shell } from "../fakes/shell.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

let shell: Shell;
beforeEach(async () => {
  shell = await Shell.open();
});
afterEach(() => shell[Symbol.asyncDispose]());

test("the project type-checks", async () => {
  const project = join(shell.directory, "Night Jobs");

  const code = await shell.typeAnywhere("init", project, "--sdk", join(root, "sdk"));

  expect(code).toBe(0);
  // What `npm install` would bring is here already.
  await symlink(join(root, "node_modules"), join(project, "node_modules"));
  await promisify(execFile)(join(root, "node_modules/.bin/tsc"), ["-p", project]);
});

test("the project bears its folder's name, and asks for the SDK that was named", async () => {
  const project = join(shell.directory, "Night Jobs");

  await shell.typeAnywhere("init", project, "--sdk", "/clone/sdk");

  const { name, scripts, dependencies } = JSON.parse(await readFile(join(project, "package.json"), "utf8")) as {
    readonly [member: string]: string | Readonly<Record<string, string>>;
  }; // ours
  expect(name).toBe("night-jobs");
  expect(scripts).toMatchObject({ deploy: "stint deploy src/tasks.ts --bundle night-jobs" });
  expect(dependencies).toEqual({ "@stint/sdk": "file:/clone/sdk" });
  expect((await readdir(project)).toSorted()).toEqual([
    ".gitignore",
    "README.md",
    "package.json",
    "src",
    "tsconfig.json",
  ]);
});

test("without an SDK it says that none is published yet", async () => {
  await shell.typeAnywhere("init", join(shell.directory, "a"));

  expect(shell.notes.join()).toContain("@stint/sdk is not published yet");
});

test("a directory with something in it is left alone", async () => {
  await writeFile(join(shell.directory, "notes.txt"), "mine");

  const code = await shell.typeAnywhere("init", shell.directory);

  expect(code).toBe(1);
  expect(shell.notes[0]).toMatch(/^error: directory .* is not empty: it has /);
});
