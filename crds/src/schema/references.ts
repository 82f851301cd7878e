// Where a `$ref` leads. All of a schema stands in one document: `#`, a JSON pointer below it, or an anchor in it.
import { isArray, isObject, type Json, type JsonObject } from "../json.ts";
import type { JsonSchema } from "./schema.ts";

/** The schema that a reference names, or `undefined` if it leads nowhere in this document. */
export function resolveReference(root: JsonSchema, reference: string): JsonSchema | undefined {
  if (!reference.startsWith("#")) return undefined;
  const fragment = decoded(reference.slice(1));
  if (fragment === undefined) return undefined;
  if (fragment === "" || fragment.startsWith("/")) return asSchema(at(root, fragment));
  return isObject(root) ? anchorsOf(root).get(fragment) : undefined;
}

/** One step of a JSON pointer: `/` and `~` in a name are written `~1` and `~0`. */
export function pointerStep(part: string | number): string {
  return `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function at(root: Json, pointer: string): Json | undefined {
  const parts = pointer.split("/").slice(1);
  return parts.reduce<Json | undefined>((value, part) => {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (isObject(value)) return Object.hasOwn(value, name) ? value[name] : undefined;
    return isArray(value) ? value[Number(name)] : undefined;
  }, root);
}

const anchors = new WeakMap<JsonObject, ReadonlyMap<string, JsonSchema>>();

/** Read once from a document: a reference may be followed thousands of times. */
function anchorsOf(root: JsonObject): ReadonlyMap<string, JsonSchema> {
  const known = anchors.get(root) ?? new Map(anchorsIn(root));
  anchors.set(root, known);
  return known;
}

/** Anywhere in the document: a value that only looks like a schema with an anchor would be an odd thing to write. */
function anchorsIn(value: Json): readonly (readonly [string, JsonSchema])[] {
  if (isArray(value)) return value.flatMap(anchorsIn);
  if (!isObject(value)) return [];
  const { $anchor } = value;
  const inner = Object.values(value).flatMap(anchorsIn);
  return typeof $anchor === "string" ? [...inner, [$anchor, value]] : inner;
}

function asSchema(value: Json | undefined): JsonSchema | undefined {
  return typeof value === "boolean" || isObject(value) ? value : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a lone %
  }
}
