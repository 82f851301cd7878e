// CEL rules (`x-kubernetes-validations`), as far as they can be judged without a CEL compiler: whether what they name is
// there for CEL to see, and whether what they compare has a bound. The server estimates the cost of a rule from the largest
// value that the schema allows, and refuses the CRD above 10 million units.
import { isArray, isObject, type Json, type JsonObject } from "../json.ts";
import { at } from "./place.ts";

const mention = /\b(?:self|oldSelf)\b((?:\.\??[A-Za-z_]\w*\b(?!\())*)/g;
const presence = /\bhas\(([^()]*)\)/g;

/** What the server would refuse in the rules of one place, place first. */
export function* ruleComplaints(schema: JsonObject, path: string): Generator<string> {
  const rules = schema["x-kubernetes-validations"];
  if (rules === undefined) return;
  const place = at(path);
  for (const rule of isArray(rules) ? rules : []) {
    if (!isObject(rule) || typeof rule["rule"] !== "string") yield `${place}: a rule needs its CEL text`;
    else yield* oneRule(rule, rule["rule"], { schema, place });
  }
}

interface Scope {
  readonly schema: JsonObject;
  readonly place: string;
}

function* oneRule(rule: JsonObject, cel: string, { schema, place }: Scope): Generator<string> {
  const { message, fieldPath } = rule;
  if (typeof message !== "string" || message === "" || message.includes("\n"))
    yield `${place}: a rule needs a message of one line`;
  if (typeof fieldPath === "string" && resolve(schema, segments(fieldPath)) === undefined) {
    yield `${place}: the fieldPath ${fieldPath} leads nowhere`;
  }
  const named = mentions(cel).filter((path) => !isKnownByItself(path, place));
  for (const path of named) {
    if (resolve(schema, path) === undefined) yield `${place}: CEL cannot see self.${path.join(".")}`;
  }
  // What stands in has() is asked for its presence alone, so its size is free.
  const compared = mentions(cel.replaceAll(presence, "true")).filter((path) => !isKnownByItself(path, place));
  for (const path of compared) {
    const field = resolve(schema, path);
    if (field) yield* unbounded(field, ["self", ...path].join("."), place);
  }
}

function mentions(cel: string): readonly (readonly string[])[] {
  return [...cel.matchAll(mention)].map(([, path = ""]) => segments(path));
}

function segments(path: string): readonly string[] {
  return path.split(/\.\??/).filter((segment) => segment !== "");
}

/** Of every object the server shows a rule at the root these, and bounds them itself. */
function isKnownByItself(path: readonly string[], place: string): boolean {
  return place === "root" && ["apiVersion", "kind", "metadata.name", "metadata.generateName"].includes(path.join("."));
}

function resolve(schema: JsonObject, [name, ...rest]: readonly string[]): JsonObject | undefined {
  if (name === undefined) return isVisible(schema) ? schema : undefined;
  const field: Json | undefined = isObject(schema["properties"]) ? schema["properties"][name] : undefined;
  return isObject(field) ? resolve(field, rest) : undefined;
}

function isVisible(schema: JsonObject): boolean {
  return schema["type"] !== undefined || schema["x-kubernetes-int-or-string"] === true;
}

function* unbounded(schema: JsonObject, name: string, place: string): Generator<string> {
  const missing = missingBound(schema);
  if (missing !== undefined) yield `${place}: a rule compares ${name}, which has no ${missing}`;
  for (const [field, inner] of Object.entries(isObject(schema["properties"]) ? schema["properties"] : {})) {
    if (isObject(inner)) yield* unbounded(inner, `${name}.${field}`, place);
  }
  for (const inner of [schema["items"], schema["additionalProperties"]]) {
    if (isObject(inner)) yield* unbounded(inner, `${name}[]`, place);
  }
}

function missingBound(schema: JsonObject): string | undefined {
  const { type, maxItems, maxLength, maxProperties } = schema;
  if (type === "array" && maxItems === undefined) return "maxItems";
  if (type === "object" && schema["additionalProperties"] !== undefined && maxProperties === undefined)
    return "maxProperties";
  if (type !== "string" || maxLength !== undefined) return undefined;
  const finite = schema["enum"] !== undefined || schema["format"] === "date-time" || schema["format"] === "date";
  return finite ? undefined : "maxLength";
}
