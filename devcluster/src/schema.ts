// What a CustomResourceDefinition's schema does to an object before anybody judges it.
//
//   SC1. Nulls first, then defaults, then pruning: a null where none may be gives way to the default.
//   SC2. Pruned is what no schema names, unless it says x-kubernetes-preserve-unknown-fields; each pruned field is told,
//        so that the caller can be warned or refused.
//   SC3. apiVersion, kind and metadata are the server's own, at the root and in embedded resources.
import { isList, isPlain, type Plain, plain } from "./json.ts";

/** A structural schema: the part of OpenAPI v3 that a CustomResourceDefinition may use. */
export interface Structural {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Structural>>;
  readonly additionalProperties?: Structural | boolean;
  readonly items?: Structural;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly allOf?: readonly Structural[];
  readonly anyOf?: readonly Structural[];
  readonly oneOf?: readonly Structural[];
  readonly not?: Structural;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

/** A CEL rule at its place in the schema. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  /** `.task`, below the place of the rule. */
  readonly fieldPath?: string;
  readonly reason?: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired" | "FieldValueDuplicate";
  /** The rule speaks of a first value too, with oldSelf as an optional. */
  readonly optionalOldSelf?: boolean;
}

const ownFields = new Set(["apiVersion", "kind", "metadata"]);

/** The schema of one member of an object; undefined where none is given. */
export function memberSchema({ properties, additionalProperties }: Structural, member: string): Structural | undefined {
  if (properties && Object.hasOwn(properties, member)) return properties[member];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

/** `spec.tags[1]`, from its parts. */
export function joined(path: string, member: string | number): string {
  if (typeof member === "number") return `${path}[${member}]`;
  return path === "" ? member : `${path}.${member}`;
}

/** The object as its schema wants it, and the paths of what was pruned. */
export function shape(
  object: Plain,
  schema: Structural,
): { readonly object: Plain; readonly unknown: readonly string[] } {
  const unknown: string[] = [];
  const shaped = pruned(
    withDefaults(object, schema),
    { ...schema, "x-kubernetes-embedded-resource": true },
    "",
    unknown,
  );
  return { object: plain(shaped), unknown };
}

/** SC1. */
function withDefaults(value: unknown, schema: Structural): unknown {
  if (isList(value)) {
    const { items } = schema;
    return items ? value.map((item) => withDefaults(item, items)) : value;
  }
  if (!isPlain(value)) return value;
  const kept = Object.entries(value).filter(([name, member]) => !isStrayNull(member, memberSchema(schema, name)));
  const members: Record<string, unknown> = Object.fromEntries(kept);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!Object.hasOwn(members, name) && property.default !== undefined)
      members[name] = structuredClone(property.default);
  }
  for (const [name, member] of Object.entries(members)) {
    const inner = memberSchema(schema, name);
    if (inner) members[name] = withDefaults(member, inner);
  }
  return members;
}

function isStrayNull(member: unknown, schema: Structural | undefined): boolean {
  return member === null && schema !== undefined && !schema.nullable;
}

/** SC2. */
// oxlint-disable-next-line max-params -- a walk: the value, its schema, where it stands, and what has been found
function pruned(value: unknown, schema: Structural, path: string, unknown: string[]): unknown {
  if (isList(value)) {
    const { items } = schema;
    return items ? value.map((item, index) => pruned(item, items, joined(path, index), unknown)) : value;
  }
  if (!isPlain(value)) return value;
  const members = Object.entries(value).flatMap(([name, member]) => {
    const inner = memberSchema(schema, name);
    if (schema["x-kubernetes-embedded-resource"] && ownFields.has(name)) return [[name, member]]; // SC3
    if (inner) return [[name, pruned(member, inner, joined(path, name), unknown)]];
    if (schema["x-kubernetes-preserve-unknown-fields"] || schema.additionalProperties === true) return [[name, member]];
    unknown.push(joined(path, name));
    return [];
  });
  return Object.fromEntries(members);
}
