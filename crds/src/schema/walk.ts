// The way of a check through schema and value. The rules of the keywords come with the walk: they walk on themselves.
import { isArray, isObject, type Json, type JsonObject } from "../json.ts";
import { pointerStep } from "./references.ts";
import type { JsonSchema } from "./schema.ts";

/** What is wrong at a place of the value. */
export interface Problem {
  /** JSON pointer into the value; "" for the whole. */
  readonly pointer: string;
  /** As in `expected number, got string`. */
  readonly text: string;
  /** The member that a closed object does not know, and how deep the object stands: 0 for the value itself. */
  readonly unknown?: { readonly name: string; readonly depth: number };
}

export interface CheckBounds {
  /** Whether regular expressions are tried: in the operator nobody's may keep the others waiting. */
  readonly patterns: boolean;
  /** Levels of the value that are looked at. */
  readonly depth: number;
  /** Visits of a schema to a value; one to a long value counts for more. */
  readonly visits: number;
}

/** Takes the value of a keyword, and leaves its problems in the walk. */
export type Rule = (argument: Json, at: At) => void;

export type Rules = readonly (readonly [keyword: string, rule: Rule])[];

/** A part of the value. */
export interface Place {
  readonly value: Json;
  readonly pointer: string;
  readonly depth: number;
}

/** One way through the schema, with what was found on it. */
export interface Walk {
  readonly rules: Rules;
  readonly bounds: CheckBounds;
  /** What `#` means. */
  readonly root: JsonSchema;
  /** Shared by all ways. */
  readonly work: { left: number };
  readonly problems: Problem[];
  /** Whether something was left out (J1). */
  unsure: boolean;
}

/** The members and elements that some keyword has spoken of: what `unevaluatedProperties` and `unevaluatedItems` ask for. */
export interface Evaluated {
  readonly members: Set<string>;
  readonly elements: Set<number>;
  /** Some keyword was left out, or nobody knows which, that might have spoken of more: then nothing is left unspoken of. */
  isPartial: boolean;
}

/** What a rule knows besides the value of its keyword. */
export interface At {
  readonly schema: JsonObject;
  readonly place: Place;
  readonly walk: Walk;
  /** Absent where nobody asks. */
  readonly evaluated: Evaluated | undefined;
}

export function visit(schema: Json, place: Place, walk: Walk, outer?: Evaluated): void {
  if (schema === false) fail(walk, place, "is not allowed");
  if (!isObject(schema)) return;
  if (!mayLook(place, walk, outer)) return;
  const evaluated = asksBack(schema) ? nothingEvaluated() : outer;
  for (const [keyword, rule] of walk.rules) {
    const argument = Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
    if (argument === undefined) continue;
    walk.work.left -= weightOf(argument);
    const before = walk.problems.length;
    rule(argument, { schema, place, walk, evaluated });
    if (keyword === "type" && walk.problems.length > before) return; // J2
  }
  if (outer && evaluated !== outer) merge(evaluated, outer);
}

/** Counts the visit, or notes that it is left out. */
function mayLook({ value, depth }: Place, walk: Walk, outer: Evaluated | undefined): boolean {
  if (walk.work.left <= 0 || depth > walk.bounds.depth) {
    walk.unsure = true;
    if (outer) outer.isPartial = true;
    return false;
  }
  walk.work.left -= 1 + weightOf(value);
  return true;
}

/** What came of a schema that need not fit. */
export interface Trial {
  readonly fits: boolean;
  readonly unsure: boolean;
  readonly problems: readonly Problem[];
  readonly evaluated: Evaluated | undefined;
}

/** Tries a schema on the value of this place, without consequences. */
export function attempt(
  schema: Json,
  { place, walk, evaluated: asked }: Pick<At, "place" | "walk" | "evaluated">,
): Trial {
  const evaluated = asked && nothingEvaluated();
  const way: Walk = { ...walk, problems: [], unsure: false };
  visit(schema, place, way, evaluated);
  return { fits: way.problems.length === 0, unsure: way.unsure, problems: way.problems, evaluated };
}

/** Makes what a fitting schema has spoken of, and what it has left out, this place's. */
export function accept({ evaluated, unsure }: Trial, at: At): void {
  if (unsure) at.walk.unsure = true;
  merge(evaluated, at.evaluated);
}

export function fail(walk: Walk, { pointer }: Place, text: string, unknown?: Problem["unknown"]): void {
  walk.problems.push({ pointer, text, ...(unknown && { unknown }) });
}

export function below({ value, pointer, depth }: Place, part: string | number): Place {
  const inner = isArray(value) ? value[Number(part)] : isObject(value) ? value[part] : undefined;
  return { value: inner ?? null, pointer: pointer + pointerStep(part), depth: depth + 1 };
}

function asksBack(schema: JsonObject): boolean {
  return "unevaluatedProperties" in schema || "unevaluatedItems" in schema;
}

function nothingEvaluated(): Evaluated {
  return { members: new Set(), elements: new Set(), isPartial: false };
}

function merge(from: Evaluated | undefined, into: Evaluated | undefined): void {
  if (!from || !into) return;
  for (const name of from.members) into.members.add(name);
  for (const at of from.elements) into.elements.add(at);
  if (from.isPartial) into.isPartial = true;
}

/** A rule may go through all that stands in the value, or under its keyword. */
function weightOf(value: Json): number {
  if (typeof value === "string") return value.length >> 8;
  if (typeof value !== "object" || value === null) return 0;
  return (isArray(value) ? value.length : Object.keys(value).length) >> 4;
}
