// What functions start and say while they run: real children, real context (S287).
import { asCompleted, currentContext, NonRetryableError, task, taskRef, TaskRunError, type Task } from "@stint/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";

import { createHarness, type Harness } from "../src/index.ts";
import { flaky, hypotenuse, square, thirdTime, waiting } from "./tasks.ts";

const resize = task("resize", (width: number) => ({ width }));
const remote = task("remote", async () => taskRef<[number], { width: number }>("media/resize")(640));
const contextual = task("contextual", { tags: ["a"], labels: { team: "x" } }, (word: string) => {
  const context = currentContext();
  const data = Object.entries(context).filter(([, value]) => ["string", "number"].includes(typeof value));
  const { tags, labels, input } = context;
  return { ...Object.fromEntries(data), tags, labels, input, word };
});

const tasks = [square, hypotenuse, remote, contextual];
let h: Harness;

beforeEach(async () => {
  h = await createHarness({ tasks, bundles: { media: [resize] } });
});

afterEach(() => h.close());

describe("chaining", () => {
  test("children are runs of their own, in their parent's tree (S107, S121)", async () => {
    const { id, result } = await h.run(hypotenuse, [3, 4]);

    expect(result).toBe(5);
    const children = (await h.runs()).filter(({ status }) => status.parent?.name === id);
    expect(children.map((child) => child.result)).toEqual([9, 16]);
    expect(children.map(({ status }) => status.root?.name)).toEqual([id, id]);
  });

  test("a child's retries come first, then its failure is thrown (S115, S116)", async () => {
    const caught: unknown[] = [];
    const careful = task("careful", async () => {
      await flaky().then(undefined, (error: unknown) => caught.push(error));
      throw new NonRetryableError("gave up");
    });
    await using own = await createHarness({ tasks: [careful, flaky] });

    const run = await own.run(careful, []);

    expect(caught[0]).toBeInstanceOf(TaskRunError);
    expect(caught[0]).toMatchObject({ reason: "TaskError", attempts: 4, task: "tests/flaky" });
    expect(run).toMatchObject({ phase: "Failed", reason: "NonRetryableError", error: { message: "gave up" } });
    expect(run.attempts).toHaveLength(1);
  });

  test("values come in the order in which children end (S114)", async () => {
    const race = task("race", async () => {
      const startAt = new Date(h.clock.now().getTime() + 5000);
      const values: number[] = [];
      for await (const value of asCompleted([square.with({ startAt })(2), square(3)])) values.push(value);
      return values;
    });
    await using own = await createHarness({ tasks: [race, square], now: h.clock.now() });

    expect((await own.run(race, [])).result).toEqual([9, 4]);
  });

  test("a call of another bundle goes there (S122)", async () => {
    const run = await h.run(remote, []);

    expect(run.result).toEqual({ width: 640 });
    expect((await h.runs()).map((each) => each.task)).toEqual(["tests/remote", "media/resize"]);
  });

  test("a task that the harness was not given is not registered for its caller (S124)", async () => {
    await using own = await createHarness({ tasks: [hypotenuse] });

    const run = await own.run(hypotenuse, [3, 4], { retry: { maxRetries: 0 } });

    expect(run.error?.message).toMatch(
      /failed: TaskNotFound: Task "square" is not registered in bundle tests revision 1$/,
    );
  });

  test("a run that a run has triggered is awaited all the same, and is no part of its tree (S123)", async () => {
    const outer = task("outer", async () => {
      const handle = await thirdTime.trigger([]);
      return { id: handle.id, value: await handle.result() };
    });
    await using own = await createHarness({ tasks: [outer, thirdTime] });

    const run = await own.run(outer, []);

    expect(run.result?.value).toBe(3);
    expect((await own.get(run.result?.id ?? "")).status).not.toHaveProperty("parent");
  });

  test("a key gives a later attempt the child of the first (S120)", async () => {
    const keyed = task("keyed", async () => {
      const value = await square.with({ key: "a" })(3);
      if (currentContext().attempt === 1) throw new Error("after the child");
      return value;
    });
    await using own = await createHarness({ tasks: [keyed, square] });

    const run = await own.run(keyed, []);

    expect(run).toMatchObject({ result: 9, attempts: [{}, {}] });
    expect(await own.runs()).toHaveLength(2);
  });
});

test("a parent may cancel its child, and hears that it was (S108, S115)", async () => {
  const strict = task("strict", async () => {
    const child = waiting();
    await child.cancel();
    return child.result({ raiseOnFailure: false }).then(String);
  });
  await using own = await createHarness({ tasks: [strict, waiting] });

  const run = await own.run(strict, []);

  expect(run.result).toMatch(/^TaskRunError: Task run trn-\w+ \(tests\/waiting\) was canceled$/);
});

test("a child's values can be read as it yields them (S24)", async () => {
  const later = () => ({ startAt: new Date(h.clock.now().getTime() + 2000) });
  const feed = task("feed", async function* () {
    yield await square.with(later())(1);
    yield await square.with(later())(2);
  });
  const reader = task("reader", async () => {
    const values: number[] = [];
    for await (const value of feed()) values.push(value);
    return values;
  });
  await using own = await createHarness({ tasks: [feed, reader, square], now: h.clock.now() });

  const run = await own.run(reader, []);

  expect(run.result).toEqual([1, 4]);
});

test("inputs are checked against schemas before any pod, and in the attempt (S37, S38, S39)", async () => {
  const inputSchema = z.object({ width: z.number().refine((width) => width % 2 === 0, "must be even") });
  const scaled = task("scaled", { inputSchema }, ({ width }: { width: number }) => width / 2);
  await using own = await createHarness({ tasks: [scaled] });

  const runs = await Promise.all([
    own.run(scaled, { width: 4 }),
    own.run(scaled, { width: 3 }),
    own.run(scaled, JSON.parse('{ "width": "4" }')),
  ]);

  expect(runs.map(({ reason, attempts }) => `${reason} ${attempts.length}`)).toEqual([
    "Completed 1",
    "InvalidInput 1",
    "InvalidInput 0",
  ]);
});

test("runs of one tree share a cache, and others have their own (S149)", async () => {
  const remembering: Task<[], unknown> = task("remembering", async () => {
    const { cache, rootRunId, runId } = currentContext();
    const found = await cache.get("a");
    if (rootRunId !== runId) return found && new TextDecoder().decode(found);
    await cache.set("a", new TextEncoder().encode("kept"));
    return remembering();
  });
  await using own = await createHarness({ tasks: [remembering] });

  expect((await own.run(remembering, [])).result).toBe("kept");
  expect((await own.run(remembering, [])).result).toBe("kept");
});

test("progress and display name are delivered with the report, and at most once a second before (S146, S147, S150)", async () => {
  const counting = task("counting", async () => {
    const context = currentContext();
    const files = context.progress("files");
    files.add(3);
    files.done(1);
    context.display = "at a third";
    await square(1);
    files.done(2);
    return null;
  });
  await using own = await createHarness({ tasks: [counting, square] });

  const { status } = await own.run(counting, []);

  expect(status).toMatchObject({ progress: [{ label: "files", total: 3, done: 3 }], displayName: "at a third" });
});

test("a root's progress is that of its tree, and its own is kept apart (S148)", async () => {
  const part = task("part", async (rows: number) => {
    const counter = currentContext().progress("rows");
    counter.add(rows);
    counter.done(rows);
    return null;
  });
  const whole = task("whole", async () => {
    currentContext().progress("rows").add(1);
    await part(2);
    await part(3);
    return null;
  });
  await using own = await createHarness({ tasks: [part, whole] });

  const { status } = await own.run(whole, []);

  expect(status).toMatchObject({
    progress: [{ label: "rows", total: 6, done: 5 }],
    summed: { own: [{ label: "rows", total: 1, done: 0 }] },
  });
});

test("the context tells what a pod would be told (S142)", async () => {
  const { id, result, status } = await h.run(contextual, ["hi"], { tags: ["b"] });

  expect(result).toMatchObject({
    runId: id,
    executionId: id,
    attempt: 1,
    userRetries: 0,
    maxRetries: 3,
    taskName: "contextual",
    bundle: "tests",
    revision: 1,
    namespace: "default",
    rootRunId: id,
    tags: ["a", "b"],
    labels: { team: "x" },
    input: ["hi"],
    word: "hi",
  });
  expect(result).toMatchObject({ uid: status.root?.uid });
});
