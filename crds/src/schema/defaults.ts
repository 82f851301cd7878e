// What a schema fills in before the call (S41): the `default` of a member or element that is left out, at any depth. A
// default is taken as it is, and not filled in turn; alternatives and conditions fill nothing.
import { isArray, isObject, listOf, type Json, type JsonObject } from "../json.ts";
import { resolveReference } from "./references.ts";
import type { JsonSchema } from "./schema.ts";

/**
 * A copy of the value with the schema's defaults in it; the value itself where there are none.
 *
 * `work` counts down with each visit of a schema to a value; once it is below 0, nothing more is filled in.
 */
export function withDefaults(schema: JsonSchema, value: Json, work = { left: Infinity }): Json {
  return filled(schema, value, { root: schema, work, met: new Set() });
}

interface Way {
  readonly root: JsonSchema;
  readonly work: { left: number };
  /** Schemas that this part of the value has met: a second visit would fill in nothing new. */
  readonly met: Set<JsonObject>;
}

function filled(schema: Json | undefined, value: Json, way: Way): Json {
  if (!isObject(schema) || typeof value !== "object" || value === null || way.met.has(schema)) return value;
  way.met.add(schema);
  way.work.left -= 1;
  if (way.work.left < 0) return value;
  const { $ref, allOf } = schema;
  const target = typeof $ref === "string" ? resolveReference(way.root, $ref) : undefined;
  const before = [target, ...listOf(allOf)].reduce<Json>((so, each) => filled(each, so, way), value);
  if (isObject(before)) return filledMembers(schema, before, way);
  return isArray(before) ? filledElements(schema, before, way) : before;
}

function filledMembers({ properties }: JsonObject, value: JsonObject, way: Way): Json {
  if (!isObject(properties)) return value;
  const members = new Map(Object.entries(value));
  for (const [name, schema] of Object.entries(properties)) {
    const member = members.get(name);
    const absent = defaultOf(schema);
    if (member !== undefined) members.set(name, filled(schema, member, below(way)));
    else if (absent !== undefined) members.set(name, absent);
  }
  return Object.fromEntries(members);
}

function filledElements({ prefixItems, items }: JsonObject, value: readonly Json[], way: Way): Json {
  const prefix = listOf(prefixItems);
  const elements = value.map((element, at) => filled(prefix[at] ?? items, element, below(way)));
  for (const schema of prefix.slice(elements.length)) {
    const absent = defaultOf(schema);
    if (absent === undefined) break;
    elements.push(absent);
  }
  return elements;
}

function below({ root, work }: Way): Way {
  return { root, work, met: new Set() };
}

function defaultOf(schema: Json): Json | undefined {
  return isObject(schema) ? schema["default"] : undefined;
}
