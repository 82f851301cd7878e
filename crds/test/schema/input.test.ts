import { describe, expect, test } from "vitest";

import type { Json, JsonObject } from "../../src/json.ts";
import type { Signature } from "../../src/manifest.ts";
import { fullBounds } from "../../src/schema/check.ts";
import { withDefaults } from "../../src/schema/defaults.ts";
import { checkInputSchema } from "../../src/schema/input.ts";

const object: Signature = { objectArgument: true };
const list: Signature = {
  objectArgument: false,
  parameters: [
    { name: "url", required: true, rest: false },
    { name: "width", required: false, rest: false },
  ],
};
const size: JsonObject = {
  type: "object",
  properties: { width: { type: "number" }, height: { type: "number", default: 2 } },
};
const pair: JsonObject = { type: "array", prefixItems: [{ type: "string" }, { type: "number", default: 640 }] };

function check(signature: Signature, inputSchema: JsonObject, input: Json) {
  return checkInputSchema({ bundle: "demo", name: "resize", signature, inputSchema }, input, fullBounds);
}

describe("an object schema describes the only argument (S39)", () => {
  test.each<[string, Json]>([
    ["as the input", { width: "x" }],
    ["as the element of a list", [{ width: "x" }]],
  ])("%s", (_, input) => {
    const problem = "input does not match the schema of demo/resize: /width: expected number, got string";

    expect(check(object, size, input)).toEqual({ problem });
  });

  test("and gets its defaults (S41)", () => {
    expect(check(object, size, { width: 1 })).toEqual({ fits: { width: 1, height: 2 } });
  });

  test("of which unknown members are extra arguments (S41)", () => {
    const problem = "task resize got unexpected argument(s): y, x";

    expect(check(object, size, { y: 1, width: 1, x: 2 })).toEqual({ problem });
    expect(check(object, { ...size, additionalProperties: false }, { y: 1, x: 2 })).toEqual({ problem });
    expect(check(object, { ...size, additionalProperties: true }, { x: 2 })).toHaveProperty("fits");
  });

  test("and both faults are told at once, as those of arity are (S36)", () => {
    expect(check(object, size, { width: "x", y: 1 })).toEqual({
      problem:
        "task resize got unexpected argument(s): y; " +
        "input does not match the schema of demo/resize: /width: expected number, got string",
    });
  });

  test("but where no alternative fits, no member is called unknown", () => {
    const kinds = { anyOf: [{ properties: { a: { type: "number" } } }, { type: "null" }], type: "object" };

    expect(check(object, kinds, { a: "x" })).toEqual({
      problem: "input does not match the schema of demo/resize: /a: expected number, got string",
    });
  });

  test("and says nothing of one that is left out for the function's own default (S31)", () => {
    expect(check({ ...object, objectOptional: true }, size, [])).toBeUndefined();
  });
});

describe("an array schema describes the list of arguments (S39)", () => {
  test.each<[string, Json]>([
    ["by position", ["u", "x"]],
    ["by name", { url: "u", width: "x" }],
  ])("%s", (_, input) => {
    const problem = "input does not match the schema of demo/resize: /1: expected number, got string";

    expect(check(list, pair, input)).toEqual({ problem });
  });

  test("and gets its defaults at the end (S41)", () => {
    expect(check(list, pair, ["u"])).toEqual({ fits: ["u", 640] });
    expect(check(list, pair, { url: "u" })).toEqual({ fits: ["u", 640] });
  });
});

test("ten problems are listed, and the others counted (S40)", () => {
  const names = Array.from({ length: 12 }, (_, at) => `m${at}`);
  const listed = names.slice(0, 10).map((name) => `/${name}: is missing`);

  expect(check(object, { type: "object", required: names }, {})).toEqual({
    problem: `input does not match the schema of demo/resize: ${listed.join("; ")}; and 2 more`,
  });
});

describe("defaults are filled in", () => {
  const nested = { properties: { a: { properties: { b: { default: [1] } } } } };

  test.each<[string, JsonObject, Json, Json]>([
    ["at any depth", nested, { a: {} }, { a: { b: [1] } }],
    ["but not below what is left out", nested, {}, {}],
    ["nor over what is there, null included", nested, { a: { b: null } }, { a: { b: null } }],
    ["in elements", { items: nested }, [{ a: {} }], [{ a: { b: [1] } }]],
    ["through references", { $ref: "#/$defs/n", $defs: { n: nested } }, { a: {} }, { a: { b: [1] } }],
    [
      "from all of several",
      { allOf: [nested, { properties: { c: { default: 3 } } }] },
      { a: {} },
      { a: { b: [1] }, c: 3 },
    ],
    ["from no alternative", { anyOf: [{ properties: { c: { default: 3 } } }] }, {}, {}],
    ["as they are", { properties: { n: { $ref: "#", default: {} } } }, {}, { n: {} }],
    ["under any name", { properties: { toString: { default: 1 } } }, {}, { toString: 1 }],
    [
      "once, however often a schema refers to itself",
      { allOf: Array.from({ length: 200 }, () => ({ $ref: "#" })) },
      {},
      {},
    ],
    ["not where a schema is only itself", { $ref: "#", allOf: [{ $ref: "#" }] }, {}, {}],
  ])("%s (S41)", (_, schema, value, expected) => {
    expect(withDefaults(schema, value)).toEqual(expected);
  });
});
