import type { JsonObject } from "../json.ts";

/** A JSON Schema, draft 2020-12. Nothing of it is compiled or fetched. */
export type JsonSchema = boolean | JsonObject;

/** What may stand under a keyword. */
export type ArgumentKind =
  | "schema"
  | "schemas"
  | "schemaMap"
  | "patternMap"
  | "names"
  | "nameLists"
  | "number"
  | "count"
  | "boolean"
  | "text"
  | "pattern"
  | "types"
  | "list"
  | "any"
  | "unsupported";

/** The keywords that say something about a value or name a schema; all others are notes for people. */
export const keywords: Readonly<Record<string, ArgumentKind>> = {
  $ref: "text",
  $anchor: "text",
  $defs: "schemaMap",
  definitions: "schemaMap",
  type: "types",
  enum: "list",
  const: "any",
  allOf: "schemas",
  anyOf: "schemas",
  oneOf: "schemas",
  not: "schema",
  if: "schema",
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword
  then: "schema",
  else: "schema",
  properties: "schemaMap",
  patternProperties: "patternMap",
  additionalProperties: "schema",
  unevaluatedProperties: "schema",
  propertyNames: "schema",
  required: "names",
  dependentRequired: "nameLists",
  dependentSchemas: "schemaMap",
  minProperties: "count",
  maxProperties: "count",
  prefixItems: "schemas",
  items: "schema",
  unevaluatedItems: "schema",
  contains: "schema",
  minContains: "count",
  maxContains: "count",
  minItems: "count",
  maxItems: "count",
  uniqueItems: "boolean",
  minimum: "number",
  maximum: "number",
  exclusiveMinimum: "number",
  exclusiveMaximum: "number",
  multipleOf: "number",
  minLength: "count",
  maxLength: "count",
  pattern: "pattern",
  $dynamicRef: "unsupported",
  $recursiveRef: "unsupported",
};
