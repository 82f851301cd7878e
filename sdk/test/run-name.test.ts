// What a run is called by the option `runName` (S21).
import { beforeEach, describe, expect, test } from "vitest";

import { currentContext, task, type RunName, type TaskOptions } from "../src/index.ts";
import { attempt, FakeHost, forgetTasks } from "./fakes/host.ts";

beforeEach(forgetTasks);

type Fn = (...args: never[]) => unknown;

/** What an attempt with this input tells the gateway of its name. */
async function told(runName: RunName, fn: Fn, input: Parameters<typeof attempt>[1], more: TaskOptions = {}) {
  const host = new FakeHost();
  task("greet", { runName, ...more }, fn);
  const report = await attempt("greet", input, host);
  return { updates: host.updates, report };
}

const greet: Fn = (user: string, greeting = "hello", ...rest: number[]) => `${greeting} ${user}${rest.join("")}`;

describe("a template is filled", () => {
  test.each<[string, unknown, unknown]>([
    ["greet {user}", ["Ada"], "greet Ada"],
    ["greet {user}", { user: "Ada" }, "greet Ada"],
    ["{greeting} {user}!", { user: "Ada", greeting: "hi" }, "hi Ada!"],
    ["{user} and {user}", ["Ada"], "Ada and Ada"],
    ["{greeting}.", ["Ada"], "."],
    ["{user}", [{ id: 7 }], '{"id":7}'],
    ["{user}", [null], "null"],
    ["{rest}", ["Ada", "hi", 1, 2], "[1,2]"],
    ["no name, {}, { user } and {1}", ["Ada"], "no name, {}, { user } and {1}"],
  ])("%j with %j is %j", async (template, input, displayName) => {
    const names = Array.isArray(input) ? greet : (user: string, greeting = "hello") => `${greeting} ${user}`;

    const { updates, report } = await told(template, names, input as string[]);

    expect(updates).toEqual([{ displayName }]);
    expect(report.kind).toBe("succeeded");
  });

  test("by the members of the object that is the argument, where the task takes one", async () => {
    const { updates } = await told("bill {id}{toString}", ({ id }: { id: string }) => id, { id: "b1" });

    expect(updates).toEqual([{ displayName: "bill b1" }]);
  });

  test("with names of any language", async () => {
    const { updates } = await told("für {größe$_1}", (größe$_1: number) => größe$_1, [3]);

    expect(updates).toEqual([{ displayName: "für 3" }]);
  });
});

describe("a template that names no parameter is refused at definition", () => {
  test.each<[string, Fn, TaskOptions]>([
    ["{usr}", greet, {}],
    ["{user} {usr}", greet, {}],
    ["{usr}", Math.max.bind(null), {}],
    ["{usr}", greet, { parameters: ["a", "b", "c"] }],
  ])("%j", (runName, fn, more) => {
    const error = new TypeError('Task "greet": runName refers to unknown parameter "usr"');

    expect(() => task("greet", { runName, ...more }, fn)).toThrow(error);
  });

  test("and so is what is neither a template nor a function", () => {
    const options: object = { runName: 7 };

    const error = new RangeError('Task "greet": runName must be a template or a function, got 7');
    expect(() => task("greet", options, greet)).toThrow(error);
  });
});

describe("a function", () => {
  test("gets the list of arguments, in the run's context, and the context shows its name", async () => {
    const host = new FakeHost();
    task(
      "greet",
      { runName: (args) => `${args.join("+")} in ${currentContext().runId}` },
      (_a: number, _b: number) => currentContext().display,
    );

    const report = await attempt("greet", { _b: 2, _a: 1 }, host);

    expect(host.updates).toEqual([{ displayName: "1+2 in run-1" }]);
    expect(report).toMatchObject({ value: "1+2 in run-1" });
  });

  test.each<[string, () => unknown, string]>([
    [
      "throws",
      () => {
        throw new RangeError("no idea");
      },
      "threw RangeError: no idea",
    ],
    ["returns a number", () => 7, "returned number, not a string"],
    ["returns nothing", () => undefined, "returned undefined, not a string"],
    ["returns null", () => null, "returned null, not a string"],
    ["is async", async () => "later", "returned object, not a string"],
  ])("that %s leaves the default with a warning, and the run goes on", async (_, runName, what) => {
    const { updates, report } = await told(runName as RunName, greet, ["Ada"]);

    expect(updates).toEqual([{ invalidRunName: `runName of task "greet" ${what}` }]);
    expect(report).toMatchObject({ kind: "succeeded", value: "hello Ada" });
  });

  test("is not asked about an input that does not fit the task", async () => {
    const { updates, report } = await told(() => "never", greet, []);

    expect(updates).toEqual([]);
    expect(report).toMatchObject({ reason: "InvalidInput" });
  });
});

test("a name is cut to 1024 characters (S150)", async () => {
  const { updates } = await told("{user}", greet, ["x".repeat(2000)]);

  expect(updates).toEqual([{ displayName: "x".repeat(1024) }]);
});
