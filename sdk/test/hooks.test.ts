import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { currentContext, task, taskRef, type RunState } from "../src/index.ts";
import { anAssignment, attempt, FakeHost, forgetTasks, registry, succeeded } from "./fakes/host.ts";

let host: FakeHost;
/** What was called, in order. */
let calls: unknown[];

beforeEach(() => {
  forgetTasks();
  host = new FakeHost();
  calls = [];
});
afterEach(() => {
  vi.useRealTimers();
});

const note =
  (name: string) =>
  async (...given: [string, string, RunState]): Promise<void> => {
    calls.push([name, ...given]);
  };
const failure = {
  phase: "Failed",
  reason: "TaskError",
  message: "failed after 2 attempt(s): bad",
  attempts: 2,
} as const;
const success = { phase: "Succeeded", reason: "Completed", message: "", attempts: 2 } as const;
const ended = (name: string, end: typeof failure | typeof success) =>
  registry().runEnded?.(anAssignment(name, []), host, end);

describe("onRunning (S104, S105)", () => {
  test("is called before the function, in the order of the list", async () => {
    task("square", { onRunning: [note("a"), note("b")] }, () => void calls.push("function"));

    await attempt("square", [], host);

    const state = { phase: "Running", reason: "Retrying", message: "", attempts: 2 };
    expect(calls).toEqual([["a", "demo/square", "run-1", state], ["b", "demo/square", "run-1", state], "function"]);
  });

  test("that throws is logged, and those after it are called all the same", async () => {
    const broken = () => {
      throw new Error("broken hook");
    };
    task("square", { onRunning: [broken, note("b")] }, () => 1);

    expect(await attempt("square", [], host)).toEqual(succeeded(1));
    expect(calls).toMatchObject([["b", "demo/square", "run-1", {}]]);
    expect(host.records).toMatchObject([["error", "onRunning threw", { error: { message: "broken hook" } }]]);
  });

  test("has 30 s for all of them; then the function begins", async () => {
    vi.useFakeTimers();
    const stuck = () => new Promise<void>(() => undefined);
    task("square", { onRunning: [stuck, note("b")] }, () => 1);

    const report = attempt("square", [], host);
    await vi.advanceTimersByTimeAsync(30_000);

    expect(await report).toEqual(succeeded(1));
    expect(calls).toEqual([]);
    expect(host.records).toEqual([["warn", "onRunning did not end within 30 s"]]);
  });

  test("during which the attempt is stopped is followed by no function", async () => {
    task("square", { onRunning: () => host.stop("Disrupted") }, () => void calls.push("function"));

    expect(await attempt("square", [], host)).toMatchObject({ kind: "failed", error: { name: "DisruptionError" } });
    expect(calls).toEqual([]);
  });
});

describe("the hooks after the run's end (S105)", () => {
  test.each([
    { end: success, called: "completion" },
    { end: failure, called: "failure" },
  ])("of a run that has $end.phase are called with its state", async ({ end, called }) => {
    task("square", { onCompletion: note("completion"), onFailure: note("failure") }, () => 1);

    await ended("square", end);

    expect(calls).toEqual([[called, "demo/square", "run-1", end]]);
  });

  test("may ask for the context, and can start nothing any more", async () => {
    const child = task("child", () => 1);
    task("square", { onCompletion: [() => void calls.push(currentContext().runId), () => void child()] }, () => 1);

    await ended("square", success);

    expect(calls).toEqual(["run-1"]);
    expect(host.starts).toEqual([]);
    expect(host.records).toMatchObject([
      ["error", "onCompletion threw", { error: { message: expect.stringContaining("the attempt is over") } }],
    ]);
  });

  test("are not waited for longer than 30 s together", async () => {
    vi.useFakeTimers();
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    task("square", { onFailure: [() => first.promise, () => second.promise, note("late")] }, () => 1);

    const done = ended("square", failure);
    await vi.advanceTimersByTimeAsync(20_000);
    first.resolve();
    await vi.advanceTimersByTimeAsync(10_000);
    await done;
    second.resolve();
    await vi.advanceTimersByTimeAsync(1);

    expect(calls).toEqual([]);
  });

  test("of a task without any, or that is not there, are none", async () => {
    task("square", () => 1);

    await ended("square", success);
    await ended("nobody", success);

    expect(host.records).toEqual([]);
  });
});

describe("hooks that are tasks (S106)", () => {
  test("stand in the manifest, of the own bundle or of another, and are not called here", async () => {
    const notify = task("notify", (event: { readonly run: string }) => event.run);
    const mail = taskRef<[{ readonly run: string }], void>("mail/send");
    task("square", { onFailure: [notify, note("own"), mail], onCompletion: notify.with({ tags: ["x"] }) }, () => 1);

    await ended("square", failure);

    expect((await registry().manifest()).at(-1)?.hooks).toEqual({
      onFailure: [{ name: "notify" }, { name: "send", bundle: "mail" }],
      onCompletion: [{ name: "notify" }],
    });
    expect(calls).toEqual([["own", "demo/square", "run-1", failure]]);
  });

  test("a task without hooks says nothing of them", async () => {
    task("square", () => 1);

    expect((await registry().manifest()).at(-1)).not.toHaveProperty("hooks");
  });
});

describe("what is no hook is refused at the definition (S104)", () => {
  test.each(["onRunning", "onCompletion", "onFailure"])("%s", (hook) => {
    const says = `Task "square": ${hook} must be a function, a task or a list of them`;

    expect(() => task("square", { [hook]: "notify" } as never, () => 1)).toThrow(new TypeError(says));
    expect(() => task("square", { [hook]: [note("a"), null] } as never, () => 1)).toThrow(new TypeError(says));
  });

  test("more than 16 of a kind", () => {
    const many = Array.from({ length: 17 }, () => note("a"));

    expect(() => task("square", { onFailure: many }, () => 1)).toThrow(
      new RangeError('Task "square": onFailure must be at most 16 hooks, got 17'),
    );
  });
});
