import { isArray, isObject, listOf, type Json, type JsonObject } from "../json.ts";
import { resolveReference } from "./references.ts";
import type { JsonSchema } from "./schema.ts";

/**
 * What values a schema is about: objects alone, arrays alone, or `undefined` for anything else (S39).
 *
 * Said by its type, by what it refers to, by one of the schemas of `allOf`, or by all alternatives alike; else by its
 * keywords.
 */
export function describes(schema: JsonSchema): "object" | "array" | undefined {
  const kind = kindOf(schema, { root: schema, known: new Map() });
  return kind === "object" || kind === "array" ? kind : undefined;
}

/** `other`: it describes other values too. `undefined`: it says nothing about that. */
type Kind = "object" | "array" | "other" | undefined;

interface Search {
  readonly root: JsonSchema;
  /** What was found, and nothing yet for a schema that is being asked: it may refer to itself. */
  readonly known: Map<JsonObject, Kind>;
}

function kindOf(schema: Json | undefined, search: Search): Kind {
  if (!isObject(schema)) return undefined;
  if (search.known.has(schema)) return search.known.get(schema);
  search.known.set(schema, undefined);
  const kind = find(schema, search);
  search.known.set(schema, kind);
  return kind;
}

function find(schema: JsonObject, search: Search): Kind {
  const { type, $ref, allOf, anyOf, oneOf } = schema;
  if (type !== undefined) return nameOf(type);
  const target = typeof $ref === "string" ? resolveReference(search.root, $ref) : undefined;
  const said = [target, ...listOf(allOf)].map((each) => kindOf(each, search)).find((kind) => kind !== undefined);
  if (said !== undefined) return said;
  const alternatives = [...listOf(anyOf), ...listOf(oneOf)].map((each) => kindOf(each, search));
  if (alternatives.length > 0) return new Set(alternatives).size === 1 ? alternatives[0] : "other";
  if ("properties" in schema || "required" in schema) return "object";
  return "prefixItems" in schema || "items" in schema ? "array" : undefined;
}

function nameOf(type: Json): Kind {
  const name = isArray(type) && type.length === 1 ? type[0] : type;
  return name === "object" || name === "array" ? name : "other";
}
