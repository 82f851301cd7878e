// Unions. A structural schema has one set of fields, so a union becomes the fields of all its members, stated once, and a
// junctor that only says which of them belong together.
import { canonicalJson, isArray, isObject, type Json, type JsonObject } from "../json.ts";
import { at, join } from "./place.ts";

export interface Union {
  readonly keyword: "anyOf" | "oneOf";
  /** Structural schemas. */
  readonly members: readonly JsonObject[];
}

/** The structural form of a union; throws a `TypeError` that names the place where it has none. */
export function mergeUnion(union: Union, path: string): JsonObject {
  if (union.members.some((member) => member["nullable"] === true)) {
    throw new TypeError(`${at(path)}: null is no member of a union: make the union nullable`);
  }
  return mergedEnum(union.members) ?? intOrString(union.members) ?? hoisted(union, path);
}

function mergedEnum(members: readonly JsonObject[]): JsonObject | undefined {
  const type = members[0]?.["type"];
  const values = members.map((member) => (member["type"] === type ? member["enum"] : undefined));
  if (type === undefined || !values.every(isArray)) return undefined;
  return { type, enum: [...new Set(values.flat())] };
}

function intOrString(members: readonly JsonObject[]): JsonObject | undefined {
  const texts = members.map(canonicalJson).sort();
  const matches = texts.join() === '{"format":"int64","type":"integer"},{"type":"string"}';
  return matches ? { "x-kubernetes-int-or-string": true } : undefined;
}

function hoisted({ keyword, members }: Union, path: string): JsonObject {
  const shapes = members.map((member) => shapeOf(member, path));
  const names = [...new Set(shapes.flatMap(({ properties }) => Object.keys(properties)))];
  const fields = names.map((name) => [name, mergedField(shapes, name, path)] as const);
  const telling = names.filter((name) => new Set(variantsOf(shapes, name).map(canonicalJson)).size > 1);
  return {
    type: "object",
    properties: Object.fromEntries(fields),
    required: names.filter((name) => shapes.every(({ required }) => required.includes(name))),
    [keyword]: shapes.map((shape) => branchOf(shape, telling)),
  };
}

interface Shape {
  readonly properties: JsonObject;
  readonly required: readonly Json[];
}

function shapeOf(member: JsonObject, path: string): Shape {
  const { type, properties, required, description: _, ...rest } = member;
  if (type !== "object" || !isObject(properties) || Object.keys(rest).length > 0) {
    throw new TypeError(`${at(path)}: only literals, plain objects, or an integer and a string can be united`);
  }
  return { properties, required: isArray(required) ? required : [] };
}

// A field that several members have is the same in all of them, or it is what tells them apart: a different literal in each.
function mergedField(shapes: readonly Shape[], name: string, path: string): JsonObject {
  const variants = variantsOf(shapes, name);
  const [first, ...others] = variants;
  if (first !== undefined && others.every((other) => canonicalJson(other) === canonicalJson(first))) return first;
  const merged = mergedEnum(variants);
  if (merged === undefined) throw new TypeError(`${join(path, name)}: differs between the members of a union`);
  return merged;
}

function variantsOf(shapes: readonly Shape[], name: string): readonly JsonObject[] {
  return shapes.map(({ properties }) => properties[name]).filter(isObject);
}

function branchOf({ properties, required }: Shape, telling: readonly string[]): JsonObject {
  const literals = telling.flatMap((name) => {
    const field = properties[name];
    return isObject(field) && isArray(field["enum"]) ? [[name, { enum: field["enum"] }] as const] : [];
  });
  return { ...(literals.length > 0 && { properties: Object.fromEntries(literals) }), required };
}
