// What an API server refuses in the schema of a CustomResourceDefinition, or takes and then does not check, told before
// there is a server to ask.
//
//   K1. Every place has a type, unless it holds unknown fields or an integer-or-string.
//   K2. A junctor (allOf, anyOf, oneOf, not) only restricts: what it names stands outside of it as well.
//   K3. Only keywords, formats and patterns are used that the server knows; it would drop the others or refuse them.
//   K4. What a CEL rule compares is bounded, since its cost is estimated from the largest value possible (rules.ts).
//
// Source: k8s.io/apiextensions-apiserver, package schema, validation.go; confirmed by applying what is generated.
import { isArray, isObject, type Json, type JsonObject } from "../json.ts";
import { ofAnnotation, restrictions } from "./keywords.ts";
import { checkedFormats, re2Obstacle } from "./pattern.ts";
import { at, join } from "./place.ts";
import { ruleComplaints } from "./rules.ts";

const types: ReadonlySet<Json | undefined> = new Set(["object", "array", "string", "integer", "number", "boolean"]);
const formats: ReadonlySet<Json | undefined> = new Set([...checkedFormats, "int32", "int64", "float", "double"]);
const junctors = ["allOf", "anyOf", "oneOf"];
const legalInJunctors: ReadonlySet<string> = new Set(restrictions);
const legal: ReadonlySet<string> = new Set([
  ...restrictions,
  ...ofAnnotation,
  "type",
  "title",
  "additionalProperties",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-int-or-string",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
]);

/** All that is wrong with the root schema of a CRD, one sentence each, place first. Empty: the server will take it. */
export function structuralComplaints(root: JsonObject): readonly string[] {
  return [...new Set([...rootComplaints(root), ...complaints(root, "")])];
}

function* rootComplaints(root: JsonObject): Generator<string> {
  if (root["type"] !== "object") yield `root: the type must be object`;
  const { metadata } = propertiesOf(root);
  if (isObject(metadata) && !speaksOfNameAlone(metadata)) {
    yield `metadata: nothing but name and generateName may be specified`;
  }
}

function* complaints(schema: JsonObject, path: string): Generator<string> {
  yield* keywordComplaints(schema, path, legal);
  yield* typeComplaints(schema, path);
  yield* objectComplaints(schema, path);
  yield* listComplaints(schema, path);
  yield* valueComplaints(schema, path);
  yield* ruleComplaints(schema, path);
  for (const branch of branchesOf(schema)) yield* branchComplaints(branch, schema, path);
  for (const [place, child] of childrenOf(schema, path)) yield* complaints(child, place);
}

function* keywordComplaints(schema: JsonObject, path: string, allowed: ReadonlySet<string>): Generator<string> {
  for (const keyword of Object.keys(schema)) {
    if (!allowed.has(keyword)) yield `${at(path)}: ${keyword} is not allowed here`;
  }
}

function* typeComplaints(schema: JsonObject, path: string): Generator<string> {
  const { type } = schema;
  const either = schema["x-kubernetes-int-or-string"] === true;
  const unknown = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (either && type !== undefined) yield `${at(path)}: x-kubernetes-int-or-string excludes a type`;
  if (type === undefined && !either && !unknown) yield `${at(path)}: a type is missing`;
  if (type !== undefined && !types.has(type)) yield `${at(path)}: there is no such type`;
  if (type === "array" && !isObject(schema["items"])) yield `${at(path)}: a list needs items`;
}

function* objectComplaints(schema: JsonObject, path: string): Generator<string> {
  const { additionalProperties, properties } = schema;
  if (additionalProperties === undefined) return;
  if (!isObject(additionalProperties)) yield `${at(path)}: additionalProperties must be a schema`;
  if (properties !== undefined) yield `${at(path)}: additionalProperties excludes properties`;
}

function* listComplaints(schema: JsonObject, path: string): Generator<string> {
  const kind = schema["x-kubernetes-list-type"];
  if (kind === undefined) return;
  if (schema["type"] !== "array") yield `${at(path)}: x-kubernetes-list-type belongs to a list`;
  const items = isObject(schema["items"]) ? schema["items"] : {};
  if (kind === "set" && !isScalar(items)) yield `${at(path)}: the items of a set must be scalars`;
  if (kind !== "map") return;
  const keys = schema["x-kubernetes-list-map-keys"];
  if (!isArray(keys) || keys.length === 0) yield `${at(path)}: a list map needs x-kubernetes-list-map-keys`;
  else for (const key of keys) yield* keyComplaints(key, items, path);
}

function* keyComplaints(key: Json, items: JsonObject, path: string): Generator<string> {
  const field = typeof key === "string" ? propertiesOf(items)[key] : undefined;
  const name = JSON.stringify(key);
  if (!isObject(field) || !isScalar(field)) yield `${at(path)}: the key ${name} must be a scalar field of the items`;
  else if (!requires(items, key) && field["default"] === undefined)
    yield `${at(path)}: the key ${name} must be required`;
}

function* valueComplaints(schema: JsonObject, path: string): Generator<string> {
  const { pattern, format } = schema;
  const obstacle = typeof pattern === "string" ? re2Obstacle(pattern) : undefined;
  if (obstacle !== undefined) yield `${at(path)}: the pattern has ${obstacle}, which RE2 lacks`;
  if (format !== undefined && !formats.has(format))
    yield `${at(path)}: the server knows no format ${JSON.stringify(format)}`;
}

function* branchComplaints(branch: JsonObject, outside: JsonObject, path: string): Generator<string> {
  yield* keywordComplaints(branch, `${path} (in a junctor)`, legalInJunctors);
  yield* valueComplaints(branch, path);
  for (const [name, inside] of Object.entries(propertiesOf(branch))) {
    const field = propertiesOf(outside)[name];
    if (!isObject(field)) yield `${join(path, name)}: is named in a junctor and not outside of it`;
    else if (isObject(inside)) yield* branchComplaints(inside, field, join(path, name));
  }
  const { items } = branch;
  if (isObject(items)) yield* branchComplaints(items, isObject(outside["items"]) ? outside["items"] : {}, `${path}[]`);
  for (const deeper of branchesOf(branch)) yield* branchComplaints(deeper, outside, path);
}

function branchesOf(schema: JsonObject): readonly JsonObject[] {
  return [...junctors.flatMap((keyword) => schema[keyword] ?? []), schema["not"]].filter(isObject);
}

function childrenOf(schema: JsonObject, path: string): readonly (readonly [string, JsonObject])[] {
  const fields = Object.entries(propertiesOf(schema)).map(([name, field]) => [join(path, name), field] as const);
  const places = [
    ...fields,
    [`${path}[]`, schema["items"]] as const,
    [`${path}{}`, schema["additionalProperties"]] as const,
  ];
  return places.flatMap(([place, child]) => (isObject(child) ? [[place, child] as const] : []));
}

function propertiesOf(schema: JsonObject): JsonObject {
  return isObject(schema["properties"]) ? schema["properties"] : {};
}

function speaksOfNameAlone(metadata: JsonObject): boolean {
  const onlyFields = Object.keys(metadata).every((keyword) => keyword === "type" || keyword === "properties");
  return onlyFields && Object.keys(propertiesOf(metadata)).every((name) => name === "name" || name === "generateName");
}

function requires(schema: JsonObject, name: Json): boolean {
  return isArray(schema["required"]) && schema["required"].includes(name);
}

function isScalar(schema: JsonObject): boolean {
  return types.has(schema["type"]) && schema["type"] !== "object" && schema["type"] !== "array";
}
