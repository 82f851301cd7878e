import type { RunOutcome } from "@stint/crds/attempt";
import { describe, expect, test } from "vitest";

import { Handle, type RunPort } from "../src/handle.ts";
import { AbortError, TaskRunError, TimeoutError } from "../src/index.ts";
import { anOutcome } from "./fakes/host.ts";

/** A run of which the test says when it ends; it notes how often it was asked. */
function aRun(outcome: Promise<RunOutcome> = new Promise(() => undefined)) {
  const asked: AbortSignal[] = [];
  const reruns: object[] = [];
  const port: RunPort = {
    id: "run-1",
    outcome(signal) {
      asked.push(signal);
      return outcome;
    },
    cancel: () => Promise.resolve(),
    async rerun(options) {
      reruns.push(options);
    },
  };
  return { run: new Handle<unknown>(port), asked, reruns };
}

const succeeded = anOutcome("run-1", { result: { n: 1 }, attempts: 2 });
const failed = anOutcome("run-1", {
  phase: "Failed",
  reason: "TaskError",
  message: "failed after 4 attempt(s): bad",
  attempts: 4,
  error: { name: "Error", message: "bad" },
});

describe("a handle", () => {
  test("asks nobody anything before it is asked (S110)", () => {
    const { run, asked } = aRun();

    expect(run.id).toBe("run-1");
    expect(asked).toEqual([]);
  });

  test("asks once: a terminal run changes no more", async () => {
    const { run, asked } = aRun(Promise.resolve(succeeded));

    await run.wait();

    expect(await run.result()).toEqual({ n: 1 });
    expect(await run.details()).toMatchObject({ phase: "Succeeded" });
    expect(asked).toHaveLength(1);
  });

  test("throws for a run that did not succeed, or gives the error if it is asked to (S108, S110)", async () => {
    const { run } = aRun(Promise.resolve(failed));

    await expect(run.result()).rejects.toBeInstanceOf(TaskRunError);
    expect(await run.result({ raiseOnFailure: false })).toBeInstanceOf(TaskRunError);
  });

  test("tells details of any outcome (S110)", async () => {
    const { run } = aRun(Promise.resolve(failed));

    expect(await run.details()).toEqual({
      id: "run-1",
      task: "demo/child",
      phase: "Failed",
      reason: "TaskError",
      message: "failed after 4 attempt(s): bad",
      attempts: 4,
      error: { name: "Error", message: "bad" },
    });
    expect(await aRun(Promise.resolve(succeeded)).run.details()).toMatchObject({ result: { n: 1 }, attempts: 2 });
  });
});

describe("when the caller's time is up", () => {
  test("result() and details() throw, wait() returns quietly (S108)", async () => {
    const error = new TimeoutError("task run run-1 is not finished after 1 ms");

    await expect(aRun().run.result({ timeoutMs: 1 })).rejects.toThrow(error);
    await expect(aRun().run.details({ timeoutMs: 1 })).rejects.toThrow(error);
    await expect(aRun().run.wait({ timeoutMs: 1 })).resolves.toBeUndefined();
  });

  test("the question is withdrawn, and the next wait asks anew", async () => {
    const { run, asked } = aRun();

    await run.wait({ timeoutMs: 1 });
    await run.wait({ timeoutMs: 1 });

    expect(asked.map((signal) => signal.aborted)).toEqual([true, true]);
  });

  test("24 days and more are no limit", async () => {
    await expect(aRun(Promise.resolve(succeeded)).run.result({ timeoutMs: 2 ** 31 })).resolves.toEqual({ n: 1 });
  });
});

describe("when the caller leaves", () => {
  test("the wait ends with AbortError, and the signal's reason is its cause (S110)", async () => {
    const caller = new AbortController();
    const { run, asked } = aRun();

    const waiting = run.wait({ signal: caller.signal, timeoutMs: 60_000 });
    caller.abort(new Error("bored"));

    await expect(waiting).rejects.toBeInstanceOf(AbortError);
    await expect(waiting).rejects.toMatchObject({ name: "AbortError", cause: new Error("bored") });
    expect(asked[0]?.aborted).toBe(true);
  });

  test("before it asked, nobody is asked", async () => {
    const { run, asked } = aRun();

    await expect(run.result({ signal: AbortSignal.abort() })).rejects.toBeInstanceOf(AbortError);
    expect(asked).toEqual([]);
  });
});

test("a question that fails is not taken for an answer", async () => {
  let answers = 0;
  const outcome = () => (answers++ === 0 ? Promise.reject(new Error("no answer")) : Promise.resolve(succeeded));
  const nothing = () => Promise.resolve();
  const run = new Handle<unknown>({ id: "run-1", outcome, cancel: nothing, rerun: nothing });

  await expect(run.result()).rejects.toThrow("no answer");
  expect(await run.result()).toEqual({ n: 1 });
});

test("after a rerun the new end is asked for (S170)", async () => {
  const { run, asked, reruns } = aRun(Promise.resolve(succeeded));
  await run.wait();
  await run.rerun({ latest: true });
  await run.wait();
  await run.wait();

  expect(reruns).toEqual([{ latest: true }]);
  expect(asked).toHaveLength(2);
});
