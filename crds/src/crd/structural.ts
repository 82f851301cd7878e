// From a zod schema to the structural OpenAPI v3 schema that a CustomResourceDefinition holds.
//
//   C1. What zod says and the API server cannot check is refused here, never dropped in silence: the build fails, so that
//       no cluster accepts more than the schema does.
//   C2. What the API server does by itself is dropped: closing objects (it prunes), the bounds of a double's integers, the
//       pattern of a format that it knows.
//   C3. A key given by `.meta()` that begins with `x-kubernetes-` passes as it is.
import { z } from "zod";

import { isArray, isObject, type Json, type JsonObject } from "../json.ts";
import { ofAnnotation, ofList, ofNumber, ofObject, ofString, ofUnion } from "./keywords.ts";
import { isRefined, refuseLosses } from "./losses.ts";
import { checkedFormats, re2Obstacle } from "./pattern.ts";
import { at, join, placeOf } from "./place.ts";
import { mergeUnion } from "./union.ts";

const INT32 = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
const preserved = { "x-kubernetes-preserve-unknown-fields": true };

/** Keywords that say nothing a server could check. What refers to `definitions` is refused at its own place. */
const dropped = new Set([
  "$schema",
  "$id",
  "id",
  "title",
  "examples",
  "deprecated",
  "readOnly",
  "contentEncoding",
  "definitions",
]);

const understood: ReadonlySet<string> = new Set([
  "type",
  "additionalProperties",
  ...ofAnnotation,
  ...ofString,
  ...ofNumber,
  ...ofList,
  ...ofObject,
  ...ofUnion,
]);

/**
 * The structural schema of what `schema` takes in.
 *
 * Throws a `TypeError` that names the place and the reason where none exists (C1). A `refine()` must stand beside
 * `.meta({"x-kubernetes-validations": …})`, which says the same in CEL. Source: Kubernetes, "Extend the Kubernetes API with
 * CustomResourceDefinitions", section "Specifying a structural schema".
 */
export function toStructural(schema: z.ZodType): JsonObject {
  const refined: (readonly (string | number)[])[] = [];
  const emitted = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    cycles: "throw",
    override: ({ zodSchema, path }) => {
      refuseLosses(zodSchema, path);
      if (isRefined(zodSchema)) refined.push([...path]);
    },
  });
  const json = JSON.parse(JSON.stringify(emitted)) as JsonObject; // an object's JSON text is an object's
  for (const path of refined) demandRule(json, path);
  return convert(json, "");
}

// zod leaves a refinement out without a word, and .meta() comes after it: only the finished schema shows whether CEL took over.
function demandRule(root: JsonObject, path: readonly (string | number)[]): void {
  let node: Json | undefined = root;
  for (const step of path) node = isArray(node) ? node[Number(step)] : isObject(node) ? node[step] : undefined;
  if (isObject(node) && isArray(node["x-kubernetes-validations"])) return;
  throw new TypeError(`${placeOf(path)}: a refinement needs x-kubernetes-validations beside it`);
}

function convert(schema: JsonObject, path: string): JsonObject {
  for (const keyword of Object.keys(schema)) {
    if (understood.has(keyword) || dropped.has(keyword) || keyword.startsWith("x-kubernetes-")) continue;
    throw new TypeError(`${at(path)}: ${keyword} has no structural form`);
  }
  const extensions = Object.keys(schema).filter((keyword) => keyword.startsWith("x-kubernetes-"));
  return { ...pick(schema, ofAnnotation), ...shapeOf(schema, path), ...pick(schema, extensions) };
}

function shapeOf(schema: JsonObject, path: string): JsonObject {
  const keyword = schema["oneOf"] === undefined ? "anyOf" : "oneOf";
  const members = schema[keyword];
  if (isArray(members))
    return mergeUnion({ keyword, members: members.filter(isObject).map((member) => convert(member, path)) }, path);
  switch (schema["type"]) {
    case "object":
      return objectShape(schema, path);
    case "array":
      return { type: "array", ...pick(schema, ["minItems", "maxItems"]), items: child(schema["items"], `${path}[]`) };
    case "string":
      return stringShape(schema, path);
    case "integer":
    case "number":
      return numberShape(schema);
    case "boolean":
      return { type: "boolean" };
    default:
      return preserved;
  }
}

function objectShape(schema: JsonObject, path: string): JsonObject {
  const { properties, additionalProperties } = schema;
  const size = pick(schema, ["minProperties", "maxProperties"]);
  if (!isObject(properties))
    return { type: "object", ...size, additionalProperties: child(additionalProperties, `${path}{}`) };
  const fields = Object.entries(properties).map(([name, field]) => [name, child(field, join(path, name))] as const);
  return {
    type: "object",
    ...size,
    ...(fields.length > 0 && { properties: Object.fromEntries(fields) }),
    ...pick(schema, ["required"]),
    ...(isObject(additionalProperties) && preserved), // a loose object: the fields beyond those named stay
  };
}

function stringShape(schema: JsonObject, path: string): JsonObject {
  const format = schema["format"] === "base64" ? "byte" : schema["format"];
  const checked = typeof format === "string" && checkedFormats.has(format);
  return {
    type: "string",
    ...(checked ? { format } : pattern(schema["pattern"], path)),
    ...pick(schema, ["enum", "minLength", "maxLength"]),
  };
}

function pattern(text: Json | undefined, path: string): JsonObject {
  if (typeof text !== "string") return {};
  const obstacle = re2Obstacle(text);
  if (obstacle !== undefined) throw new TypeError(`${at(path)}: the pattern has ${obstacle}, which RE2 lacks`);
  return { pattern: text };
}

function numberShape(schema: JsonObject): JsonObject {
  const rest = pick(schema, ["exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum"]);
  if (schema["type"] === "number") return { type: "number", ...pick(schema, ["minimum", "maximum"]), ...rest };
  const int32 = schema["minimum"] === INT32.minimum && schema["maximum"] === INT32.maximum;
  if (int32) return { type: "integer", format: "int32", ...rest };
  const bounds = pick(schema, ["minimum", "maximum"]);
  const chosen = Object.entries(bounds).filter(([, bound]) => Math.abs(Number(bound)) !== Number.MAX_SAFE_INTEGER);
  return { type: "integer", format: "int64", ...Object.fromEntries(chosen), ...rest };
}

function child(schema: Json | undefined, path: string): JsonObject {
  if (!isObject(schema)) throw new TypeError(`${at(path)}: a schema is missing`);
  return convert(schema, path);
}

function pick(from: JsonObject, keywords: readonly string[]): JsonObject {
  return Object.fromEntries(
    keywords.flatMap((keyword) => (from[keyword] === undefined ? [] : [[keyword, from[keyword]]])),
  );
}
