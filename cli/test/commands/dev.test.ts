// What `stint dev` and `--local` refuse before anything is started; the rest is told by cli/test/dev.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Shell } from "../fakes/shell.ts";

let shell: Shell;
let entry: string;
beforeEach(async () => {
  shell = await Shell.open();
  entry = join(shell.directory, "tasks.ts");
  await writeFile(entry, "");
  vi.stubEnv("HOME", shell.directory);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await shell[Symbol.asyncDispose]();
});

test.each([
  { given: "an entry point that is not there", args: ["nowhere.ts"], what: "entry point nowhere.ts does not exist" },
  { given: "no entry point", args: [], what: "entry point src/tasks.ts does not exist" },
  { given: "a folder", args: ["/tmp"], what: "entry point /tmp does not exist" },
])("$given is one sentence what and one what to do (S285)", async ({ args, what }) => {
  const code = await shell.typeAnywhere("dev", ...args);

  expect(code).toBe(1);
  expect(shell.notes).toEqual([`error: ${what}`, "Name the module that imports all tasks."]);
});

test("an environment that cannot be read stops the start (S285)", async () => {
  const file = join(shell.directory, ".env");
  await writeFile(file, "A=1\noops\n");

  const code = await shell.typeAnywhere("dev", entry, "--env-file", file);

  expect(code).toBe(1);
  expect(shell.notes[0]).toBe(`error: ${file}:2 is no variable`);
});

test("a bundle needs a name that Kubernetes takes (S3)", async () => {
  const code = await shell.typeAnywhere("dev", entry, "--bundle", "My Shop");

  expect(code).toBe(2);
  expect(shell.notes[0]).toBe('error: "My Shop" is no name for a bundle');
});

test.each([[["--", "npm", "start"]], [["--", "npm"]], [["tasks.ts", "--", "npm"]], [["tasks.ts", "more.ts"]]])(
  "the form with a command is not built, and says so: %s (S281)",
  async (args) => {
    const code = await shell.typeAnywhere("dev", ...args);

    expect(code).toBe(2);
    expect(shell.notes).toEqual([
      "error: `stint dev -- <command>` is not built yet",
      "Name a module of tasks in JavaScript or TypeScript: stint dev <entry>.",
    ]);
  },
);

test("--local without a server says which port it has asked, and what to start (S283)", async () => {
  vi.stubEnv("STINT_LOCAL_DEV_URL", "http://localhost:9123");

  const code = await shell.typeAnywhere("--local", "runs");

  expect(code).toBe(1);
  expect(shell.notes).toEqual([
    "error: no development server on port 9123",
    "Start one with `stint dev`, or name its address in STINT_LOCAL_DEV_URL.",
  ]);
});

test("--local and a kubeconfig name two clusters", async () => {
  const code = await shell.type("--local", "runs");

  expect(code).toBe(2);
  expect(shell.notes[0]).toBe("error: --local is a cluster of its own");
});
