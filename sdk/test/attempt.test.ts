import { beforeEach, describe, expect, test } from "vitest";

import { task } from "../src/index.ts";
import { attempt, failed, forgetTasks, succeeded } from "./fakes/host.ts";

beforeEach(forgetTasks);

describe("the report of a function that", () => {
  test.each<{ given: string; define: () => unknown; input: null | object; value: unknown }>([
    { given: "returns a value has it (S45)", define: () => task("t", (n: number) => [n * n]), input: [3], value: [9] },
    {
      given: "resolves with one has it awaited",
      define: () => task("t", async (n: number) => n * n),
      input: [3],
      value: 9,
    },
    { given: "returns nothing has null (S46)", define: () => task("t", () => undefined), input: [], value: null },
    {
      given: "is called by name (S30)",
      define: () => task("t", (w: number, h = 2) => [w, h]),
      input: { w: 3 },
      value: [3, 2],
    },
    {
      given: "takes the whole object (S31)",
      define: () => task("t", ({ id }: { id: string }) => id),
      input: { id: "b1" },
      value: "b1",
    },
    {
      given: "gets null for null, not its default (S34)",
      define: () => task("t", (h: number | null = 2) => h),
      input: [null],
      value: null,
    },
    {
      given: "is a generator has all that it yields (S23)",
      define: () =>
        task("t", function* (n: number) {
          yield n;
          yield { n };
          return "dropped";
        }),
      input: [3],
      value: [3, { n: 3 }],
    },
    {
      given: "is an async generator, too",
      define: () =>
        task("t", async function* () {
          yield 1;
          yield undefined;
        }),
      input: [],
      value: [1, null],
    },
    {
      given: "returns a generator, too",
      define: () =>
        task("t", () =>
          (function* () {
            yield Promise.resolve(1);
          })(),
        ),
      input: [],
      value: [1],
    },
    {
      given: "returns another iterable has no stream of it",
      define: () => task("t", () => "abc"),
      input: [],
      value: "abc",
    },
  ])("$given", async ({ define, input, value }) => {
    define();

    expect(await attempt("t", input as [])).toEqual(succeeded(value)); // a JSON array or object
  });

  test.each<{ given: string; define: () => unknown; report: object }>([
    {
      given: "returns no JSON (S48)",
      define: () => task("t", () => ({ a: [0, 1, 2n] })),
      report: failed(
        "ResultNotSerializable",
        "TypeError",
        'result of task "t" is not JSON-serializable: value at $.a[2] is a bigint',
      ),
    },
    {
      given: "yields no JSON",
      define: () =>
        task("t", function* () {
          yield 1;
          yield { f: Symbol("s") };
        }),
      report: failed(
        "ResultNotSerializable",
        "TypeError",
        'result of task "t" is not JSON-serializable: value at $[1].f is a symbol',
      ),
    },
    {
      given: "returns too much (S44, S49)",
      define: () => task("t", () => "x".repeat(524_287)),
      report: failed(
        "ResultTooLarge",
        "RangeError",
        "result of task demo/t is 524289 bytes, the limit is 524288 bytes; store it elsewhere and return a reference (no payload store is configured)",
      ),
    },
    {
      given: "yields without end (S23)",
      define: () =>
        task("t", function* () {
          for (;;) yield "x".repeat(1020);
        }),
      report: failed(
        "ResultTooLarge",
        "RangeError",
        "result of task demo/t is 524800 bytes, the limit is 524288 bytes; store it elsewhere and return a reference (no payload store is configured)",
      ),
    },
  ])("$given is final and says so", async ({ define, report }) => {
    define();

    expect(await attempt("t", [])).toEqual(report);
  });

  test("just fits has its value", async () => {
    task("t", () => "x".repeat(524_286));

    expect(await attempt("t", [])).toMatchObject({ kind: "succeeded" });
  });
});

describe("an attempt that cannot begin ends with", () => {
  test("InvalidInput in the operator's words (S38)", async () => {
    let calls = 0;
    task("t", (a: number, b: number) => (calls += a + b));

    expect(await attempt("t", [1])).toEqual(
      failed("InvalidInput", "TypeError", "task t expected 2 argument(s), got 1"),
    );
    expect(calls).toBe(0);
  });

  test("InvalidInput for a bound function by its declared length (S32)", async () => {
    task("t", Math.pow);

    expect(await attempt("t", [1])).toEqual(
      failed("InvalidInput", "TypeError", "task t expected at least 2 argument(s), got 1"),
    );
    expect(await attempt("t", [2, 3])).toEqual(succeeded(8));
  });

  test("TaskNotFound (S124)", async () => {
    task("t", () => 1);

    const message = 'Task "other" is not registered in bundle demo revision 7';
    expect(await attempt("other", [])).toEqual(failed("TaskNotFound", "Error", message));
  });
});
