import { describe, expect, test } from "vitest";

import { structuralComplaints } from "../../src/crd/check.ts";
import { definitions } from "../../src/crd/definitions.ts";
import type { JsonObject } from "../../src/json.ts";

const text = { type: "string" };
const rooted = (field: JsonObject): JsonObject => ({ type: "object", properties: { field } });

test.each(definitions)("the checker has nothing to say about $kind", ({ schema }) => {
  const complaints = structuralComplaints(schema);

  expect(complaints).toEqual([]);
});

describe("a schema that an API server refuses is refused", () => {
  test.each<{ given: string; field: JsonObject; complaint: string }>([
    { given: "no type", field: {}, complaint: "field: a type is missing" },
    { given: "an unknown type", field: { type: "null" }, complaint: "field: there is no such type" },
    { given: "a list of types", field: { type: ["string", "null"] }, complaint: "field: there is no such type" },
    { given: "a list without items", field: { type: "array" }, complaint: "field: a list needs items" },
    { given: "a list of nothing known", field: { type: "array", items: {} }, complaint: "field[]: a type is missing" },
    {
      given: "a map of nothing known",
      field: { type: "object", additionalProperties: {} },
      complaint: "field{}: a type is missing",
    },
    {
      given: "a type beside integer-or-string",
      field: { type: "string", "x-kubernetes-int-or-string": true },
      complaint: "field: x-kubernetes-int-or-string excludes a type",
    },
    { given: "a reference", field: { type: "object", $ref: "#/x" }, complaint: "field: $ref is not allowed here" },
    { given: "a constant", field: { type: "string", const: "a" }, complaint: "field: const is not allowed here" },
    {
      given: "unique items",
      field: { type: "array", items: text, uniqueItems: true },
      complaint: "field: uniqueItems is not allowed here",
    },
    {
      given: "a closed object",
      field: { type: "object", additionalProperties: false },
      complaint: "field: additionalProperties must be a schema",
    },
    {
      given: "fields beside a map",
      field: { type: "object", properties: {}, additionalProperties: text },
      complaint: "field: additionalProperties excludes properties",
    },
    {
      given: "lookbehind",
      field: { ...text, pattern: "(?<=a)b" },
      complaint: "field: the pattern has lookaround, which RE2 lacks",
    },
    {
      given: "a back-reference",
      field: { ...text, pattern: "(a)\\1" },
      complaint: "field: the pattern has a back-reference, which RE2 lacks",
    },
    {
      given: "a large repeat",
      field: { ...text, pattern: "a{0,1001}" },
      complaint: "field: the pattern has a repeat count over 999, which RE2 lacks",
    },
    {
      given: "a format of zod's",
      field: { ...text, format: "cuid2" },
      complaint: 'field: the server knows no format "cuid2"',
    },
  ])("$given", ({ field, complaint }) => {
    const complaints = structuralComplaints(rooted(field));

    expect(complaints).toEqual([complaint]);
  });

  test("a root that is no object", () => {
    expect(structuralComplaints(text)).toEqual(["root: the type must be object"]);
  });

  test.each<{ given: string; metadata: JsonObject }>([
    { given: "labels", metadata: { type: "object", properties: { labels: { type: "object" } } } },
    { given: "what is required", metadata: { type: "object", properties: { name: text }, required: ["name"] } },
    { given: "a description", metadata: { type: "object", description: "Ours." } },
  ])("a root that says of metadata more than the name: $given", ({ metadata }) => {
    const complaints = structuralComplaints({ type: "object", properties: { metadata } });

    expect(complaints).toEqual(["metadata: nothing but name and generateName may be specified"]);
  });
});

describe("a junctor that says more than a restriction is refused", () => {
  const outside = { type: "object", properties: { a: text } };

  test.each<{ given: string; junctor: JsonObject; complaint: string }>([
    {
      given: "a type",
      junctor: { anyOf: [{ type: "object" }] },
      complaint: "field (in a junctor): type is not allowed here",
    },
    {
      given: "a description",
      junctor: { oneOf: [{ description: "A." }] },
      complaint: "field (in a junctor): description is not allowed here",
    },
    {
      given: "a default",
      junctor: { allOf: [{ default: {} }] },
      complaint: "field (in a junctor): default is not allowed here",
    },
    {
      given: "a rule",
      junctor: { not: { "x-kubernetes-validations": [] } },
      complaint: "field (in a junctor): x-kubernetes-validations is not allowed here",
    },
    {
      given: "a field of its own",
      junctor: { anyOf: [{ properties: { b: { minLength: 1 } } }] },
      complaint: "field.b: is named in a junctor and not outside of it",
    },
    {
      given: "a field's type",
      junctor: { anyOf: [{ properties: { a: text } }] },
      complaint: "field.a (in a junctor): type is not allowed here",
    },
    {
      given: "a type, two junctors deep",
      junctor: { allOf: [{ anyOf: [{ nullable: true }] }] },
      complaint: "field (in a junctor): nullable is not allowed here",
    },
  ])("$given", ({ junctor, complaint }) => {
    const complaints = structuralComplaints(rooted({ ...outside, ...junctor }));

    expect(complaints).toEqual([complaint]);
  });
});

describe("a list map without usable keys is refused", () => {
  const items = { type: "object", properties: { id: text, tags: { type: "array", items: text } }, required: ["tags"] };

  test.each<{ given: string; list: JsonObject; complaint: string }>([
    { given: "no keys", list: {}, complaint: "field: a list map needs x-kubernetes-list-map-keys" },
    {
      given: "an unknown key",
      list: { keys: ["no"] },
      complaint: 'field: the key "no" must be a scalar field of the items',
    },
    {
      given: "a key that is a list",
      list: { keys: ["tags"] },
      complaint: 'field: the key "tags" must be a scalar field of the items',
    },
    { given: "an optional key", list: { keys: ["id"] }, complaint: 'field: the key "id" must be required' },
  ])("$given", ({ list, complaint }) => {
    const keys = list["keys"] === undefined ? {} : { "x-kubernetes-list-map-keys": list["keys"] };
    const field = { type: "array", items, "x-kubernetes-list-type": "map", ...keys };

    expect(structuralComplaints(rooted(field))).toEqual([complaint]);
  });

  test("and so is a set of objects", () => {
    const field = { type: "array", items, "x-kubernetes-list-type": "set" };

    expect(structuralComplaints(rooted(field))).toEqual(["field: the items of a set must be scalars"]);
  });
});
