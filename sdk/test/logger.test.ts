// The log of a run, as its code writes it (S143).
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Host } from "@stint/crds/host";

import { currentContext, getRunLogger, task } from "../src/index.ts";
import { attempt, FakeHost, forgetTasks } from "./fakes/host.ts";

beforeEach(forgetTasks);
afterEach(() => {
  vi.restoreAllMocks();
});

/** What is written to stdout meanwhile, line by line. */
function stdout(): unknown[] {
  const lines: unknown[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(JSON.parse(String(text)));
    return true;
  });
  return lines;
}

test("records go to the runner, with their level and their fields", async () => {
  const host = new FakeHost();
  task("t", () => {
    currentContext().log.debug("looked");
    getRunLogger().info("found", { n: 4 });
    const { warn, error } = getRunLogger();
    warn("odd");
    error("bad", { why: "x" });
  });

  await attempt("t", [], host);

  expect(host.records).toEqual([
    ["debug", "looked", undefined],
    ["info", "found", { n: 4 }],
    ["warn", "odd", undefined],
    ["error", "bad", { why: "x" }],
  ]);
});

test("a runner that knows no records, and a local run, get JSON lines on stdout", async () => {
  const lines = stdout();
  const host: Host = Object.assign(new FakeHost(), { log: undefined });
  const say = task("say", { tags: ["a"] }, (_n: number) => getRunLogger().info("said", { n: 4 }));

  await attempt("say", [1], host);
  say.local(1);

  const common = { time: expect.any(String), level: "info", msg: "said", n: 4 };
  expect(lines).toEqual([
    { ...common, run: "run-1", attempt: 2, task: "demo/say", tags: ["nightly"] },
    { ...common, run: "local", attempt: 1, task: "local/say", tags: ["a"] },
  ]);
});

test("outside a run there is none", () => {
  expect(() => getRunLogger()).toThrow(new Error("currentContext() called outside a run"));
});
