import type { RunOutcome } from "@stint/crds/attempt";
import { childName } from "@stint/crds/labels";
import { beforeEach, describe, expect, test } from "vitest";

import {
  asCompleted,
  CanceledError,
  ClientError,
  task,
  taskRef,
  TaskRunError,
  type TaskInstance,
} from "../src/index.ts";
import { anOutcome, attempt, FakeHost, forgetTasks, refusal } from "./fakes/host.ts";

const aChild = () => task("child", (...args: unknown[]): unknown => args);
let host: FakeHost;
let child: ReturnType<typeof aChild>;

beforeEach(() => {
  forgetTasks();
  host = new FakeHost();
  child = aChild();
});

/** What the parent's function gives, in an attempt of its own. */
async function inRun(parent: () => unknown): Promise<unknown> {
  task("parent", parent);
  const report = await attempt("parent", [], host);
  return report.kind === "succeeded" ? report.value : report.error;
}

const nameOf = (sequence: number): string => childName({ parentUid: "uid-1", attempt: 2, sequence });

/** What a call throws at once. */
const caught = (call: () => unknown) =>
  inRun(() => {
    try {
      return call();
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`; // ours
    }
  });

/** What awaiting an instance throws. */
const errorOf = async (instance: () => PromiseLike<unknown>): Promise<unknown> => {
  let thrown: unknown;
  await inRun(async () => {
    try {
      await instance();
    } catch (error) {
      thrown = error;
    }
  });
  return thrown;
};

describe("a call inside a run", () => {
  test("starts a child at once and gives its value when awaited (S107)", async () => {
    host.childEnds = (_, name) => anOutcome(name, { result: 9 });

    expect(await inRun(async () => [await child(3), await child(4)])).toEqual([9, 9]);
    expect(host.starts).toEqual([
      { sequence: 1, task: { name: "child" }, input: [3] },
      { sequence: 2, task: { name: "child" }, input: [4] },
    ]);
  });

  test("gives an instance whose id is known before anything was sent (S108, S118)", async () => {
    const ids = await inRun(() => {
      const [first, second] = [child(1), child(2)];
      return [first.id, second.id];
    });

    expect(ids).toEqual([nameOf(1), nameOf(2)]);
  });

  test("starts before the first await run side by side (S114)", async () => {
    const order: number[] = [];
    host.childEnds = (start, name) => {
      order.push(start.sequence);
      return anOutcome(name, { result: start.sequence });
    };

    expect(await inRun(() => Promise.all([child("a"), child("b"), child("c")]))).toEqual([1, 2, 3]);
    expect(order).toEqual([1, 2, 3]);
  });

  test("sends what with() replaced, and the key beside it (S26, S120)", async () => {
    await inRun(async () => {
      await child.with({ key: "a", timeoutSeconds: 60, startAt: new Date(0) })(1);
      await child.with({ retry: { delaysSeconds: 5 } })(2);
    });

    expect(host.starts).toEqual([
      {
        sequence: 1,
        task: { name: "child" },
        input: [1],
        key: "a",
        options: { timeoutSeconds: 60, startAt: "1970-01-01T00:00:00.000Z" },
      },
      { sequence: 2, task: { name: "child" }, input: [2], options: { retry: { delaysSeconds: [5] } } },
    ]);
  });

  test("of a reference starts a child of another bundle (S122)", async () => {
    const resize = taskRef<[url: string], string>("media/images/resize");
    host.childEnds = (_, name) => anOutcome(name, { result: "small" });

    expect(await inRun(() => resize("u"))).toBe("small");
    expect(host.starts[0]).toMatchObject({ task: { bundle: "media", name: "images/resize" }, input: ["u"] });
  });

  test("that nobody awaits is started before the report leaves, and watched by nobody (S117)", async () => {
    const acknowledged = Promise.withResolvers<void>();
    host.acknowledge = () => acknowledged.promise;
    let isReported = false;
    const result = inRun(() => {
      void child(1);
      return "parent";
    }).finally(() => (isReported = true));

    await new Promise(setImmediate);
    expect(isReported).toBe(false);

    acknowledged.resolve();
    expect(await result).toBe("parent");
    expect(host.awaited).toEqual([]);
  });

  test("that nobody awaits and that is refused is nobody's failure (S117)", async () => {
    host.acknowledge = () => Promise.reject(refusal("Canceled", "run-1 is being canceled"));

    const result = inRun(async () => {
      void child(1);
      await new Promise(setImmediate); // long enough for an unhandled rejection, which would fail this test
    });

    expect(await result).toBeNull();
  });

  test("with a key has its id only once the start is acknowledged (S108)", async () => {
    const ids = await inRun(async () => {
      const keyed = child.with({ key: "a" })(1);
      const before = (() => {
        try {
          return keyed.id;
        } catch (error) {
          return String(error);
        }
      })();
      await keyed;
      return [before, keyed.id];
    });

    expect(ids).toEqual(["Error: the id of a keyed call is known only after its start is acknowledged", "keyed-a"]);
  });
});

describe("a call throws", () => {
  test("outside a run, and names the two things to do (S109)", () => {
    const error = new Error(
      'Task "child" called outside a run: use .trigger(...) to create a run or .local(...) to run the function in this process',
    );

    expect(() => child(1)).toThrow(error);
  });

  test("for an argument that is not JSON, and starts nothing (S42)", async () => {
    expect(await caught(() => child(1, 2n))).toBe(
      'TypeError: argument 2 of task "child" is not JSON-serializable: value at $ is a bigint',
    );
    expect(host.starts).toEqual([]);
  });

  test("for arguments that are too large, and starts nothing (S43, S44)", async () => {
    expect(await caught(() => child("x".repeat(524_288)))).toBe(
      "RangeError: input of task demo/child is 524292 bytes, the limit is 524288 bytes (no payload store is configured)",
    );
    expect(host.starts).toEqual([]);
  });
});

describe("awaiting a child throws", () => {
  test("TaskRunError if it failed, with what it threw as the cause (S115)", async () => {
    const record = { name: "RangeError", message: "bad", stack: "RangeError: bad\n    at child" };
    host.childEnds = (_, name) =>
      anOutcome(name, {
        phase: "Failed",
        reason: "TaskError",
        message: "failed after 4 attempt(s): bad",
        attempts: 4,
        error: record,
      });

    const error = await errorOf(() => child(1));

    expect(error).toBeInstanceOf(TaskRunError);
    expect(error).toMatchObject({
      message: `Task run ${nameOf(1)} (demo/child) failed: TaskError: failed after 4 attempt(s): bad`,
      runId: nameOf(1),
      task: "demo/child",
      phase: "Failed",
      reason: "TaskError",
      attempts: 4,
      cause: { name: "RangeError", message: "bad", stack: "RangeError: bad\n    at child" },
    });
  });

  test("TaskRunError if it was canceled (S115, S166)", async () => {
    host.childEnds = (_, name) => anOutcome(name, { phase: "Canceled", reason: "Canceled", attempts: 0 });

    expect(await errorOf(() => child(1))).toMatchObject({
      message: `Task run ${nameOf(1)} (demo/child) was canceled`,
      reason: "Canceled",
      cause: undefined,
    });
  });

  test("CanceledError if the parent is being canceled (S125)", async () => {
    host.acknowledge = () => Promise.reject(refusal("Canceled", "run run-1 is being canceled"));

    const error = await errorOf(() => child(1));

    expect(error).toBeInstanceOf(CanceledError);
    expect(error).toMatchObject({ name: "CanceledError", message: "run run-1 is being canceled" });
  });

  test.each([
    ["KeyConflict", 409, 'key "a" was used for another call'],
    ["TreeLimitExceeded", 422, "run tree of run-1 has reached its depth limit of 32"],
  ])("ClientError %s (%i) with the gateway's words (S120, S127)", async (code, statusCode, message) => {
    host.acknowledge = () => Promise.reject(refusal(code, message));

    const error = await errorOf(() => child.with({ key: "a" })(1));

    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ message, code, statusCode });
  });

  test("the stop of its own attempt as it is", async () => {
    const stop = Object.assign(new Error("time is up"), { name: "TimeoutError", stop: "TimedOut" });
    host.acknowledge = () => Promise.reject(stop);

    expect(await errorOf(() => child(1))).toBe(stop);
  });

  test("and uncaught it fails the parent as TaskError, even if the child's failure was final (S116)", async () => {
    host.childEnds = (_, name) => anOutcome(name, { phase: "Failed", reason: "NonRetryableError", message: "no" });
    task("parent", async () => child(1));

    expect(await attempt("parent", [], host)).toMatchObject({
      reason: "TaskError",
      error: { name: "TaskRunError" },
      retryable: false,
    });
  });
});

/** Ends them one after another, each when the one before is known to whoever waits. */
async function end(...outcomes: readonly RunOutcome[]): Promise<void> {
  for (const outcome of outcomes) {
    await new Promise(setImmediate);
    host.end(outcome);
  }
}
/** Takes what there is, and says how it ended. */
async function taken(values: AsyncIterable<unknown>): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  try {
    for await (const value of values) seen.push(value);
  } catch (error) {
    seen.push((error as Error).name); // ours
  }
  return seen;
}
const succeeds = (at: number): RunOutcome => anOutcome(nameOf(at), { result: at });
const fails = (at: number): RunOutcome =>
  anOutcome(nameOf(at), { phase: "Failed", reason: "TaskError", message: "bad" });

describe("of several children", () => {
  beforeEach(() => {
    host.childEnds = (_, name) => anOutcome(`not ${name}`);
  });

  test("asCompleted gives the values in the order in which they end (S114)", async () => {
    const values = inRun(() => taken(asCompleted(["a", "b", "c"].map((name) => child(name)))));
    await end(succeeds(3), succeeds(1), succeeds(2));

    expect(await values).toEqual([3, 1, 2]);
  });

  test("asCompleted throws a failure where its value would have come, and leaves the others alone", async () => {
    const values = inRun(() => taken(asCompleted([child(1), child(2), child(3)])));
    await end(succeeds(2), fails(1), fails(3));

    expect(await values).toEqual([2, "TaskRunError"]);
  });

  test("one that failed may be done again, and its new end awaited (S170)", async () => {
    host.childEnds = (_, name) => anOutcome(name, { phase: "Failed", reason: "TaskError", message: "bad" });
    const value = await inRun(async () => {
      const instance = child(1);
      await instance.wait();
      await instance.rerun({ latest: true });
      host.end(anOutcome(instance.id, { result: "better" }));
      return instance;
    });

    expect(host.rerun).toEqual([{ name: nameOf(1), latest: true }]);
    expect(value).toBe("better");
  });

  test("one may be canceled, once it has started (S108)", async () => {
    await inRun(async () => {
      const instance: TaskInstance<unknown> = child(1);
      await instance.cancel();
    });

    expect(host.canceled).toEqual([nameOf(1)]);
  });
});

test("a trigger inside a run goes through the runner, to the run's own bundle (S123)", async () => {
  const ended = anOutcome("trn-triggered", { result: 16 });
  host.end(ended);

  const told = await inRun(async () => {
    const handle = await child.with({ timeoutSeconds: 5 }).trigger([4], { tags: ["night"] });
    const named = await taskRef("media/resize").trigger({ url: "u" }, { name: "mine" });
    return [handle.id, await handle.result(), named.id];
  });

  expect(told).toEqual(["trn-triggered", 16, "mine"]);
  expect(host.triggered).toEqual([
    { task: "demo/child", input: [4], options: { timeoutSeconds: 5, tags: ["night"] } },
    { task: "media/resize", input: { url: "u" }, name: "mine" },
  ]);
});

test("a trigger inside a run stays in its namespace (S123)", async () => {
  const message = 'Task "child": namespace must be team-a inside a run, got "team-b"';

  expect(await inRun(() => child.trigger([1], { namespace: "team-b" }))).toMatchObject({ name: "RangeError", message });
});
