import { describe, expect, test } from "vitest";
import { z } from "zod";

import { structuralComplaints } from "../../src/crd/check.ts";
import { toStructural } from "../../src/crd/structural.ts";

const circle = z.object({ kind: z.literal("circle"), radius: z.number(), name: z.string().max(9).optional() });
const square = z.object({ kind: z.literal("square"), side: z.number(), name: z.string().max(9).optional() });

describe("a union of objects", () => {
  test("is one object with all the fields, and a junctor that says which belong together", () => {
    const structural = toStructural(z.discriminatedUnion("kind", [circle, square]).describe("A shape."));

    expect(structural).toEqual({
      description: "A shape.",
      type: "object",
      properties: {
        kind: { type: "string", enum: ["circle", "square"] },
        radius: { type: "number" },
        name: { type: "string", maxLength: 9 },
        side: { type: "number" },
      },
      required: ["kind"],
      oneOf: [
        { properties: { kind: { enum: ["circle"] } }, required: ["kind", "radius"] },
        { properties: { kind: { enum: ["square"] } }, required: ["kind", "side"] },
      ],
    });
    expect(structuralComplaints(structural)).toEqual([]);
  });

  test("without a discriminator is told apart by what is required", () => {
    const structural = toStructural(z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]));

    expect(structural["anyOf"]).toEqual([{ required: ["a"] }, { required: ["b"] }]);
    expect(structuralComplaints(structural)).toEqual([]);
  });
});

test("a union of literals is one enum", () => {
  const structural = toStructural(z.union([z.literal("a"), z.enum(["b", "c"])]));

  expect(structural).toEqual({ type: "string", enum: ["a", "b", "c"] });
});

test("an integer or a string has a keyword of its own", () => {
  const structural = toStructural(z.union([z.int(), z.string()]));

  expect(structural).toEqual({ "x-kubernetes-int-or-string": true });
});

test.each([
  {
    given: "a field of two types",
    schema: z.union([z.object({ a: z.string() }), z.object({ a: z.int() })]),
    because: "a: differs",
  },
  {
    given: "a field with two bounds",
    schema: z.union([circle, square.extend({ name: z.string().max(8) })]),
    because: "name: differs",
  },
  { given: "a scalar and an object", schema: z.union([z.string(), circle]), because: "only literals, plain objects" },
  {
    given: "literals of two types",
    schema: z.union([z.literal("a"), z.literal(1)]),
    because: "only literals, plain objects",
  },
  {
    given: "a map and an object",
    schema: z.union([z.record(z.string(), z.string()), circle]),
    because: "only literals, plain objects",
  },
  { given: "null as a member", schema: z.union([z.literal("a"), z.null()]), because: "make the union nullable" },
])("a union with $given is refused", ({ schema, because }) => {
  expect(() => toStructural(schema)).toThrow(because);
});
