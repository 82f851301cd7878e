// What a harness may put in the place of the machine: time, and the cluster that triggers go to (S287, S288).
import type { HostTime } from "@stint/crds/host";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { Handle, type RunPort } from "../src/handle.ts";
import { triggerThrough, type RunRequest, type TriggerClient } from "../src/harness.ts";
import { currentContext, task, TimeoutError } from "../src/index.ts";
import { anOutcome, attempt, FakeHost, forgetTasks, processStart } from "./fakes/host.ts";

beforeEach(forgetTasks);

const unused = { cancel: async () => {}, rerun: async () => {} };

/** Time that a test moves. */
function aTime() {
  const timeouts: { readonly ms: number; readonly end: () => void }[] = [];
  const time: HostTime = {
    nowMs: () => processStart + 200_000,
    timeout(ms) {
      const controller = new AbortController();
      timeouts.push({ ms, end: () => controller.abort() });
      return controller.signal;
    },
  };
  return { time, timeouts };
}

describe("time", () => {
  test("bounds a wait, and the machine's does not", async () => {
    const machines = vi.spyOn(AbortSignal, "timeout");
    const { time, timeouts } = aTime();
    const port: RunPort = { id: "run-1", time, outcome: () => new Promise(() => {}), ...unused };

    const result = new Handle(port).result({ timeoutMs: 5000 });
    timeouts[0]?.end();

    await expect(result).rejects.toThrow(new TimeoutError("task run run-1 is not finished after 5000 ms"));
    expect(timeouts.map(({ ms }) => ms)).toEqual([5000]);
    expect(machines).not.toHaveBeenCalled();
    machines.mockRestore();
  });

  test("bounds the wait of an attempt for its child", async () => {
    const { time, timeouts } = aTime();
    const host = Object.assign(new FakeHost(), { time, outcomeOf: () => new Promise<never>(() => {}) });
    const child = task("child", () => 1);
    task("parent", async () => {
      const wait = child().wait({ timeoutMs: 1000 });
      timeouts[0]?.end();
      await wait;
      return "waited";
    });

    expect(await attempt("parent", [], host)).toMatchObject({ value: "waited" });
    expect(timeouts.map(({ ms }) => ms)).toEqual([1000]);
  });

  test("is what remains of an attempt's", async () => {
    task("remaining", () => currentContext().remainingMs());

    const report = await attempt("remaining", [], Object.assign(new FakeHost(), { time: aTime().time }));

    expect(report).toMatchObject({ value: 400_000 });
  });
});

describe("a client", () => {
  const requests: RunRequest[] = [];
  const client: TriggerClient = {
    bundle: "tests",
    async create(request) {
      requests.push(request);
      return { id: "run-1", outcome: async () => anOutcome("run-1", { result: 9 }), ...unused };
    },
  };

  beforeEach(() => {
    requests.length = 0;
  });

  test("gets the triggers of what runs through it, of its own bundle", async () => {
    const square = task("square", (n: number) => n * n);

    const run = await triggerThrough(client, () => square.trigger([3], { name: "run-1" }));

    await expect(run.result()).resolves.toBe(9);
    expect(requests).toMatchObject([{ bundle: "tests", target: { name: "square" }, input: [3], name: "run-1" }]);
  });

  test("gets no trigger of a run: that one goes through its runner", async () => {
    const square = task("square", (n: number) => n * n);
    task("outer", async () => (await square.trigger([3])).id);
    const host = new FakeHost();

    await triggerThrough(client, () => attempt("outer", [], host));

    expect(requests).toEqual([]);
    expect(host.triggered).toMatchObject([{ task: "demo/square" }]);
  });
});
