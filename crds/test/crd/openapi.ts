// What the API server says to a value, as far as bounds and types go: enough of OpenAPI v3 to hold a CRD against zod.
// CEL rules are left to the end-to-end tests, where the real server speaks.
import { isArray, isObject, type Json, type JsonObject } from "../../src/json.ts";

/** The places in `value` that the schema refuses; empty if it takes the value. */
export function refusals(schema: JsonObject, value: Json, place = "$"): readonly string[] {
  if (value === null) return schema["nullable"] === true ? [] : [place];
  if (schema["type"] === undefined) return [];
  if (!hasType(schema["type"], value) || isOutOfBounds(schema, value)) return [place];
  if (isArray(value)) return value.flatMap((item, at) => refusals(schemaAt(schema, "items"), item, `${place}[${at}]`));
  return isObject(value) ? fieldRefusals(schema, value, place) : [];
}

/** The schema at a dotted path of fields. */
export function schemaOf(root: JsonObject, path: string): JsonObject {
  return path.split(".").reduce((schema, name) => schemaAt(schemaAt(schema, "properties"), name), root);
}

function fieldRefusals(schema: JsonObject, value: JsonObject, place: string): readonly string[] {
  const required = isArray(schema["required"]) ? schema["required"].filter((name) => typeof name === "string") : [];
  const missing = required.filter((name) => value[name] === undefined).map((name) => `${place}.${name}`);
  const wrong = Object.entries(value).flatMap(([name, field]) => {
    const own = schemaAt(schema, "properties")[name] ?? schema["additionalProperties"];
    return isObject(own) ? refusals(own, field, `${place}.${name}`) : []; // an unknown field is pruned, not refused
  });
  return [...missing, ...wrong];
}

function hasType(type: Json, value: Json): boolean {
  if (type === "array") return isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isSafeInteger(value);
  return typeof value === type;
}

function isOutOfBounds(schema: JsonObject, value: Json): boolean {
  if (isArray(schema["enum"]) && !schema["enum"].includes(value)) return true;
  if (typeof value === "number") return isOutside(value, schema["minimum"], schema["maximum"]);
  if (isArray(value)) return isOutside(value.length, schema["minItems"], schema["maxItems"]);
  if (isObject(value)) return isOutside(Object.keys(value).length, schema["minProperties"], schema["maxProperties"]);
  if (typeof value !== "string") return false;
  if (isOutside(Array.from(value).length, schema["minLength"], schema["maxLength"])) return true; // the server counts code points
  if (typeof schema["pattern"] === "string" && !new RegExp(schema["pattern"], "u").test(value)) return true;
  return schema["format"] === "date-time" && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value);
}

function isOutside(size: number, least: Json | undefined, most: Json | undefined): boolean {
  return (typeof least === "number" && size < least) || (typeof most === "number" && size > most);
}

function schemaAt(schema: JsonObject, name: string): JsonObject {
  const found = schema[name];
  return isObject(found) ? found : {};
}
