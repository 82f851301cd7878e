import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { canonicalJson, type Json, jsonBytes } from "../src/json.ts";

const anyJson = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json); // fast-check's type says unknown

describe("canonical JSON", () => {
  test.each<{ given: string; value: Json; text: string }>([
    { given: "members out of order", value: { b: 1, a: 2 }, text: '{"a":2,"b":1}' },
    { given: "members below the top", value: [{ b: { d: 1, c: 2 } }], text: '[{"b":{"c":2,"d":1}}]' },
    { given: "members that are numbers", value: { 9: 1, 10: 2 }, text: '{"10":2,"9":1}' },
    { given: "nulls", value: [null, { a: null }], text: '[null,{"a":null}]' },
    { given: "a list", value: [2, 1], text: "[2,1]" },
    { given: "a member called __proto__", value: JSON.parse('{"__proto__":1,"Z":2}'), text: '{"Z":2,"__proto__":1}' },
  ])("of $given is $text", ({ value, text }) => {
    const canonical = canonicalJson(value);

    expect(canonical).toBe(text);
  });

  test("says the same as the value", () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = canonicalJson(value);

        expect(JSON.parse(text)).toEqual(value);
      }),
    );
  });

  test("does not depend on the order in which members were given", () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const other = reversed(value);

        expect(canonicalJson(other)).toBe(canonicalJson(value));
      }),
    );
  });
});

test("the size of a value is counted in bytes of UTF-8, not in characters", () => {
  expect(jsonBytes("ü€")).toBe(2 + 2 + 3);
  expect(jsonBytes({ a: [1, 2] })).toBe('{"a":[1,2]}'.length);
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, reversed(member)] as const)
      .toReversed(),
  );
}
