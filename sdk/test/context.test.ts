import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { currentContext, task, type TaskContext } from "../src/index.ts";
import { attempt, FakeHost, forgetTasks, processStart } from "./fakes/host.ts";

beforeEach(forgetTasks);
afterEach(() => {
  vi.useRealTimers();
});

/** What `look` sees in an attempt; `more` is what its assignment says besides. */
async function seenIn<T>(look: (context: TaskContext) => T, more: object = {}, host = new FakeHost()): Promise<T> {
  let seen: { readonly value: T } | undefined;
  task("t", (_input: number) => {
    seen = { value: look(currentContext()) };
  });
  const report = await attempt("t", [4], host, more);
  if (!seen) throw new Error(JSON.stringify(report));
  return seen.value;
}

test("outside a run there is no context (S141)", () => {
  expect(() => currentContext()).toThrow(new Error("currentContext() called outside a run"));
});

test("the context says which run and attempt this is (S142)", async () => {
  const host = new FakeHost();

  const context = await seenIn((context) => context, {}, host);

  expect(context).toEqual({
    runId: "run-1",
    executionId: "run-1",
    uid: "uid-1",
    attempt: 2,
    userRetries: 1,
    maxRetries: 3,
    taskName: "t",
    bundle: "demo",
    revision: 7,
    namespace: "team-a",
    parentRunId: undefined,
    rootRunId: "run-1",
    tags: ["nightly"],
    labels: { type: "cpu" },
    input: [4],
    upstream: [],
    submit: expect.any(Function),
    signal: host.signal,
    deadline: new Date(processStart + 600_000),
    idempotencyKey: "team-a/uid-1",
    display: undefined,
    log: {
      debug: expect.any(Function),
      info: expect.any(Function),
      warn: expect.any(Function),
      error: expect.any(Function),
    },
    progress: expect.any(Function),
    cache: expect.any(Object),
    remainingMs: expect.any(Function),
  });
});

test("the idempotency key is the same in all attempts of a run, and in no other run (S99)", async () => {
  const keyIn = (more: object) => {
    forgetTasks();
    return seenIn(({ idempotencyKey }) => idempotencyKey, more);
  };

  const keys = [await keyIn({ attempt: 1 }), await keyIn({ attempt: 2 }), await keyIn({ uid: "uid-2" })];

  expect(keys).toEqual(["team-a/uid-1", "team-a/uid-1", "team-a/uid-2"]);
});

test("a child sees its parent and its root", async () => {
  const { parentRunId, rootRunId } = await seenIn((context) => context, { parent: "mother", root: "grandmother" });

  expect([parentRunId, rootRunId]).toEqual(["mother", "grandmother"]);
});

test("the context follows the code across awaits, and two attempts do not mix", async () => {
  task("t", async () => {
    await new Promise(setImmediate);
    return Promise.all([1, 2].map(async () => currentContext().runId));
  });

  const reports = await Promise.all(["a", "b"].map((name) => attempt("t", [], new FakeHost(), { name })));

  expect(reports).toMatchObject([{ value: ["a", "a"] }, { value: ["b", "b"] }]);
});

test("a generator has it too, while its values are taken", async () => {
  task("t", async function* () {
    yield currentContext().runId;
    await new Promise(setImmediate);
    yield currentContext().runId;
  });

  expect(await attempt("t", [])).toMatchObject({ value: ["run-1", "run-1"] });
});

describe("the deadline is", () => {
  test.each([
    ["the attempt's timeout, if that is first", new Date(processStart + 700_000), 600_000],
    ["the run's deadline, if that is first", new Date(processStart + 500_000), 500_000],
  ])("%s", async (_, deadlineAt, ms) => {
    const { deadline } = await seenIn((context) => context, { deadlineAt: deadlineAt.toISOString() });

    expect(deadline).toEqual(new Date(processStart + ms));
  });

  test("counted down, but not below 0", async () => {
    vi.useFakeTimers({ now: processStart + 590_000, toFake: ["Date"] });
    const context = await seenIn((context) => context);

    expect(context.remainingMs()).toBe(10_000);
    vi.setSystemTime(processStart + 610_000);
    expect(context.remainingMs()).toBe(0);
  });
});

describe("progress", () => {
  test("sums up by label, and every change tells all labels (S146)", async () => {
    const host = new FakeHost();

    await seenIn(
      ({ progress }) => {
        progress("pages").add(10);
        progress().add();
        progress("pages").done(4);
        progress("pages").done();
      },
      {},
      host,
    );

    expect(host.updates.at(-1)).toEqual({
      progress: [
        { label: "pages", total: 10, done: 5 },
        { label: "", total: 1, done: 0 },
      ],
    });
    expect(host.updates).toHaveLength(4);
  });

  test("is a fraction, if there is nothing to count", async () => {
    const host = new FakeHost();

    await seenIn(({ progress }) => progress.fraction(0.25), {}, host);

    expect(host.updates).toEqual([{ progress: [{ label: "", total: 1, done: 0.25 }] }]);
  });

  test.each([-0.1, 1.1, Number.NaN])("refuses %d as a fraction (S146)", async (fraction) => {
    const { progress } = await seenIn((context) => context);

    const error = new RangeError(`progress fraction must be from 0 to 1, got ${fraction}`);
    expect(() => progress.fraction(fraction)).toThrow(error);
  });

  test("has at most 1000 labels (S148)", async () => {
    const { progress } = await seenIn((context) => context);
    for (let label = 0; label < 1000; label++) progress(`${label}`).add();

    expect(() => progress("one more").add()).toThrow(new Error("task run run-1 has more than 1000 progress labels"));
    expect(() => progress("0").done()).not.toThrow();
  });

  test("has labels that the status can hold", async () => {
    const { progress } = await seenIn((context) => context);

    const error = new RangeError("progress label has 257 characters, the limit is 256");
    expect(() => progress("x".repeat(257)).add()).toThrow(error);
  });
});

test("the display name is sent, cut to 1024 characters (S150)", async () => {
  const host = new FakeHost();

  const shown = await seenIn(
    (context) => {
      context.display = "x".repeat(1025);
      return context.display;
    },
    {},
    host,
  );

  expect(host.updates).toEqual([{ displayName: "x".repeat(1024) }]);
  expect(shown).toBe("x".repeat(1024));
});
