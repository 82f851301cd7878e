import { describe, expect, test } from "vitest";

import type { JsonObject } from "../../src/json.ts";
import { describes } from "../../src/schema/describes.ts";
import { schemaProblem } from "../../src/schema/well-formed.ts";

describe("a schema that the checker cannot work with says why (S39)", () => {
  test.each<[JsonObject, string]>([
    [
      { $ref: "https://example.com/s.json" },
      'has a $ref at / that does not point into the schema: "https://example.com/s.json"',
    ],
    [
      { properties: { a: { $ref: "#/$defs/b" } } },
      'has a $ref at /properties/a that does not point into the schema: "#/$defs/b"',
    ],
    [{ items: { $ref: "#b" } }, 'has a $ref at /items that does not point into the schema: "#b"'],
    [{ allOf: [{ $ref: "#/%" }] }, 'has a $ref at /allOf/0 that does not point into the schema: "#/%"'],
    [{ not: { $dynamicRef: "#a" } }, "has the unsupported keyword $dynamicRef at /not"],
    [{ $defs: { a: { $id: "a" } } }, "has a $id at /$defs/a, which is not supported below the top"],
    [{ type: "strnig" }, "has an invalid value for the keyword type at /"],
    [{ properties: [] }, "has an invalid value for the keyword properties at /"],
    [{ properties: { a: 1 } }, "has no schema at /properties/a"],
    [{ pattern: "(" }, "has an invalid value for the keyword pattern at /"],
    [{ required: [1] }, "has an invalid value for the keyword required at /"],
    [{ minLength: -1 }, "has an invalid value for the keyword minLength at /"],
    [{ minimum: "1" }, "has an invalid value for the keyword minimum at /"],
    [{ patternProperties: { "(": true } }, "has an invalid value for the keyword patternProperties at /"],
  ])("%j", (schema, expected) => {
    expect(schemaProblem(schema)).toBe(expected);
  });

  test("and any other has no problem, whatever else stands in it", () => {
    const schema = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: "https://example.com/s.json",
      title: "x",
      format: 3,
      properties: { $ref: { type: "string" }, a: { $ref: "#/$defs/a~1b" }, all: { $ref: "#" } },
      $defs: { "a/b": { const: { $ref: "nowhere" } } },
    };

    expect(schemaProblem(schema)).toBeUndefined();
  });
});

describe("a schema describes", () => {
  test.each<[JsonObject, "object" | "array" | undefined]>([
    [{ type: "object" }, "object"],
    [{ type: ["array"] }, "array"],
    [{ type: ["object", "null"] }, undefined],
    [{ type: "string" }, undefined],
    [{ properties: {} }, "object"],
    [{ prefixItems: [] }, "array"],
    [{ $ref: "#/$defs/a", $defs: { a: { type: "object" } } }, "object"],
    [{ $ref: "#" }, undefined],
    [{ allOf: [{ title: "x" }, { type: "array" }] }, "array"],
    [{ oneOf: [{ type: "object" }, { type: "object" }] }, "object"],
    [{ anyOf: [{ type: "object" }, { type: "array" }] }, undefined],
    [{ anyOf: [{ type: "object" }, {}] }, undefined],
    [{}, undefined],
  ])("%j: %s (S39)", (schema, expected) => {
    expect(describes(schema)).toBe(expected);
  });
});
