import { beforeEach, describe, expect, test } from "vitest";

import { asCompleted, task, taskRef, TaskRunError, unmapped } from "../src/index.ts";
import { anOutcome, attempt, FakeHost, forgetTasks } from "./fakes/host.ts";

const aResize = () => task("resize", (url: string, width = 640, options: object = {}) => ({ url, width, options }));
let host: FakeHost;
let resize: ReturnType<typeof aResize>;

beforeEach(() => {
  forgetTasks();
  host = new FakeHost();
  resize = aResize();
});

/** What the parent's function gives, or what it throws. */
async function inRun(parent: () => unknown): Promise<unknown> {
  task("parent", parent);
  const report = await attempt("parent", [], host);
  return report.kind === "succeeded" ? report.value : `${report.error.name}: ${report.error.message}`;
}

const inputs = (): unknown[] => host.starts.map(({ input }) => input);

describe("map (S128)", () => {
  test("starts one child for each element, side by side, and gives their values in order", async () => {
    host.childEnds = ({ sequence }, name) => anOutcome(name, { result: sequence });

    expect(await inRun(() => resize.map(["a", "b", "c"], [1, 2, 3]))).toEqual([1, 2, 3]);
    expect(inputs()).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ]);
  });

  test("gives texts, objects and what is unmapped to every child", async () => {
    const list = task("list", (...args: unknown[]) => args);

    await inRun(() => list.map([1, 2], "text", { a: [1, 2] }, unmapped([3, 4]), unmapped(undefined), null));

    expect(inputs()).toEqual([
      [1, "text", { a: [1, 2] }, [3, 4], null, null],
      [2, "text", { a: [1, 2] }, [3, 4], null, null],
    ]);
  });

  test("leaves out optional parameters, so that their defaults apply", async () => {
    await inRun(() => resize.map(["a"]));

    expect(inputs()).toEqual([["a"]]);
  });

  test("of an empty array starts nothing and gives an empty list", async () => {
    expect(await inRun(() => resize.map([]))).toEqual([]);
    expect(host.starts).toEqual([]);
  });

  test("gives instances, each of which can be asked alone", async () => {
    host.childEnds = ({ sequence }, name) => anOutcome(name, { result: sequence });

    const seen = await inRun(async () => {
      const runs = resize.map(["a", "b"]);
      const ids = runs.map(({ id }) => id);
      const completed: unknown[] = [];
      for await (const value of asCompleted(runs)) completed.push(value);
      return [new Set(ids).size, runs.length, await runs[1], completed.length];
    });

    expect(seen).toEqual([2, 2, 2, 2]);
  });

  test("of a variant sends its options with every start (S26)", async () => {
    await inRun(() => resize.with({ timeoutSeconds: 60 }).map(["a", "b"]));

    expect(host.starts.map(({ options }) => options)).toEqual([{ timeoutSeconds: 60 }, { timeoutSeconds: 60 }]);
  });

  test("of a reference calls another bundle (S122)", async () => {
    const square = taskRef<[n: number], number>("math/square");

    await inRun(() => square.map([1, 2]));

    expect(host.starts).toMatchObject([1, 2].map((n) => ({ task: { bundle: "math", name: "square" }, input: [n] })));
  });

  test("runs in this process inside .local() (S112)", async () => {
    const square = task("square", (n: number) => n * n);
    const sum = task("sum", async (to: number[]) => (await square.map(to)).reduce((x, y) => x + y));

    expect(await sum.local([1, 2, 3])).toBe(14);
  });

  test("rejects with the first child that fails, and leaves the others alone (S115)", async () => {
    host.childEnds = ({ sequence }, name) =>
      sequence === 2 ? anOutcome(name, { phase: "Failed", reason: "TaskError" }) : anOutcome(name);
    let thrown: unknown;

    await inRun(async () => {
      try {
        await resize.map(["a", "b", "c"]);
      } catch (error) {
        thrown = error;
      }
    });

    expect(thrown).toBeInstanceOf(TaskRunError);
    expect(host.starts).toHaveLength(3);
    expect(host.canceled).toEqual([]);
  });
});

describe("map starts nothing (S129)", () => {
  test("without an array", async () => {
    const untyped: { map(...args: unknown[]): unknown } = resize;

    expect(await inRun(() => untyped.map("a", unmapped([640])))).toBe(
      'TypeError: Task "resize": map needs at least one array argument',
    );
    expect(host.starts).toEqual([]);
  });

  test("with arrays of different lengths, which it names", async () => {
    expect(await inRun(() => resize.map(["a", "b"], [640], {}))).toBe(
      'TypeError: Task "resize": map needs arrays of equal length, got url=2, width=1',
    );
    expect(host.starts).toEqual([]);
  });

  test("whose parameters have names that nobody knows", async () => {
    const far = taskRef("media/resize");

    expect(await inRun(() => far.map([1], "x", [1, 2, 3]))).toBe(
      'TypeError: Task "resize": map needs arrays of equal length, got argument 1=1, argument 3=3',
    );
  });

  test("if one element cannot be an argument (S42)", async () => {
    const untyped: { map(...args: unknown[]): unknown } = resize;

    expect(await inRun(() => untyped.map(["a", 2n]))).toBe(
      'TypeError: argument 1 of task "resize" is not JSON-serializable: value at $ is a bigint',
    );
    expect(host.starts).toEqual([]);
  });

  test("outside a run (S109)", () => {
    expect(() => resize.map(["a"])).toThrow('Task "resize" called outside a run: use .trigger(...)');
  });
});
