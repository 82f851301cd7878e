// CEL rules (`x-kubernetes-validations`) on an object whose shape is right.
//
//   RU1. A rule that names oldSelf is about a change: without an old value it is silent, unless it takes an optional one.
//   RU2. An integer of the schema is CEL's int and a date-time its timestamp, whatever JSON makes of them. Untyped fields
//        are invisible.
//   RU3. Between two states, items of a list are the same thing only in a list that is a map, by its keys.
import { isDeepStrictEqual } from "node:util";

import { Environment, type ParseResult } from "@marcbachmann/cel-js";

import { isList, isPlain, plain } from "./json.ts";
import type { Cause } from "./refusal.ts";
import { joined, memberSchema, type Structural, type ValidationRule } from "./schema.ts";

/** A value before and after, with its place. */
interface Change {
  readonly value: unknown;
  readonly old: unknown;
  readonly schema: Structural;
  readonly path: string;
}

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
});
const compiled = new Map<string, ParseResult>();

/** What the rules at this place and below it complain of. */
export function ruleCauses(change: Change): readonly Cause[] {
  const { value, schema } = change;
  if (value === undefined || value === null) return [];
  const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule) => complaint(rule, change) ?? []);
  return [...own, ...innerChanges(change).flatMap(ruleCauses)];
}

/** Why the text is no CEL; undefined if it is. */
export function celFault(rule: string): string | undefined {
  try {
    parsed(rule);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function complaint(rule: ValidationRule, { value, old, schema, path }: Change): Cause | undefined {
  const isTransition = /\boldSelf\b/.test(rule.rule);
  if (isTransition && old === undefined && !rule.optionalOldSelf) return undefined; // RU1
  const scope = { self: celValue(value, schema), ...(old !== undefined && { oldSelf: celValue(old, schema) }) };
  const field = `${path}${rule.fieldPath ?? ""}`.replace(/^\./, "") || "<nil>";
  const { reason = "FieldValueInvalid" } = rule;
  try {
    if (parsed(rule.rule)(scope) === true) return undefined;
    return { reason, field, message: inWords(reason, messageOf(rule, scope), schema) };
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return { reason, field, message: inWords(reason, `${why} evaluating rule: ${messageOf(rule, scope)}`, schema) };
  }
}

function inWords(reason: string, message: string, { type = "object" }: Structural): string {
  if (reason === "FieldValueForbidden") return `Forbidden: ${message}`;
  if (reason === "FieldValueRequired") return `Required value: ${message}`;
  if (reason === "FieldValueDuplicate") return `Duplicate value: "${type}"`;
  return `Invalid value: "${type}": ${message}`;
}

function messageOf({ rule, message, messageExpression }: ValidationRule, scope: object): string {
  const own = message ?? `failed rule: ${rule}`;
  return messageExpression === undefined ? own : String(parsed(messageExpression)({ ...scope }));
}

function parsed(text: string): ParseResult {
  const found = compiled.get(text) ?? environment.parse(text);
  compiled.set(text, found);
  return found;
}

function innerChanges({ value, old, schema, path }: Change): readonly Change[] {
  if (isList(value)) {
    const { items } = schema;
    if (!items) return [];
    return value.map((item, index) => ({
      value: item,
      old: sameItem(item, old, schema),
      schema: items,
      path: joined(path, index),
    }));
  }
  return Object.entries(plain(value)).flatMap(([name, member]) => {
    const inner = memberSchema(schema, name);
    return inner ? [{ value: member, old: plain(old)[name], schema: inner, path: joined(path, name) }] : [];
  });
}

/** RU3. */
function sameItem(item: unknown, old: unknown, schema: Structural): unknown {
  const names = schema["x-kubernetes-list-map-keys"];
  if (!isList(old) || schema["x-kubernetes-list-type"] !== "map" || !names) return undefined;
  return old.find((one) => names.every((name) => isDeepStrictEqual(plain(one)[name], plain(item)[name])));
}

/** RU2. */
function celValue(value: unknown, schema: Structural): unknown {
  if (isList(value)) {
    const { items } = schema;
    return items ? value.map((item) => celValue(item, items)) : [];
  }
  if (isPlain(value)) {
    const members = Object.entries(value).flatMap(([name, member]) => {
      const inner = memberSchema(schema, name);
      return inner && isVisible(inner) ? [[name, celValue(member, inner)]] : [];
    });
    return Object.fromEntries(members);
  }
  if (schema.type === "integer" || (schema["x-kubernetes-int-or-string"] && typeof value === "number")) {
    return BigInt(Number(value));
  }
  return schema.format === "date-time" && typeof value === "string" ? new Date(value) : value;
}

function isVisible({ type, ...schema }: Structural): boolean {
  return type !== undefined || schema["x-kubernetes-int-or-string"] === true;
}
