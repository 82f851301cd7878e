import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { readEnvFile } from "../../src/dev/env-file.ts";
import { Problem } from "../../src/problem.ts";

function aFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "stint-env-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, ".env");
  writeFileSync(file, text);
  return file;
}

function problemOf(file: string): Problem {
  try {
    readEnvFile(file);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("nothing was wrong");
}

test("an environment is read as Node reads one", () => {
  const file = aFile(`# of the shop

PLAIN=a value # and a comment
export EXPORTED=yes
QUOTED="a # b"
EMPTY=
LINES="first
second=2"
  INDENTED = x
`);

  expect(readEnvFile(file)).toEqual({
    PLAIN: "a value",
    EXPORTED: "yes",
    QUOTED: "a # b",
    EMPTY: "",
    LINES: "first\nsecond=2",
    INDENTED: "x",
  });
});

test.each([
  { given: "a line without a value", text: "A=1\nhunter2\n", line: 2 },
  { given: "a name that is none", text: "1A=hunter2\n", line: 1 },
  { given: "a quote that nothing closes", text: 'A=1\n\nB="hunter2\nC=3\n', line: 3 },
])("$given is named by its line, and not repeated: it may be a secret (S285)", ({ text, line }) => {
  const file = aFile(text);

  const { message, remedy } = problemOf(file);

  expect(message).toBe(`${file}:${line} is no variable`);
  expect(remedy).toBe("Write NAME=value, a quoted value with its closing quote.");
});

test("a file that is not there is named", () => {
  expect(problemOf("/nowhere/.env").message).toMatch(/^--env-file cannot be read: ENOENT.*\/nowhere\/\.env/);
});
