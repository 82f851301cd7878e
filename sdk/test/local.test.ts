import { beforeEach, describe, expect, test } from "vitest";

import { currentContext, task, taskRef, TaskRunError } from "../src/index.ts";
import { forgetTasks } from "./fakes/host.ts";

beforeEach(forgetTasks);

describe("local()", () => {
  test("is the plain function: value for value, throw for throw (S286)", async () => {
    const square = task("square", (n: number) => n * n);
    const point = { x: 1n };
    const same = task("same", async (value: object) => value);
    const fails = task("fails", () => {
      throw new RangeError("bad");
    });

    expect(square.local(3)).toBe(9);
    expect(await same.local(point)).toBe(point);
    expect(() => fails.local()).toThrow(new RangeError("bad"));
  });

  test("checks the number of arguments (S112)", () => {
    const area: { local(...args: unknown[]): unknown } = task("area", (w: number, h = 1) => w * h);

    expect(area.local(3)).toBe(3);
    expect(() => area.local()).toThrow(new TypeError("task area expected 1 to 2 argument(s), got 0"));
  });

  test("shows a stub as context (S112)", () => {
    const look = task("look", { tags: ["a"] }, (_input: number) => currentContext());

    const context = look.local(4);

    expect(context).toMatchObject({ runId: "local", attempt: 1, taskName: "look", tags: ["a"], input: [4] });
    expect([context.deadline, context.remainingMs(), context.signal.aborted]).toEqual([undefined, Infinity, false]);
    expect(() => context.progress("x").add(3)).not.toThrow();
  });

  test("gives the code around it no context", () => {
    task("t", () => 1).local();

    expect(() => currentContext()).toThrow("currentContext() called outside a run");
  });
});

describe("what a local task calls", () => {
  test("runs here too, at any depth (S112)", async () => {
    const squared = task("square", (n: number) => n * n);
    const sum = task("sum", async (a: number, b: number) => {
      const [x, y] = await Promise.all([squared(a), squared(b)]);
      return x + y;
    });
    const outer = task("outer", async () => [await sum(3, 4), currentContext().taskName]);

    expect(await outer.local()).toEqual([25, "outer"]);
  });

  test("takes and gives JSON, as it would in a cluster", async () => {
    const dates = task("dates", (at: unknown) => ({ at, type: typeof at, gone: undefined }));
    const outer = task("outer", async () => dates(new Date(0)));

    expect(await outer.local()).toEqual({ at: "1970-01-01T00:00:00.000Z", type: "string" });
  });

  test("fails as a child does (S115)", async () => {
    const fails = task("fails", () => {
      throw new RangeError("bad");
    });
    const outer = task("outer", async () => fails());

    await expect(outer.local()).rejects.toBeInstanceOf(TaskRunError);
    await expect(outer.local()).rejects.toMatchObject({
      message: "Task run local (local/fails) failed: TaskError: bad",
      cause: { name: "RangeError", message: "bad" },
    });
  });

  test("and is not awaited, fails unseen (S117)", async () => {
    const fails = task("fails", () => Promise.reject(new Error("bad")));
    const outer = task("outer", () => void fails());

    expect(outer.local()).toBeUndefined();
    await new Promise(setImmediate); // an unhandled rejection would fail this test
  });

  test("cannot be in another bundle", async () => {
    const resize = taskRef("media/resize");
    const outer = task("outer", async () => resize("u"));

    const message = 'Task "media/resize" is not in this process: .local() runs no task of another bundle';
    await expect(outer.local()).rejects.toThrow(new Error(message));
  });
});
