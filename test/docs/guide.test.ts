// The tasks of docs/tasks.md do what the guide says: defined as they stand there, and run by the real operator in memory.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Task } from "@stint/sdk";
import { createHarness, type Harness } from "@stint/testing";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

import { root } from "../architecture/sources.ts";
import { blocksOf, modulesOf, withModules } from "./blocks.ts";

type AnyTask = Task<unknown[], unknown>;

const guide = readFileSync(join(root, "docs/tasks.md"), "utf8");

/** What the guide's blocks export; those that trigger runs are for programs outside, and are only compiled. */
async function tasksOfGuide(): Promise<Readonly<Record<string, AnyTask>>> {
  const blocks = blocksOf("docs/tasks.md", guide).filter(({ code }) => !/^(const \w+ = )?await /m.test(code));
  const modules = modulesOf(blocks);
  const entry = [...modules.keys()].map((file) => `export * from "./blocks/${file}";`).join("\n");
  return withModules(modules, async (folder) => {
    const outfile = join(folder, "guide.mjs");
    const stdin = { contents: entry, resolveDir: folder, loader: "ts" } as const;
    await build({
      stdin,
      outfile,
      bundle: true,
      format: "esm",
      packages: "external",
      keepNames: true,
      logLevel: "error",
    });
    const exported = (await import(outfile)) as Readonly<Record<string, unknown>>;
    const tasks = Object.entries(exported).filter(([, value]) => typeof value === "function" && "local" in value);
    return Object.fromEntries(tasks) as Readonly<Record<string, AnyTask>>; // what has `local` is a task
  });
}

let tasks: Readonly<Record<string, AnyTask>>;
let h: Harness;
beforeAll(async () => {
  tasks = await tasksOfGuide();
  h = await createHarness({ tasks: Object.values(tasks) });
});
afterAll(() => h.close());

function named(name: string): AnyTask {
  const task = tasks[name];
  if (!task) throw new Error(`the guide defines no ${name}`);
  return task;
}

test("the guide shows many tasks, and all of them can be registered", () => {
  expect(Object.keys(tasks).length).toBeGreaterThan(25);
});

test.each<{ task: string; input: unknown[] | Record<string, unknown>; result: unknown }>([
  { task: "half", input: [3], result: 1.5 },
  { task: "area", input: [3, 4], result: 12 },
  { task: "area", input: { w: 3, h: 4 }, result: 12 },
  { task: "area", input: { w: 3 }, result: 3 },
  { task: "archive", input: { orderId: "o-1" }, result: "o-1 x 1" },
  { task: "raw", input: { a: 1, b: 2 }, result: ["a", "b"] },
  {
    task: "invoice",
    input: { id: "o-1", items: [{ cents: 450 }] },
    result: { orderId: "o-1", cents: 450, currency: "EUR" },
  },
  { task: "hypotenuse", input: [3, 4], result: 5 },
  { task: "ranking", input: [[3, 1, 2]], result: [0, 2, 1] },
  { task: "reader", input: [3], result: 18 },
  { task: "importRows", input: [["a", "b"]], result: 2 },
])("$task of $input gives $result", async ({ task, input, result }) => {
  const run = await h.run(named(task), input);

  expect([run.phase, run.result]).toEqual(["Succeeded", result]);
});

test.each([{ input: [] }, { input: { w: 3, deep: 1 } }])("area refuses $input as the guide says", async ({ input }) => {
  const run = await h.run(named("area"), input);

  expect([run.reason, run.attempts]).toEqual(["InvalidInput", []]);
  expect(guide).toContain(`\`${run.message}\``);
});

test("what retryIf refuses is not tried again, and what a size says is what the pod gets", async () => {
  const run = await h.run(named("sync"), ["{"]);
  const trained = await h.run(named("train"), []);
  const indexed = await h.run(named("index"), []);

  expect([run.phase, run.attempts.length]).toEqual(["Failed", 1]);
  expect(trained.status.resources).toEqual({ cpu: "4", memory: "8Gi" });
  expect(indexed.status.resources).toEqual({ cpu: "2", memory: "4Gi" });
});

test("billing tells the team by a run of its own, also where its process is gone", async () => {
  const startAt = new Date(h.clock.now().getTime() + 1000);
  const run = await h.trigger(named("billing"), ["o-1"], { startAt, retry: { maxRetries: 0 } });
  await h.fail(run, "OutOfMemory");
  const { phase, reason, message } = await run.details();
  await h.clock.advance("10s");

  const told = (await h.runs()).filter(({ task }) => task === "tests/tell_team");
  expect([phase, reason]).toEqual(["Failed", "OutOfMemory"]);
  expect(told.map(({ result }) => result)).toEqual([`${run.id}: OutOfMemory ${message}`]);
});
