// Judges an object by its structural schema, in the API server's own words: people search for them, programs read the
// causes. CEL rules are judged in rules.ts, and only where the shape is right.
import { isDeepStrictEqual } from "node:util";

import { Validator } from "@cfworker/json-schema";

import { isList, isPlain, type Plain, plain } from "./json.ts";
import type { Cause } from "./refusal.ts";
import { joined, memberSchema, type Structural } from "./schema.ts";

/** What is wrong with the value, field by field; empty if nothing is. */
export function validate(value: unknown, schema: Structural, path = ""): readonly Cause[] {
  if (value === null && schema.nullable) return [];
  const mistyped = typeCause(value, schema, path);
  if (mistyped) return [mistyped];
  return [...enumCauses(value, schema, path), ...ofItsType(value, schema, path), ...junctorCauses(value, schema, path)];
}

function ofItsType(value: unknown, schema: Structural, path: string): readonly Cause[] {
  if (isList(value)) return listCauses(value, schema, path);
  if (isPlain(value)) return objectCauses(value, schema, path);
  if (typeof value === "string") return textCauses(value, schema, path);
  return typeof value === "number" ? numberCauses(value, schema, path) : [];
}

function typeCause(value: unknown, schema: Structural, path: string): Cause | undefined {
  const { type } = schema;
  const found = typeOf(value);
  const isIntOrString = schema["x-kubernetes-int-or-string"] === true;
  const wanted = isIntOrString ? "integer,string" : type;
  if (wanted === undefined || wanted.split(",").includes(found) || (wanted === "number" && found === "integer")) return;
  const message = `Invalid value: "${found}": ${path} in body must be of type ${wanted}: "${found}"`;
  return { reason: "FieldValueTypeInvalid", message, field: path || "<nil>" };
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (isList(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function invalidValue(field: string, value: unknown, what: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${what}`, field };
}

function enumCauses(value: unknown, schema: Structural, path: string): readonly Cause[] {
  if (!schema.enum || schema.enum.some((one) => isDeepStrictEqual(one, value))) return [];
  const supported = schema.enum.map((one) => JSON.stringify(one)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`;
  return [{ reason: "FieldValueNotSupported", message, field: path }];
}

function objectCauses(value: Plain, schema: Structural, path: string): readonly Cause[] {
  const { required = [], minProperties, maxProperties } = schema;
  const size = Object.keys(value).length;
  const causes: Cause[] = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => ({ reason: "FieldValueRequired", message: "Required value", field: joined(path, name) }));
  if (maxProperties !== undefined && size > maxProperties) {
    causes.push(tooMany(path, size, maxProperties));
  }
  if (minProperties !== undefined && size < minProperties) {
    causes.push(invalidValue(path, value, `${path} in body should have at least ${minProperties} properties`));
  }
  const inner = Object.entries(value).flatMap(([name, member]) => {
    const innerSchema = memberSchema(schema, name);
    return innerSchema ? validate(member, innerSchema, joined(path, name)) : [];
  });
  return [...causes, ...inner];
}

function tooMany(field: string, size: number, most: number): Cause {
  return { reason: "FieldValueTooMany", message: `Too many: ${size}: must have at most ${most} items`, field };
}

function listCauses(value: readonly unknown[], schema: Structural, path: string): readonly Cause[] {
  const { items, minItems, maxItems } = schema;
  const causes: Cause[] = [];
  if (maxItems !== undefined && value.length > maxItems) causes.push(tooMany(path, value.length, maxItems));
  if (minItems !== undefined && value.length < minItems) {
    causes.push(invalidValue(path, value.length, `${path} in body should have at least ${minItems} items`));
  }
  const inner = items ? value.flatMap((item, index) => validate(item, items, joined(path, index))) : [];
  return [...causes, ...inner, ...duplicates(value, schema, path)];
}

/** Of a list that is a set, equal items; of one that is a map, items with equal keys. */
function duplicates(value: readonly unknown[], schema: Structural, path: string): readonly Cause[] {
  const kind = schema["x-kubernetes-list-type"];
  if (kind !== "map" && kind !== "set") return [];
  const names = schema["x-kubernetes-list-map-keys"] ?? [];
  const keyOf = (item: unknown): unknown =>
    kind === "set" ? item : Object.fromEntries(names.map((name) => [name, plain(item)[name]]));
  const keys = value.map(keyOf);
  return keys.flatMap((key, index) => {
    if (!keys.slice(0, index).some((earlier) => isDeepStrictEqual(earlier, key))) return [];
    const message = `Duplicate value: ${JSON.stringify(key)}`;
    return [{ reason: "FieldValueDuplicate", message, field: joined(path, index) }];
  });
}

function textCauses(value: string, schema: Structural, path: string): readonly Cause[] {
  const { minLength, maxLength, pattern, format } = schema;
  const length = Array.from(value).length; // in code points, as the API server counts
  const causes: Cause[] = [];
  if (maxLength !== undefined && length > maxLength) {
    const message = `Too long: may not be more than ${maxLength} bytes`;
    causes.push({ reason: "FieldValueTooLong", message, field: path });
  }
  if (minLength !== undefined && length < minLength) {
    causes.push(invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`));
  }
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) {
    causes.push(invalidValue(path, value, `${path} in body should match '${pattern}'`));
  }
  if (format !== undefined && !hasFormat(value, format)) {
    const misformed = invalidValue(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`);
    causes.push({ ...misformed, reason: "FieldValueTypeInvalid" });
  }
  return causes;
}

/** The formats that the API server knows and this library too; others are not looked at, by either. */
const checkedFormats = new Set(["date-time", "date", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"]);

function hasFormat(value: string, format: string): boolean {
  return !checkedFormats.has(format) || new Validator({ type: "string", format }, "7").validate(value).valid;
}

function numberCauses(value: number, schema: Structural, path: string): readonly Cause[] {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const causes: Cause[] = [];
  if (exclusiveMinimum ? value <= minimum : value < minimum) {
    const bound = exclusiveMinimum ? "greater than" : "greater than or equal to";
    causes.push(invalidValue(path, value, `${path} in body should be ${bound} ${minimum}`));
  }
  if (exclusiveMaximum ? value >= maximum : value > maximum) {
    const bound = exclusiveMaximum ? "less than" : "less than or equal to";
    causes.push(invalidValue(path, value, `${path} in body should be ${bound} ${maximum}`));
  }
  if (multipleOf !== undefined && value % multipleOf !== 0) {
    causes.push(invalidValue(path, value, `${path} in body should be a multiple of ${multipleOf}`));
  }
  return causes;
}

function junctorCauses(value: unknown, schema: Structural, path: string): readonly Cause[] {
  const { allOf = [], anyOf = [], oneOf = [], not } = schema;
  const ofEach = (all: readonly Structural[]): readonly (readonly Cause[])[] =>
    all.map((one) => validate(value, one, path));
  const isNot = not !== undefined && isEmpty(validate(value, not, path));
  return [
    ...ofEach(allOf).flat(),
    ...anyOfCauses(ofEach(anyOf), path),
    ...oneOfCauses(ofEach(oneOf), path),
    ...(isNot ? [junctorCause(path, "not validate the schema (not)")] : []),
  ];
}

function anyOfCauses(ofEach: readonly (readonly Cause[])[], path: string): readonly Cause[] {
  const [first] = ofEach;
  if (!first || ofEach.some(isEmpty)) return [];
  return [junctorCause(path, "validate at least one schema (anyOf)"), ...first];
}

function oneOfCauses(ofEach: readonly (readonly Cause[])[], path: string): readonly Cause[] {
  const [first] = ofEach;
  const matching = ofEach.filter(isEmpty).length;
  if (!first || matching === 1) return [];
  const what = "validate one and only one schema (oneOf).";
  if (matching === 0) return [junctorCause(path, `${what} Found none valid`), ...first];
  return [junctorCause(path, `${what} Found ${matching} valid alternatives`)];
}

function junctorCause(path: string, what: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: "": "${path}" must ${what}`, field: "<nil>" };
}

function isEmpty(causes: readonly Cause[]): boolean {
  return causes.length === 0;
}
