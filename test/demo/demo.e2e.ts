// `make demo` as a person starts it. Runs on devcluster alone: the demo brings its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

import { expect, onTestFinished, test } from "vitest";

import { builtCli } from "../../cli/test/dev/kit/built-cli.ts";
import { descendantsOf, survivorsOf } from "../../cli/test/dev/kit/processes.ts";

interface Demo {
  readonly child: ChildProcess;
  /** Where it would leave what it left lying about. */
  readonly folder: string;
  readonly output: Promise<string>;
}

/** Started, as `make demo` starts it. */
async function demo(): Promise<Demo> {
  const assets = join(dirname(await builtCli()), "embedded");
  const folder = mkdtempSync(join(tmpdir(), "stint-demo-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const env = { ...process.env, TMPDIR: folder, NO_COLOR: "1" };
  const child = spawn(process.execPath, ["test/demo/main.ts", assets], { env, stdio: ["ignore", "pipe", "inherit"] });
  return { child, folder, output: text(child.stdout) };
}

test("the demo tells its stories, all as they should be, and leaves nothing behind", async () => {
  const { child, folder, output } = await demo();

  const [code] = await once(child, "close");

  expect(await output).toMatch(/7 stories in [\d.]+ s: all ended as they should\.\n$/);
  expect(code).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});

test("Ctrl-C ends the demo with all that it has started", async () => {
  const { child, folder } = await demo();
  await untilSaid(child, "1. hello");
  const started = descendantsOf(child.pid ?? 0);

  child.kill("SIGINT");
  const [code] = await once(child, "close");

  expect(code).toBe(130);
  expect(started.length).toBeGreaterThan(0);
  expect(await survivorsOf(started)).toEqual([]);
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
