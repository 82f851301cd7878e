import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { toArguments, toInput } from "../src/arguments.ts";
import { toJson } from "../src/payload.ts";

class Point {
  readonly x = 1;
}

const cyclic: Record<string, unknown> = { name: "loop" };
cyclic["self"] = [cyclic];

const twice = { a: [] };
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

describe("a value that is not JSON is named with its place (S47, S48)", () => {
  test.each<[unknown, string]>([
    [{ a: [0, 1, 2n] }, "value at $.a[2] is a bigint"],
    [Number.NaN, "value at $ is NaN"],
    [[-Infinity], "value at $[0] is -Infinity"],
    [{ f: () => 1 }, "value at $.f is a function"],
    [Symbol("s"), "value at $ is a symbol"],
    [new Map(), "value at $ is an instance of Map"],
    [{ "a b": new Set() }, 'value at $["a b"] is an instance of Set'],
    [{ p: new Point() }, "value at $.p is an instance of Point"],
    [{ p: Promise.resolve(1) }, "value at $.p is an instance of Promise"],
    [cyclic, "value at $.self[0] is a cycle"],
    [{ toJSON: () => ({ n: 1n }) }, "value at $.n is a bigint"],
    [
      {
        a: {
          get b() {
            throw new Error("no");
          },
        },
      },
      "value at $.a.b is unreadable: Error: no",
    ],
    [
      {
        toJSON() {
          throw new Error("no");
        },
      },
      "value at $ is unreadable: Error: no",
    ],
    [nested(1000), `value at $${"[0]".repeat(999)} is nested deeper than 999 levels`],
  ])("%#: $1", (value, message) => {
    expect(() => toJson(value)).toThrow(expect.objectContaining({ message }));
  });
});

describe("a value that has a form in JSON is given it (S46)", () => {
  test.each<[string, unknown, unknown]>([
    ["undefined is null", undefined, null],
    ["-0 is 0", -0, 0],
    ["an undefined member is left out", { a: undefined, b: null }, { b: null }],
    ["an undefined element, or a hole, is null", [undefined, , 1], [null, null, 1]], // oxlint-disable-line no-sparse-arrays
    ["toJSON is asked", { at: new Date(0) }, { at: "1970-01-01T00:00:00.000Z" }],
    ["the same object twice is no cycle", ["loop", twice, twice], ["loop", { a: [] }, { a: [] }]],
    ["an object without prototype is plain", Object.create(null), {}],
  ])("%s", (_, value, expected) => {
    expect(toJson(value)).toEqual(expected);
  });

  test("a member called __proto__ stays a member", () => {
    const input: unknown = JSON.parse('{"__proto__": {"polluted": true}}');

    const json = toJson(input);

    expect(JSON.stringify(json)).toBe('{"__proto__":{"polluted":true}}');
    expect(Object.getPrototypeOf(json)).toBe(Object.prototype);
  });
});

test("what is JSON comes out as it went in, and as a copy", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = toJson(value);

      expect(JSON.stringify(json)).toBe(JSON.stringify(value));
      expect(typeof value === "object" && value !== null && json === value).toBe(false);
    }),
  );
});

test("whatever comes out is what JSON.stringify writes and parse reads back", () => {
  fc.assert(
    fc.property(fc.anything({ withDate: true, withNullPrototype: true, withSparseArray: true }), (value) => {
      let json: unknown;
      try {
        json = toJson(value);
      } catch {
        return; // refused
      }

      expect(JSON.parse(JSON.stringify(json))).toEqual(json);
      expect(JSON.stringify(json)).toBe(JSON.stringify(value) ?? "null");
    }),
  );
});

describe("arguments", () => {
  test("are counted from 1 in the message (S42)", () => {
    const error = new TypeError('argument 2 of task "t" is not JSON-serializable: value at $.a[2] is a bigint');

    expect(() => toArguments("t", [1, { a: [0, 0, 1n] }])).toThrow(
      expect.objectContaining({ message: error.message, name: "TypeError" }),
    );
  });

  test("that are undefined at the end are left out, so that their defaults apply (S34)", () => {
    expect(toArguments("t", [undefined, 1, undefined, undefined]).input).toEqual([null, 1]);
    expect(toArguments("t", [undefined]).input).toEqual([]);
  });

  test("by name carry their name in the message", () => {
    const message = 'argument width of task "t" is not JSON-serializable: value at $ is NaN';

    expect(() => toInput("t", { url: "", width: Number.NaN })).toThrow(expect.objectContaining({ message }));
    expect(toInput("t", { url: "", width: undefined })).toEqual({ url: "" });
  });

  test.each([
    ["x", "string"],
    [null, "null"],
    [new Point(), "Point"],
  ])("come as a list or by name: %o is neither (S29)", (input, kind) => {
    expect(() => toInput("t", input)).toThrow(
      new TypeError(`input must be a JSON array or a JSON object, got ${kind}`),
    );
  });
});
