import { Validator, type Schema } from "@cfworker/json-schema";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Json, JsonObject } from "../../src/json.ts";
import { carefulBounds, closedProblemsOf, fullBounds, problemsOf } from "../../src/schema/check.ts";
import type { JsonSchema } from "../../src/schema/schema.ts";
import type { CheckBounds, Problem } from "../../src/schema/walk.ts";

function inWords(problems: readonly Problem[]): string[] {
  return problems.map(({ pointer, text }) => `${pointer || "/"}: ${text}`);
}

function said(schema: JsonSchema, value: Json, bounds: CheckBounds = fullBounds): string[] {
  return inWords(problemsOf(schema, value, bounds));
}

describe("a value that does not fit is told where and why (S40)", () => {
  test.each<[JsonSchema, Json, string[]]>([
    [{ type: "number" }, "x", ["/: expected number, got string"]],
    [{ type: "integer" }, 1.5, ["/: expected integer, got number"]],
    [{ type: ["string", "null"] }, [], ["/: expected string or null, got array"]],
    [{ properties: { width: { type: "number" } } }, { width: "x" }, ["/width: expected number, got string"]],
    [{ properties: { "a/b~c": { type: "null" } } }, { "a/b~c": {} }, ["/a~1b~0c: expected null, got object"]],
    [{ required: ["width"] }, {}, ["/width: is missing"]],
    [{ dependentRequired: { a: ["b"] } }, { a: 1 }, ["/b: is missing"]],
    [{ additionalProperties: false }, { x: 1 }, ["/x: is not allowed"]],
    [{ additionalProperties: { type: "string" } }, { x: 1 }, ["/x: expected string, got number"]],
    [{ patternProperties: { "^x": false } }, { xy: 1, y: 1 }, ["/xy: is not allowed"]],
    [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, ["/ab: has a name that is not allowed"]],
    [{ minProperties: 1 }, {}, ["/: must have at least 1 member(s)"]],
    [{ maxProperties: 0 }, { a: 1 }, ["/: must have at most 0 member(s)"]],
    [{ const: { a: 1 } }, { a: 2 }, ['/: expected {"a":1}']],
    [{ enum: ["a", 1] }, "b", ['/: expected one of "a", 1']],
    [{ minimum: 3 }, 2, ["/: must be at least 3"]],
    [{ maximum: 3 }, 4, ["/: must be at most 3"]],
    [{ exclusiveMinimum: 3 }, 3, ["/: must be greater than 3"]],
    [{ exclusiveMaximum: 3 }, 3, ["/: must be less than 3"]],
    [{ multipleOf: 0.01 }, 4.355, ["/: must be a multiple of 0.01"]],
    [{ minLength: 2 }, "𝒳", ["/: must have at least 2 character(s)"]],
    [{ maxLength: 1 }, "ab", ["/: must have at most 1 character(s)"]],
    [{ pattern: "^a+$" }, "b", ["/: must match ^a+$"]],
    [{ items: { type: "string" } }, ["a", 1], ["/1: expected string, got number"]],
    [
      { prefixItems: [true, { type: "string" }], items: false },
      [1, 2, 3],
      ["/1: expected string, got number", "/2: is not allowed"],
    ],
    [{ minItems: 1 }, [], ["/: must have at least 1 element(s)"]],
    [{ maxItems: 1 }, [1, 2], ["/: must have at most 1 element(s)"]],
    [
      { uniqueItems: true },
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      ["/: must have no two equal elements"],
    ],
    [{ contains: { type: "string" } }, [1], ["/: must have at least 1 matching element(s)"]],
    [{ contains: true, maxContains: 1 }, [1, 2], ["/: must have at most 1 matching element(s)"]],
    [{ anyOf: [{ type: "string" }, { type: "null" }] }, 1, ["/: expected string or null, got number"]],
    [{ anyOf: [{ type: "null" }, { required: ["a"] }] }, {}, ["/a: is missing"]],
    [{ anyOf: [{ minimum: 3 }, { multipleOf: 2 }] }, 1, ["/: fits no alternative"]],
    [{ oneOf: [{ minimum: 3 }, { multipleOf: 2 }] }, 4, ["/: fits 2 alternatives, and must fit one"]],
    [{ not: { type: "string" } }, "a", ["/: is of a form that is not allowed"]],
    [{ if: { minimum: 3 }, then: { multipleOf: 2 }, else: { multipleOf: 3 } }, 5, ["/: must be a multiple of 2"]],
    [{ if: { minimum: 3 }, then: { multipleOf: 2 }, else: { multipleOf: 3 } }, 2, ["/: must be a multiple of 3"]],
    [{ $ref: "#/$defs/n", $defs: { n: { type: "number" } } }, "a", ["/: expected number, got string"]],
    [
      { items: { $ref: "#node" }, $defs: { n: { $anchor: "node", type: "null" } } },
      [1],
      ["/0: expected null, got number"],
    ],
    [false, 1, ["/: is not allowed"]],
  ])("%j, %j", (schema, value, expected) => {
    expect(said(schema, value)).toEqual(expected);
  });

  test("of a value of the wrong type nothing else is said, and a long expectation is cut", () => {
    expect(said({ type: "string", const: "a", enum: ["a"] }, 1)).toEqual(["/: expected string, got number"]);
    expect(said({ const: "x".repeat(100) }, 1)[0]).toHaveLength("/: expected ".length + 65);
  });
});

describe("a top level that does not say itself what it is open for", () => {
  const closed = (schema: JsonSchema, value: Json): string[] => inWords(closedProblemsOf(schema, value, fullBounds));

  test.each<[string, JsonSchema, string[]]>([
    ["is closed (S41)", { properties: { a: true } }, ["/b: is not allowed"]],
    [
      "is open for what its parts know",
      { allOf: [{ properties: { a: true } }, { required: ["b"], properties: { b: true } }] },
      [],
    ],
    ["is open if a part is", { $ref: "#/$defs/x", $defs: { x: { additionalProperties: true } } }, []],
    ["unless it does", { properties: { a: true }, additionalProperties: true }, []],
  ])("%s", (_, schema, expected) => {
    expect(closed(schema, { a: 1, b: 2 })).toEqual(expected);
  });

  test("leaves the levels below open, and itself where it refers to itself", () => {
    const schema = { properties: { next: { $ref: "#" }, a: true } };

    expect(closed(schema, { next: { next: { x: 1 }, x: 1 }, x: 1 })).toEqual(["/x: is not allowed"]);
  });
});

describe("with care", () => {
  const pattern = { pattern: "^a" };
  test.each<[JsonSchema, Json]>([
    [pattern, "b"],
    [{ not: pattern }, "a"],
    [{ oneOf: [pattern, { type: "string" }] }, "b"],
    [{ if: pattern, then: false }, "b"],
    [{ if: pattern, then: false, else: false }, "b"],
    [{ patternProperties: { "^a": false } }, { a: 1 }],
    [{ patternProperties: { "^a": true }, additionalProperties: false }, { b: 1 }],
    [{ patternProperties: { "^a": true }, unevaluatedProperties: false }, { b: 1 }],
    [{ propertyNames: { not: pattern } }, { a: 1 }],
    [{ contains: pattern, minContains: 0, maxContains: 0 }, ["a"]],
  ])("a pattern is not tried, and nothing is concluded from that (S37): %j, %j", (schema, value) => {
    expect(said(schema, value, carefulBounds)).toEqual([]);
  });

  test("a pattern that is not tried does not open what is closed (S41)", () => {
    const schema = { properties: { a: pattern }, anyOf: [{ properties: { b: pattern } }, { required: ["c"] }] };

    expect(inWords(closedProblemsOf(schema, { a: "x", b: "y", d: 1 }, carefulBounds))).toEqual(["/d: is not allowed"]);
    expect(inWords(closedProblemsOf({ if: { properties: { a: pattern } } }, { a: "x", d: 1 }, carefulBounds))).toEqual(
      [],
    );
  });

  test("an expression that would take for ever takes no time", () => {
    expect(said({ pattern: "^(a+)+$" }, `${"a".repeat(40)}!`, carefulBounds)).toEqual([]);
  });

  test("neither depth nor size is followed without end, and what was seen counts", () => {
    const tree = { $ref: "#/$defs/t", $defs: { t: { items: { $ref: "#/$defs/t" }, type: "array" } } };
    const deep = (levels: number): Json => (levels === 0 ? 1 : [deep(levels - 1)]);

    expect(said(tree, deep(64), carefulBounds)).toHaveLength(1);
    expect(said(tree, deep(65), carefulBounds)).toEqual([]);
    const many = said(
      { items: { type: "string" } },
      Array.from({ length: 100_000 }, () => 1),
      carefulBounds,
    );
    expect(many.length).toBeGreaterThan(0);
    expect(many.length).toBeLessThan(carefulBounds.visits);
  });
});

test("a schema that only refers to itself says nothing", () => {
  expect(said({ $ref: "#" }, 1)).toEqual([]);
  expect(said({ $ref: "#" }, 1, carefulBounds)).toEqual([]);
  expect(said({ allOf: Array.from({ length: 200 }, () => ({ $ref: "#" })) }, 1, carefulBounds)).toEqual([]);
});

const name = fc.constantFrom("a", "b", "c", "toString");
const scalar = fc.oneof(
  fc.constantFrom(0, 1, 2, 1.5, -3, 4),
  fc.constantFrom("", "a", "ab", "b"),
  fc.boolean(),
  fc.constant(null),
);
const { value: anyValue } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(name, tie("value"), { maxKeys: 3 }),
  ),
}));
const type = fc.constantFrom("null", "boolean", "object", "array", "number", "string", "integer");
const small = fc.nat({ max: 3 });

const { schema: anySchema } = fc.letrec<{ schema: JsonSchema }>((tie) => {
  const schema = tie("schema");
  const map = fc.dictionary(name, schema, { maxKeys: 2 });
  const list = fc.array(schema, { minLength: 1, maxLength: 3 });
  const one: Record<string, fc.Arbitrary<unknown>> = {
    type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 })),
    const: anyValue,
    enum: fc.array(anyValue, { minLength: 1, maxLength: 3 }),
    minimum: small,
    maximum: small,
    exclusiveMinimum: small,
    exclusiveMaximum: small,
    multipleOf: fc.constantFrom(1, 2, 0.5),
    minLength: small,
    maxLength: small,
    pattern: fc.constantFrom("^a", "b$", "^$"),
    required: fc.uniqueArray(name, { maxLength: 2 }),
    dependentRequired: fc.dictionary(name, fc.uniqueArray(name, { maxLength: 2 }), { maxKeys: 2 }),
    minProperties: small,
    maxProperties: small,
    properties: map,
    patternProperties: fc.dictionary(fc.constantFrom("^a", "b$"), schema, { maxKeys: 2 }),
    additionalProperties: schema,
    unevaluatedProperties: schema,
    propertyNames: schema,
    dependentSchemas: map,
    prefixItems: list,
    items: schema,
    unevaluatedItems: schema,
    contains: schema,
    minContains: small,
    maxContains: small,
    minItems: small,
    maxItems: small,
    uniqueItems: fc.boolean(),
    allOf: list,
    anyOf: list,
    oneOf: list,
    not: schema,
    if: schema,
    then: schema,
    else: schema,
    $ref: fc.constantFrom("#/$defs/x", "#y"),
  };
  return {
    schema: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.boolean(),
      fc
        .subarray(Object.keys(one), { maxLength: 5 })
        .chain((keys) =>
          fc.record(Object.fromEntries(keys.map((key) => [key, one[key] ?? schema]))),
        ) as fc.Arbitrary<JsonObject>,
    ),
  };
});

/** The parts that are referred to refer to nothing, so no check goes round in circles. */
function withDefinitions(schema: JsonSchema): JsonSchema {
  if (typeof schema === "boolean") return schema;
  return {
    ...schema,
    $defs: { x: { type: ["number", "object"] }, other: { $anchor: "y", minLength: 1, minItems: 1 } },
  };
}

describe("for any schema and value", () => {
  test("the judgement is that of a validator in use elsewhere", () => {
    fc.assert(
      fc.property(anySchema.map(withDefinitions), anyValue, (schema, value) => {
        const theirs = new Validator(structuredClone(schema) as Schema, "2020-12", false).validate(value).valid;

        expect(problemsOf(schema, value, fullBounds).length === 0).toBe(theirs);
      }),
      { numRuns: 2000 },
    );
  });

  test("whatever care refuses is refused in full", () => {
    fc.assert(
      fc.property(anySchema.map(withDefinitions), anyValue, fc.nat({ max: 40 }), (schema, value, visits) => {
        const careful = said(schema, value, { patterns: false, depth: 2, visits });

        expect(careful.length > 0 && said(schema, value).length === 0).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
