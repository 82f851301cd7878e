import { beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import * as mini from "zod/mini";

import { task } from "../src/index.ts";
import { attempt, failed, forgetTasks, registry, succeeded } from "./fakes/host.ts";

beforeEach(forgetTasks);

const Size = z.object({ url: z.url(), width: z.number().default(640) });
const sizeSchema = {
  type: "object",
  properties: { url: { type: "string" }, width: { type: "number", default: 640 } },
  required: ["url"],
};

async function manifest(): Promise<object | undefined> {
  return (await registry().manifest())[0];
}

function invalid(problem: string): object {
  return failed("InvalidInput", "TypeError", problem);
}

describe("the manifest carries", () => {
  test("a zod type as JSON Schema, and that the object is the argument (S15, S31, S39)", async () => {
    task("t", { inputSchema: Size, resultSchema: z.object({ at: z.date() }) }, (_size) => ({ at: new Date() }));

    expect(await manifest()).toMatchObject({
      signature: { objectArgument: true },
      inputSchema: { ...sizeSchema, properties: { width: { type: "number", default: 640 } } },
      resultSchema: { type: "object", properties: { at: {} } },
    });
  });

  test("a JSON Schema as it is", async () => {
    task("t", { inputSchema: sizeSchema }, (size: object) => size);

    expect(await manifest()).toMatchObject({ signature: { objectArgument: true }, inputSchema: sizeSchema });
    expect(await manifest()).not.toHaveProperty("problem");
  });

  test("a tuple as the list of arguments", async () => {
    task("t", { inputSchema: z.tuple([z.string(), z.number().optional()]) }, (a, b) => [a, b]);

    expect(await manifest()).toMatchObject({
      signature: { objectArgument: false },
      inputSchema: { minItems: 1, items: false },
    });
  });

  test("nothing that only the type itself can know: what coerces or catches takes anything, or nothing", async () => {
    const inputSchema = z.object({
      at: z.coerce.date(),
      n: z.coerce.number(),
      c: z.string().catch("x"),
      s: z.string(),
    });
    task("t", { inputSchema }, () => 1);

    expect(await manifest()).toMatchObject({
      inputSchema: { properties: { at: {}, n: {}, c: {}, s: { type: "string" } }, required: ["s"] },
    });
  });

  test.each<[string, object]>([
    ["a zod type", z.object({ p: z.any().default(new Map()) })],
    ["a zod type, below", z.object({ q: z.object({ p: z.bigint().default(1n) }) })],
    ["a JSON Schema", { type: "object", properties: { p: { default: new Map() } } }],
  ])("the default in %s that is not JSON as what fails the registration (S15)", async (_, inputSchema) => {
    task("t", { inputSchema: inputSchema as typeof sizeSchema }, (size: object) => size);

    expect(await manifest()).toMatchObject({ problem: 'Task "t": default of "p" is not JSON' });
  });
});

describe("a definition throws for", () => {
  test.each<[string, unknown, Error]>([
    [
      "an input that is neither object nor array (S39)",
      z.string(),
      new TypeError('Task "t": inputSchema must describe an object or an array'),
    ],
    [
      "one that may be either",
      z.union([z.object({}), z.array(z.string())]),
      new TypeError('Task "t": inputSchema must describe an object or an array'),
    ],
    ["a JSON Schema that says nothing", {}, new TypeError('Task "t": inputSchema must describe an object or an array')],
    ["what is no schema", 3, new RangeError('Task "t": inputSchema must be a zod type or a JSON Schema, got 3')],
    [
      "a schema that is no JSON",
      { type: "object", title: 1n },
      new TypeError('Task "t": inputSchema is not JSON: value at $.title is a bigint'),
    ],
    [
      "a type that cannot say itself as JSON Schema",
      mini.object({}),
      new TypeError(
        'Task "t": inputSchema cannot say itself as JSON Schema: use zod 4.2 or newer, or pass z.toJSONSchema(…)',
      ),
    ],
  ])("%s", (_, inputSchema, error) => {
    expect(() => task("t", { inputSchema: inputSchema as typeof sizeSchema }, (size: object) => size)).toThrow(error);
  });
});

describe("an attempt", () => {
  test("gets what zod makes of the input: defaults and transforms (S38, S41)", async () => {
    const inputSchema = z.object({
      at: z.coerce.date(),
      tag: z.string().transform((tag) => tag.length),
      n: z.int().default(3),
    });
    task("t", { inputSchema }, ({ at, tag, n }) => [at.getTime(), tag, n]);

    expect(await attempt("t", { at: "1970-01-01T00:00:01Z", tag: "four" })).toEqual(succeeded([1000, 4, 3]));
    expect(await attempt("t", [{ at: 5, tag: "", n: 1 }])).toEqual(succeeded([5, 0, 1]));
  });

  test("gets the arguments that a tuple makes of the list, by position and by name", async () => {
    task("t", { inputSchema: z.tuple([z.string(), z.coerce.number().default(9)]) }, (url, width = 1) => [url, width]);

    expect(await attempt("t", ["u", "3"])).toEqual(succeeded(["u", 3]));
    expect(await attempt("t", { url: "u" })).toEqual(succeeded(["u", 9]));
  });

  test("gets the defaults of a JSON Schema (S41)", async () => {
    task("t", { inputSchema: sizeSchema }, (size: object) => size);

    expect(await attempt("t", { url: "u" })).toEqual(succeeded({ url: "u", width: 640 }));
  });

  test("sees in its context the input as it was given", async () => {
    const { currentContext } = await import("../src/index.ts");
    task("t", { inputSchema: Size }, () => currentContext().input);

    expect(await attempt("t", { url: "https://a.b" })).toEqual(succeeded({ url: "https://a.b" }));
  });

  test.each<[string, object, object, string]>([
    [
      "a wrong type",
      Size,
      { url: "https://a.b", width: "x" },
      "input does not match the schema of demo/t: /width: expected number, got string",
    ],
    [
      "the same by JSON Schema",
      sizeSchema,
      { url: "u", width: "x" },
      "input does not match the schema of demo/t: /width: expected number, got string",
    ],
    [
      "a pattern",
      { type: "object", properties: { a: { pattern: "^b" } } },
      { a: "c" },
      "input does not match the schema of demo/t: /a: must match ^b",
    ],
    ["an unknown member (S41)", Size, { url: "https://a.b", x: 1 }, "task t got unexpected argument(s): x"],
    [
      "a refinement",
      z.object({ n: z.number().refine((n) => n % 2 === 0, "must be even") }),
      { n: 3 },
      "input does not match the schema of demo/t: /n: must be even",
    ],
    [
      "what a type coerces to",
      z.object({ n: z.coerce.number() }),
      { n: "x" },
      "input does not match the schema of demo/t: /n: expected number, got string",
    ],
    ["too many arguments first (S35)", Size, [{}, {}], "task t expected 1 argument(s), got 2"],
    ["neither array nor object", Size, null as never, "input must be a JSON array or a JSON object, got null"],
  ])(
    "whose input has %s is told so and its function is not called (S38, S40)",
    async (_, inputSchema, input, problem) => {
      task("t", { inputSchema: inputSchema as typeof sizeSchema }, (_size: object) => {
        throw new Error("called");
      });

      expect(await attempt("t", input as never)).toEqual(invalid(problem));
    },
  );

  test("whose input leaves the argument out is told so, unless the function has a default for it (S31, S35)", async () => {
    task("none", { inputSchema: Size }, () => 1);
    task("some", { inputSchema: Size }, (size = { url: "u", width: 2 }) => size.width);

    expect(await attempt("none", [])).toEqual(invalid("task none expected 1 argument(s), got 0"));
    expect(await attempt("some", [])).toEqual(succeeded(2));
  });

  test("takes unknown members where the schema does (S41)", async () => {
    task("loose", { inputSchema: z.looseObject({ a: z.number() }) }, (all) => all);
    task("open", { inputSchema: { type: "object", additionalProperties: true } }, (all: object) => all);

    expect(await attempt("loose", { a: 1, b: 2 })).toEqual(succeeded({ a: 1, b: 2 }));
    expect(await attempt("open", { b: 2 })).toEqual(succeeded({ b: 2 }));
  });

  test("waits for a type that takes its time, and fails as a task does where one throws", async () => {
    task(
      "slow",
      { inputSchema: z.object({ n: z.number().refine(async (n) => n > 0, "must be positive") }) },
      ({ n }) => n,
    );
    const broken = z.object({ n: z.number().transform(() => JSON.parse("{") as number) });
    task("broken", { inputSchema: broken }, ({ n }) => n);

    expect(await attempt("slow", { n: 3 })).toEqual(succeeded(3));
    expect(await attempt("slow", { n: 0 })).toEqual(
      invalid("input does not match the schema of demo/slow: /n: must be positive"),
    );
    expect(await attempt("broken", { n: 3 })).toMatchObject({ reason: "TaskError", error: { name: "SyntaxError" } });
  });
});

describe("a result", () => {
  test("is what zod makes of it, of values that are no JSON too (S51)", async () => {
    const resultSchema = z.object({
      at: z.date(),
      n: z.number().transform(String),
      more: z.array(z.string()).default(["a"]),
    });
    task("t", { resultSchema }, (): z.input<typeof resultSchema> => ({ at: new Date(0), n: 3 }));

    expect(await attempt("t", [])).toEqual(succeeded({ at: "1970-01-01T00:00:00.000Z", n: "3", more: ["a"] }));
  });

  test("gets the defaults of a JSON Schema", async () => {
    task("t", { resultSchema: sizeSchema }, () => ({ url: "u" }));

    expect(await attempt("t", [])).toEqual(succeeded({ url: "u", width: 640 }));
  });

  test.each<[string, object, unknown, string]>([
    ["by zod", z.object({ a: z.array(z.number()) }), { a: [1, "x"] }, "/a/1: expected number, got string"],
    ["by JSON Schema", sizeSchema, { url: 1 }, "/url: expected string, got number"],
    ["as a whole", z.string(), undefined, "/: is missing"],
    ["that is of a class", z.string(), new Date(), "/: expected string, got Date"],
  ])("that does not fit is InvalidResult, and final (S51): %s", async (_, resultSchema, value, problem) => {
    task("t", { resultSchema: resultSchema as typeof sizeSchema }, () => value);

    const message = `result does not match the schema of demo/t: ${problem}`;
    expect(await attempt("t", [])).toEqual(failed("InvalidResult", "TypeError", message));
  });

  test("of a generator is the list of its values (S23)", async () => {
    task("t", { resultSchema: z.array(z.number()).max(1) as never }, function* () {
      yield 1;
      yield 2;
    });

    expect(await attempt("t", [])).toMatchObject({ reason: "InvalidResult" });
  });

  test("that is no JSON after it was parsed is not serializable (S48)", async () => {
    task("t", { resultSchema: z.bigint() }, () => 3n);

    expect(await attempt("t", [])).toEqual(
      failed(
        "ResultNotSerializable",
        "TypeError",
        'result of task "t" is not JSON-serializable: value at $ is a bigint',
      ),
    );
  });
});

describe("local()", () => {
  test("parses arguments and result as an attempt does, and at once (S112)", () => {
    const resize = task("t", { inputSchema: Size, resultSchema: z.object({ url: z.string() }) }, (size) => size);

    expect(resize.local({ url: "https://a.b" })).toEqual({ url: "https://a.b" });
  });

  test("throws the same texts", () => {
    const bad = task(
      "bad",
      { inputSchema: Size, resultSchema: z.object({ n: z.number() }) },
      () => ({ n: "3" }) as never,
    );

    expect(() => bad.local({ url: "https://a.b", width: "x" as never })).toThrow(
      new TypeError("input does not match the schema of local/bad: /width: expected number, got string"),
    );
    expect(() => bad.local({ url: "https://a.b" })).toThrow(
      new TypeError("result does not match the schema of local/bad: /n: expected number, got string"),
    );
  });

  test("gives a promise of an async function's parsed result", async () => {
    const t = task("t", { resultSchema: z.string().transform(Number) }, async (text: string) => text);

    expect(await t.local("3")).toBe(3);
  });

  test("takes arguments as they would travel", () => {
    const t = task("t", { inputSchema: z.object({ at: z.coerce.date() }) }, ({ at }) => at.getTime());

    expect(t.local({ at: new Date(5) })).toBe(5);
    expect(() => t.local({ at: 3n })).toThrow(
      new TypeError('argument 1 of task "t" is not JSON-serializable: value at $.at is a bigint'),
    );
  });
});

test("a schema belongs to the definition (S26)", () => {
  const t = task("t", { inputSchema: Size }, (size) => size);

  expect(() => t.with({ inputSchema: Size } as object)).toThrow(
    new TypeError('option "inputSchema" cannot be overridden'),
  );
});
