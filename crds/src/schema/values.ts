import { isArray, isObject, type Json } from "../json.ts";

export function typeOf(value: Json): string {
  if (value === null) return "null";
  return isArray(value) ? "array" : typeof value;
}

/** Whether a value is of a type by its name in JSON Schema; 1.0 is an integer. */
export function isOfType(value: Json, type: Json | undefined): boolean {
  return type === "integer" ? Number.isInteger(value) : typeOf(value) === type;
}

/** Left at the first difference, so that a long value costs no more than the short one it is compared with. */
export function equal(a: Json, b: Json): boolean {
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((each, at) => equal(each, b[at] ?? null));
  if (!isObject(a)) return a === b;
  const names = Object.keys(a);
  if (!isObject(b) || names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && equal(a[name] ?? null, b[name] ?? null));
}

/** The regular expression as JSON Schema means it; `undefined` for a text that is none. */
export function toRegExp(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, "u");
  } catch {
    return undefined;
  }
}

const longestText = 64;

/** A value as a message shows it. */
export function inWords(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= longestText ? text : `${text.slice(0, longestText)}…`;
}

export function membersOf(value: Json): readonly string[] {
  return isObject(value) ? Object.keys(value) : [];
}
