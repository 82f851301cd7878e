import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { start, task, type Task } from "../src/index.ts";
import { forgetTasks, registry } from "./fakes/host.ts";

beforeEach(forgetTasks);
afterEach(() => {
  vi.unstubAllEnvs();
});

/** What JavaScript callers can do, and the compiler would not let us. */
function loosely(...args: readonly unknown[]): Task<unknown[], unknown> {
  return Reflect.apply(task, undefined, args);
}

const fn = (n: number): number => n;

const tooLate = 'Task "late" was defined after registration; define tasks at module level';

/** What the call throws, if it throws. */
function messageOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as Error).message; // ours
  }
}

describe("a task is defined by", () => {
  test("a name and a function", async () => {
    const square = task("square", (n: number) => n * n);

    expect(square.name).toBe("square");
    expect(square.options).toEqual({});
    expect((await registry().manifest()).map(({ name }) => name)).toEqual(["square"]);
  });

  test("options between them", () => {
    expect(task("images/resize", { timeoutSeconds: 300 }, fn).options).toEqual({ timeoutSeconds: 300 });
  });

  test("a named function alone, or with options before it (S2)", async () => {
    expect(task(fn).name).toBe("fn");
    forgetTasks();
    expect(task({ timeoutSeconds: 5 }, fn).options).toEqual({ timeoutSeconds: 5 });
    expect((await registry().manifest())[0]?.name).toBe("fn");
  });

  test("and the object it gives is frozen (S1)", () => {
    const square = task("square", fn);

    expect(Object.isFrozen(square)).toBe(true);
    expect(Object.isFrozen(square.options)).toBe(true);
  });
});

describe("a definition throws for", () => {
  const nameRule = "use 1 to 256 of A-Z a-z 0-9 _ - . /, beginning and ending with a letter, a digit or _";

  test.each<{ given: string; args: readonly unknown[]; error: Error }>([
    // S4
    { given: "an empty name", args: ["", fn], error: new TypeError("A task needs a name") },
    { given: "a name that is no text", args: [7, fn], error: new TypeError("A task needs a name") },
    { given: "an anonymous function alone", args: [() => undefined], error: new TypeError("A task needs a name") },
    { given: "nothing", args: [], error: new TypeError("A task needs a name") },
    {
      given: "a name with a space",
      args: ["a b", fn],
      error: new TypeError(`Task name "a b" is not allowed: ${nameRule}`),
    },
    {
      given: "a name that ends with a dot",
      args: ["a.", fn],
      error: new TypeError(`Task name "a." is not allowed: ${nameRule}`),
    },
    {
      given: "a name of 257 characters",
      args: ["a".repeat(257), fn],
      error: new TypeError(`Task name "${"a".repeat(257)}" is not allowed: ${nameRule}`),
    },
    { given: "no function", args: ["a", {}], error: new TypeError('Task "a": the last argument must be a function') },
    { given: "a name alone", args: ["a"], error: new TypeError('Task "a": the last argument must be a function') },
    {
      given: "options behind the function",
      args: [fn, {}],
      error: new TypeError('Task "fn": the last argument must be a function'),
    },
    // S6
    { given: "a reserved name", args: ["stint/a", fn], error: new TypeError('Task name "stint/a" is reserved') },
    {
      given: "a reserved name with a dot",
      args: ["stint.a", fn],
      error: new TypeError('Task name "stint.a" is reserved'),
    },
    {
      given: "a reserved parameter",
      args: ["a", (waitFor: unknown) => waitFor],
      error: new TypeError('Task "a": parameter name "waitFor" is reserved'),
    },
    {
      given: "a reserved parameter by option",
      args: ["a", { parameters: ["__proto__"] }, fn],
      error: new TypeError('Task "a": parameter name "__proto__" is reserved'),
    },
    {
      given: "a reserved label",
      args: ["a", { labels: { "stint.dev/x": "" } }, fn],
      error: new TypeError('Task "a": label "stint.dev/x" is reserved'),
    },
    // S7
    {
      given: "an unknown option",
      args: ["a", { timeout: 5 }, fn],
      error: new TypeError('Task "a": unknown option "timeout"'),
    },
    {
      given: "an option of later work",
      args: ["a", { queue: "q" }, fn],
      error: new TypeError('Task "a": unknown option "queue"'),
    },
    {
      given: "an inherited option",
      args: ["a", { toString: 5 }, fn],
      error: new TypeError('Task "a": unknown option "toString"'),
    },
    {
      given: "an unknown member of retry",
      args: ["a", { retry: { max: 5 } }, fn],
      error: new TypeError('Task "a": unknown option "retry.max"'),
    },
    // S17, S18
    {
      given: "a long description",
      args: ["a", { description: "x".repeat(2049) }, fn],
      error: new RangeError('Task "a": description has 2049 characters, the limit is 2048'),
    },
    {
      given: "a bad tag",
      args: ["a", { tags: ["ok", "-x"] }, fn],
      error: new TypeError('tag "-x" is not allowed: use 1 to 63 of A-Z a-z 0-9 _ - .'),
    },
    {
      given: "51 tags",
      args: ["a", { tags: Array.from({ length: 51 }, (_, at) => `t${at}`) }, fn],
      error: new RangeError('Task "a": tags must be at most 50 strings, got 51'),
    },
    {
      given: "a label that Kubernetes refuses",
      args: ["a", { labels: { type: "c p u" } }, fn],
      error: new TypeError('Task "a": label "type: c p u" does not follow the label syntax of Kubernetes'),
    },
    // S62, S144, S252
    {
      given: "two sizes",
      args: ["a", { instanceType: "pro", resources: { cpu: 2 } }, fn],
      error: new TypeError('Task "a": give instanceType or resources, not both'),
    },
    {
      given: "a sliver of a CPU",
      args: ["a", { resources: { cpu: 0.05 } }, fn],
      error: new RangeError('Task "a": resources.cpu must be a number from 0.1 to 1024, got 0.05'),
    },
    {
      given: "half a MB",
      args: ["a", { resources: { memoryMb: 0.5 } }, fn],
      error: new RangeError('Task "a": resources.memoryMb must be an integer from 1 to 16777216, got 0.5'),
    },
    {
      given: "a resource that no profile has",
      args: ["a", { resources: { gpu: 1 } }, fn],
      error: new TypeError('Task "a": unknown option "resources.gpu"'),
    },
    {
      given: "prints that are asked for in words",
      args: ["a", { logPrints: "yes" }, fn],
      error: new RangeError('Task "a": logPrints must be true or false, got "yes"'),
    },
    {
      given: "a version of three numbers",
      args: ["a", { version: "v1.2.3" }, fn],
      error: new TypeError('Task "a": invalid version "v1.2.3", expected v<major>.<minor>'),
    },
    {
      given: "options that are none",
      args: ["a", 5, fn],
      error: new RangeError('Task "a": options must be an object, got 5'),
    },
    // S28
    {
      given: "a timeout of 0",
      args: ["resize", { timeoutSeconds: 0 }, fn],
      error: new RangeError('Task "resize": timeoutSeconds must be an integer from 1 to 604800, got 0'),
    },
    {
      given: "half a second",
      args: ["a", { timeoutSeconds: 0.5 }, fn],
      error: new RangeError('Task "a": timeoutSeconds must be an integer from 1 to 604800, got 0.5'),
    },
    {
      given: "a timeout in words",
      args: ["a", { timeoutSeconds: "60" }, fn],
      error: new RangeError('Task "a": timeoutSeconds must be an integer from 1 to 604800, got "60"'),
    },
    {
      given: "a late start timeout",
      args: ["a", { startTimeoutSeconds: 604801 }, fn],
      error: new RangeError('Task "a": startTimeoutSeconds must be an integer from 1 to 604800, got 604801'),
    },
    {
      given: "a deadline of no number",
      args: ["a", { deadlineSeconds: Number.NaN }, fn],
      error: new RangeError('Task "a": deadlineSeconds must be an integer from 1 to 2592000, got NaN'),
    },
    {
      given: "a negative grace period",
      args: ["a", { gracePeriodSeconds: -1 }, fn],
      error: new RangeError('Task "a": gracePeriodSeconds must be an integer from 0 to 600, got -1'),
    },
    {
      given: "an empty instance type",
      args: ["a", { instanceType: "" }, fn],
      error: new RangeError('Task "a": instanceType must be a string of 1 to 253 characters, got ""'),
    },
    {
      given: "another way to take arguments",
      args: ["a", { args: "list" }, fn],
      error: new RangeError('Task "a": args must be named or object, got "list"'),
    },
    {
      given: "parameters that are no names",
      args: ["a", { parameters: [1] }, fn],
      error: new RangeError('Task "a": parameters must be a list of names or of {name, required}, got a list of 1'),
    },
  ])("$given", ({ args, error }) => {
    expect(() => loosely(...args)).toThrow(error);
  });

  test("a name that is taken, and the first task stays (S5)", async () => {
    task("square", (n: number) => n);

    expect(() => task("square", () => "other")).toThrow(new Error('Task "square" is already registered'));
    expect((await registry().manifest())[0]?.signature.parameters).toHaveLength(1);
  });

  test.each([
    {
      given: "in a pod",
      mode: "run",
      late: tooLate,
    },
    { given: "in a pod that registers", mode: "register", late: tooLate },
    { given: "anywhere else", mode: undefined, late: undefined },
  ])("a task defined behind start(), $given (S11, S14)", ({ mode, late }) => {
    vi.stubEnv("STINT_MODE", mode);
    task("square", (n: number) => n);

    start();

    expect(messageOf(() => task("late", fn))).toBe(late);
  });

  test("a task that comes too late (S14)", () => {
    task("square", (n: number) => n);
    registry().close();

    expect(() => task("late", fn)).toThrow(new Error(tooLate));
  });
});

describe("an option that is", () => {
  test("undefined counts as absent", () => {
    expect(loosely("a", { timeoutSeconds: undefined }, () => 1).options).toEqual({});
  });

  test("on its bound is taken", () => {
    const options = {
      timeoutSeconds: 604_800,
      gracePeriodSeconds: 0,
      deadlineSeconds: 1,
      description: "x".repeat(2048),
    };

    expect(task("a", options, () => 1).options).toEqual(options);
  });
});
