// The harness as a test's author sees it (S286, S287).
import { readFile } from "node:fs/promises";

import { ClientError, currentContext, task } from "@stint/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createHarness, HarnessError, type Harness } from "../src/index.ts";
import { flaky, hypotenuse, square, thirdTime, waiting } from "./tasks.ts";

const parentOfWaiting = task("parent-of-waiting", async () => waiting());
const printing = task("printing", async (word: string) => {
  console.log("%s of attempt", word, currentContext().attempt);
  await Promise.resolve();
  console.error({ word });
  process.stdout.write(`${word}\n`);
});
const resize = task("resize", (width: number) => ({ width }));
const tasks = [square, flaky, thirdTime, hypotenuse, waiting, parentOfWaiting, printing];
let h: Harness;

beforeEach(async () => {
  h = await createHarness({ tasks, bundles: { media: [resize] } });
});

afterEach(() => h.close());

test("a task is an ordinary function without any harness (S286)", () => {
  expect(square.local(3)).toBe(9);
});

describe("run (S287)", () => {
  test("gives the result, and how the run came to it", async () => {
    const run = await h.run(square, [3]);

    expect(run).toMatchObject({ task: "tests/square", phase: "Succeeded", reason: "Completed", result: 9 });
    expect(run.attempts).toMatchObject([{ number: 1, reason: "Succeeded" }]);
    expect(run.status.conditions?.map(({ type, status }) => `${type} ${status}`)).toContain("Finished True");
  });

  test("lets the time of all retries pass, and no more", async () => {
    const before = h.clock.now().getTime();

    const run = await h.run(thirdTime, []);

    expect(run).toMatchObject({ phase: "Succeeded", result: 3, attempts: [{}, {}, {}] });
    expect(h.clock.now().getTime() - before).toBe(3000); // 1 + 2 s
  });

  test("tells of a failure and does not throw it", async () => {
    const run = await h.run(flaky, []);

    expect(run).toMatchObject({ phase: "Failed", reason: "TaskError", error: { name: "Error", message: "it broke" } });
    expect(run.attempts.map((attempt) => attempt.class)).toEqual(["User", "User", "User", "User"]);
    expect(run).not.toHaveProperty("result");
  });

  test("takes an input by name, and options (S29, S110)", async () => {
    const run = await h.run(flaky, {}, { name: "once", tags: ["t"], retry: { maxRetries: 0 } });
    const named = await h.run(hypotenuse, { b: 4, a: 3 });

    expect(run).toMatchObject({ id: "once", attempts: [{}] });
    expect(named.result).toBe(5);
  });

  test("keeps the options that with() has replaced (S26)", async () => {
    const run = await h.run(flaky.with({ retry: { maxRetries: 1 } }), []);

    expect(run.attempts).toHaveLength(2);
  });

  test("ends a run whose input does not bind without a pod (S35, S37)", async () => {
    // @ts-expect-error -- one number
    const run = await h.run(square, [3, 4]);

    expect(run).toMatchObject({
      phase: "Failed",
      reason: "InvalidInput",
      message: "task square expected 1 argument(s), got 2",
      attempts: [],
    });
  });

  test("refuses an input that is no JSON, as a trigger does (S42)", async () => {
    // @ts-expect-error -- a number
    await expect(h.run(square, [3n])).rejects.toThrow(
      'argument 1 of task "square" is not JSON-serializable: value at $ is a bigint',
    );
  });

  test("refuses a name that Kubernetes would refuse", async () => {
    await expect(h.run(square, [3], { name: "Square_3" })).rejects.toThrow(
      'create run Square_3: TaskRun.stint.dev "Square_3" is invalid: metadata.name: Invalid value: "Square_3"',
    );
  });

  test("finds the run of an earlier trigger by its name, and refuses another task's (S111)", async () => {
    await h.run(square, [3], { name: "once" });

    expect((await h.run(square, [4], { name: "once" })).result).toBe(9);
    await expect(h.run(flaky, [], { name: "once" })).rejects.toThrow("run once exists and belongs to tests/square");
  });
});

describe("trigger", () => {
  test("has done all that needs no time when it resolves", async () => {
    const { id } = await h.trigger(square, [3]);

    expect((await h.get(id)).phase).toBe("Succeeded");
  });

  test("gives a handle that lets time pass (S110)", async () => {
    const run = await h.trigger(thirdTime, []);

    await expect(run.result()).resolves.toBe(3);
    await expect(run.details()).resolves.toMatchObject({ attempts: 3, phase: "Succeeded" });
  });

  test("gives a handle that throws what the run ended of", async () => {
    const run = await h.trigger(flaky, []);

    await expect(run.result()).rejects.toThrow(
      `Task run ${run.id} (tests/flaky) failed: TaskError: failed after 4 attempt(s): it broke`,
    );
  });

  test("many at once are waited for together", async () => {
    const runs = await Promise.all([h.run(thirdTime, []), h.run(flaky, []), h.run(hypotenuse, [3, 4])]);

    expect(runs.map(({ phase }) => phase)).toEqual(["Succeeded", "Failed", "Succeeded"]);
  });
});

test("hooks and retryIf are asked as in a pod, and a run is over when its hooks are (S93, S104, S105)", async () => {
  const called: string[] = [];
  const hooked = task(
    "hooked",
    {
      onRunning: (name, _run, { attempts }) => void called.push(`running ${name} ${attempts}`),
      onFailure: async (name, _run, { reason }) => {
        await readFile(import.meta.filename);
        called.push(`failed ${name} ${reason}`);
      },
      retryIf: (_error, { attempt }) => attempt < 2,
    },
    () => {
      throw new Error("it broke");
    },
  );
  await using own = await createHarness({ tasks: [hooked] });

  const run = await own.run(hooked, []);

  expect(run.attempts).toHaveLength(2);
  expect(called).toEqual(["running tests/hooked 1", "running tests/hooked 2", "failed tests/hooked TaskError"]);
});

test("a run that failed may be done again by its handle (S170)", async () => {
  let isBroken = true;
  const mended = task("mended", { retry: { maxRetries: 0 } }, () => {
    if (isBroken) throw new Error("it broke");
    return "mended";
  });
  await using own = await createHarness({ tasks: [mended] });
  const run = await own.trigger(mended, []);
  await expect(run.result()).rejects.toThrow("it broke");
  isBroken = false;

  await run.rerun();

  await expect(run.result()).resolves.toBe("mended");
  expect((await own.get(run)).attempts).toHaveLength(2);
  await expect(run.rerun()).rejects.toThrow(`task run ${run.id} has succeeded; trigger a new run`);
});

describe("cancel", () => {
  test("ends a run and its children, whose functions hear of it (S161, S165)", async () => {
    const run = await h.trigger(parentOfWaiting, []);
    await h.clock.advance("1s");

    await h.cancel(run);

    const states = await h.runs();
    expect(states.map(({ phase, reason }) => `${phase} ${reason}`)).toEqual([
      "Canceled Canceled",
      "Canceled ParentCanceled",
    ]);
  });

  test("comes too late for a run that is over (S167)", async () => {
    const { id } = await h.run(square, [3], { name: "over" });

    await expect(h.cancel(id)).rejects.toThrow(new ClientError("task run over is not active", { statusCode: 409 }));
    await expect(h.cancel("none")).rejects.toThrow("task run not found: none");
  });
});

describe("events and logs", () => {
  test("events tell of failures and retries, oldest first (S299)", async () => {
    const { id } = await h.run(flaky, [], { retry: { maxRetries: 1, waitDurationMs: 1000 } });

    const events = await h.events(id);

    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual(["Warning TaskError", "Warning TaskError"]);
    expect(events[0]?.message).toContain("it broke");
    expect((events[1]?.at.getTime() ?? 0) - (events[0]?.at.getTime() ?? 0)).toBe(1000);
  });

  test("records of the task's log are kept with the lines that it prints (S143, S144)", async () => {
    const logging = task("logging", { logPrints: true, tags: ["a"] }, () => {
      currentContext().log.warn("little is left", { bytes: 7 });
      console.log("a %s", "print");
      console.debug("as it is");
    });
    await using own = await createHarness({ tasks: [logging], now: "2026-01-01T00:00:00Z" });

    const { id } = await own.run(logging, []);

    const common = { time: "2026-01-01T00:00:00.000Z", run: id, attempt: 1, task: "tests/logging", tags: ["a"] };
    const [record, print, text] = (await own.logs(id)).map((line) => line.text);
    expect(JSON.parse(record ?? "")).toEqual({ ...common, level: "warn", msg: "little is left", bytes: 7 });
    expect(JSON.parse(print ?? "")).toEqual({ ...common, level: "info", msg: "a print" });
    expect(text).toBe("as it is");
  });

  test("what an attempt prints is kept with its run", async () => {
    const [one, two] = await Promise.all([h.run(printing, ["one"]), h.run(printing, ["two"])]);

    expect((await h.logs(one.id)).map(({ text }) => text)).toEqual(["one of attempt 1", "{ word: 'one' }", "one"]);
    expect(await h.logs(two)).toMatchObject([{ attempt: 1, text: "two of attempt 1" }, {}, {}]);
  });
});

describe("several harnesses", () => {
  test("are worlds of their own on the same tasks", async () => {
    await using other = await createHarness({ tasks: [square] });
    await h.run(square, [3], { name: "same" });

    expect((await other.run(square, [4], { name: "same" })).result).toBe(16);
    expect(await other.runs()).toHaveLength(1);
    expect((await h.get("same")).result).toBe(9);
  });

  test("leave the registry open: a task may be defined after one has run and closed", async () => {
    await h.run(square, [3]);
    await h.close();
    const late = task("defined-late", () => "late");

    await using other = await createHarness({ tasks: [late] });

    expect((await other.run(late, [])).result).toBe("late");
  });

  test("give the same story for the same seed", async () => {
    const story = async (seed: number) => {
      await using own = await createHarness({ tasks: [flaky], now: "2026-01-01T00:00:00Z", seed });
      const { id, status } = await own.run(flaky, [], { retry: { maxRetries: 2, jitterFactor: 1 } });
      return { id, status };
    };

    expect(await story(1)).toEqual(await story(1));
    expect((await story(1)).status.finishedAt).not.toBe((await story(2)).status.finishedAt);
  });
});

describe("a harness that is closed", () => {
  test("has ended the functions under way by their signals", async () => {
    const reasons: unknown[] = [];
    const hearing = task("hearing", () => {
      const { signal } = currentContext();
      return new Promise(() => signal.addEventListener("abort", () => reasons.push(signal.reason)));
    });
    const own = await createHarness({ tasks: [hearing] });
    await own.trigger(hearing, []);

    await own.close();

    expect(reasons).toMatchObject([{ name: "DisruptionError" }]);
  });

  test("refuses everything but to be closed again", async () => {
    await h.close();

    const message = "This harness is closed. Create another one with createHarness().";
    await expect(h.run(square, [3])).rejects.toThrow(new HarnessError(message));
    await expect(h.get("x")).rejects.toThrow(message);
    await expect(h.clock.advance("1s")).rejects.toThrow(message);
    await expect(h.close()).resolves.toBeUndefined();
  });
});

describe("what a test asks wrongly is said with what to do", () => {
  test("a run that there is not", async () => {
    await expect(h.get("none")).rejects.toThrow(
      new HarnessError(
        "There is no run none in this harness. Take the id of what trigger() gives; a run whose TTL is over is gone.",
      ),
    );
  });

  test("a task that was not given, or not to that bundle", async () => {
    await expect(h.trigger(resize, [640])).rejects.toThrow(
      'Task "resize" is not in bundle tests of this harness. Give it to createHarness() among its tasks.',
    );
    await expect(h.trigger(square, [3], { bundle: "media" })).rejects.toThrow(
      'Task "square" is not in bundle media of this harness. Give it to createHarness() among its bundles: { "media": … }.',
    );
  });

  test("a namespace", async () => {
    await expect(h.trigger(square, [3], { namespace: "team-b" })).rejects.toThrow(
      "There is no namespace team-b in this harness. Leave the option namespace out.",
    );
  });
});
