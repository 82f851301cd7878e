// `make demo` as a person starts it. Runs on devcluster alone: the demo brings its own. kit/devcluster.ts has built the CLI.
import { execFileSync, type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { expect, onTestFinished, test } from "vitest";

/** The demo with a folder for all that it leaves lying about. */
function demo(): { readonly child: ChildProcess; readonly folder: string; readonly output: Promise<string> } {
  const folder = mkdtempSync(join(tmpdir(), "stint-demo-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const env = { ...process.env, TMPDIR: folder, NO_COLOR: "1" };
  const child = spawn(process.execPath, ["test/demo/main.ts"], { env, stdio: ["ignore", "pipe", "inherit"] });
  return { child, folder, output: text(child.stdout) };
}

test("the demo tells its stories, all as they should be, and leaves nothing behind", async () => {
  const { child, folder, output } = demo();

  const [code] = await once(child, "close");

  expect(await output).toMatch(/7 stories in [\d.]+ s: all ended as they should\.\n$/);
  expect(code).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});

test("Ctrl-C ends the demo with all that it has started", async () => {
  const { child, folder } = demo();
  await untilSaid(child, "1. hello");
  const started = descendantsOf(child.pid);

  child.kill("SIGINT");
  const [code] = await once(child, "close");

  expect(code).toBe(130);
  expect(started.length).toBeGreaterThan(0);
  expect(living().filter(({ pid }) => started.includes(pid))).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});

async function untilSaid({ stdout }: ChildProcess, words: string): Promise<void> {
  let said = "";
  const { promise, resolve } = Promise.withResolvers<void>();
  stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes(words)) resolve();
  });
  await promise;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
}

/** Processes that have not ended; one that waits to be buried has. */
function living(): Process[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8" }).trim().split("\n");
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state = ""]) => !state.startsWith("Z"))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}

function descendantsOf(ancestor: number | undefined): number[] {
  const all = living();
  const below = (parent: number | undefined): number[] =>
    all.filter((one) => one.parent === parent).flatMap(({ pid }) => [pid, ...below(pid)]);
  return below(ancestor);
}
