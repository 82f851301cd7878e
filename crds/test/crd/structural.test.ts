import { describe, expect, test } from "vitest";
import { z } from "zod";

import { structuralComplaints } from "../../src/crd/check.ts";
import { toStructural } from "../../src/crd/structural.ts";
import type { JsonObject } from "../../src/json.ts";

const unknownFields = { "x-kubernetes-preserve-unknown-fields": true };

test.each<{ given: string; schema: z.ZodType; becomes: JsonObject }>([
  {
    given: "a string with bounds",
    schema: z.string().min(1).max(9),
    becomes: { type: "string", minLength: 1, maxLength: 9 },
  },
  { given: "a pattern", schema: z.string().regex(/^a+$/), becomes: { type: "string", pattern: "^a+$" } },
  {
    given: "a format that the server checks",
    schema: z.iso.datetime(),
    becomes: { type: "string", format: "date-time" },
  },
  {
    given: "a format that the server lacks",
    schema: z.string().startsWith("a"),
    becomes: { type: "string", pattern: "^a.*" },
  },
  { given: "base64", schema: z.base64(), becomes: { type: "string", format: "byte" } },
  { given: "an enum", schema: z.enum(["a", "b"]), becomes: { type: "string", enum: ["a", "b"] } },
  { given: "a literal", schema: z.literal("a"), becomes: { type: "string", enum: ["a"] } },
  {
    given: "an integer, whose bounds are those of a double",
    schema: z.int(),
    becomes: { type: "integer", format: "int64" },
  },
  {
    given: "an integer with one bound of its own",
    schema: z.int().min(1),
    becomes: { type: "integer", format: "int64", minimum: 1 },
  },
  { given: "a 32-bit integer", schema: z.int32(), becomes: { type: "integer", format: "int32" } },
  {
    given: "a positive number",
    schema: z.number().positive(),
    becomes: { type: "number", minimum: 0, exclusiveMinimum: true },
  },
  { given: "a boolean with a default", schema: z.boolean().default(true), becomes: { default: true, type: "boolean" } },
  { given: "anything", schema: z.unknown(), becomes: unknownFields },
  {
    given: "anything, null included",
    schema: z.unknown().meta({ nullable: true }),
    becomes: { nullable: true, ...unknownFields },
  },
  { given: "something or null", schema: z.string().nullable(), becomes: { nullable: true, type: "string" } },
  {
    given: "a list",
    schema: z.array(z.string()).max(3).describe("Some."),
    becomes: { description: "Some.", type: "array", maxItems: 3, items: { type: "string" } },
  },
  {
    given: "an object, which only names what is required",
    schema: z.object({ a: z.string(), b: z.string().optional(), c: z.string().default("x") }),
    becomes: {
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" }, c: { default: "x", type: "string" } },
      required: ["a"],
    },
  },
  {
    given: "a closed object, since the server prunes",
    schema: z.strictObject({ a: z.string() }),
    becomes: { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
  },
  { given: "a loose object", schema: z.looseObject({}), becomes: { type: "object", ...unknownFields } },
  {
    given: "a map",
    schema: z.record(z.string(), z.int()).meta({ maxProperties: 5 }),
    becomes: { type: "object", maxProperties: 5, additionalProperties: { type: "integer", format: "int64" } },
  },
  {
    given: "a key for Kubernetes",
    schema: z.array(z.string()).meta({ "x-kubernetes-list-type": "set" }),
    becomes: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
  },
  {
    given: "what only a reader of JSON Schema wants",
    schema: z.string().meta({ title: "T", examples: ["x"], deprecated: true }),
    becomes: { type: "string" },
  },
])("$given has a structural form", ({ schema, becomes }) => {
  const structural = toStructural(schema);

  expect(structural).toEqual(becomes);
  expect(structuralComplaints({ type: "object", properties: { it: structural } })).toEqual([]);
});

const refusals: { given: string; schema: z.ZodType; because: string }[] = [
  { given: "a tuple", schema: z.tuple([z.string()]), because: "a tuple has no structural form" },
  {
    given: "an intersection of scalars",
    schema: z.intersection(z.string(), z.string()),
    because: "allOf has no structural form",
  },
  { given: "two patterns", schema: z.string().regex(/a/).regex(/b/), because: "allOf has no structural form" },
  {
    given: "a named schema, which becomes a reference",
    schema: z.string().meta({ id: "Name" }),
    because: "$ref has no structural form",
  },
  { given: "never", schema: z.never(), because: "not has no structural form" },
  { given: "lookahead", schema: z.string().regex(/^(?!x)/), because: "the pattern has lookaround, which RE2 lacks" },
  { given: "an ISO duration", schema: z.iso.duration(), because: "the pattern has lookaround, which RE2 lacks" },
  { given: "a pattern with flags", schema: z.string().regex(/a/i), because: "the flags of a pattern get lost" },
  { given: "a transformation", schema: z.string().transform(Number), because: "a transformation cannot be done" },
  { given: "trimming", schema: z.string().trim(), because: 'the check "overwrite" has no structural form' },
  { given: "a fallback value", schema: z.string().catch("x"), because: "a fallback value cannot be given" },
  {
    given: "keys with a pattern",
    schema: z.record(z.string().min(2), z.string()),
    because: "the keys of a map cannot be constrained",
  },
  {
    given: "a refinement alone",
    schema: z.string().refine(Boolean),
    because: "a refinement needs x-kubernetes-validations",
  },
];

describe("what the server could not check is refused, with its place", () => {
  test.each(refusals)("$given", ({ schema, because }) => {
    const build = () => toStructural(z.object({ spec: z.object({ field: schema }) }));

    expect(build).toThrow(because);
    expect(build).toThrow(/^spec\.field: /);
  });

  test("a schema that contains itself", () => {
    const schema = z.object({
      get next() {
        return schema.optional();
      },
    });

    expect(() => toStructural(schema)).toThrow("Cycle detected");
  });
});

test("a refinement passes beside the CEL rule that says the same", () => {
  const rules = [{ rule: "self != ''", message: "must not be empty" }];
  const schema = z.object({
    name: z
      .string()
      .refine((name) => name !== "")
      .optional()
      .meta({ "x-kubernetes-validations": rules }),
  });

  const structural = toStructural(schema);

  expect(structural).toEqual({
    type: "object",
    properties: { name: { type: "string", "x-kubernetes-validations": rules } },
  });
});
