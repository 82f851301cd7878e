import { isArray, isObject, type Json, type JsonObject } from "../json.ts";
import { membersOf, toRegExp } from "./values.ts";
import { accept, attempt, below, fail, visit, type At, type Rule } from "./walk.ts";

export const objectRules: Readonly<Record<string, Rule>> = {
  required,
  dependentRequired,
  minProperties: count((members, bound) => members >= bound, "at least"),
  maxProperties: count((members, bound) => members <= bound, "at most"),
  properties,
  patternProperties,
  additionalProperties,
  propertyNames,
  dependentSchemas,
};

function required(argument: Json, at: At): void {
  if (isObject(at.place.value) && isArray(argument)) requireAll(argument, at.place.value, at);
}

function requireAll(names: readonly Json[], value: JsonObject, { place, walk }: At): void {
  for (const name of names) {
    if (typeof name === "string" && !Object.hasOwn(value, name)) fail(walk, below(place, name), "is missing");
  }
}

function dependentRequired(argument: Json, at: At): void {
  const { value } = at.place;
  if (!isObject(value) || !isObject(argument)) return;
  for (const [name, names] of Object.entries(argument)) {
    if (Object.hasOwn(value, name) && isArray(names)) requireAll(names, value, at);
  }
}

function count(holds: (members: number, bound: number) => boolean, words: string): Rule {
  return (argument, { place, walk }) => {
    if (!isObject(place.value) || typeof argument !== "number") return;
    if (!holds(membersOf(place.value).length, argument)) fail(walk, place, `must have ${words} ${argument} member(s)`);
  };
}

function properties(argument: Json, { place, walk, evaluated }: At): void {
  if (!isObject(place.value) || !isObject(argument)) return;
  for (const [name, schema] of Object.entries(argument)) {
    if (!Object.hasOwn(place.value, name)) continue;
    evaluated?.members.add(name);
    visit(schema, below(place, name), walk);
  }
}

/** Without patterns any member may be meant, so each counts as spoken of, and none is looked at. */
function patternProperties(argument: Json, { place, walk, evaluated }: At): void {
  if (!isObject(argument)) return;
  if (!walk.bounds.patterns) walk.unsure = true;
  for (const name of membersOf(place.value)) {
    if (!walk.bounds.patterns) evaluated?.members.add(name);
    for (const schema of matching(argument, name, walk.bounds.patterns)) {
      evaluated?.members.add(name);
      visit(schema, below(place, name), walk);
    }
  }
}

function matching(schemas: Json | undefined, name: string, patterns: boolean): readonly Json[] {
  if (!patterns || !isObject(schemas)) return [];
  return Object.entries(schemas).flatMap(([pattern, schema]) =>
    toRegExp(pattern)?.test(name) === true ? [schema] : [],
  );
}

function additionalProperties(argument: Json, at: At): void {
  const { properties: named = {}, patternProperties: patterned } = at.schema;
  if (patterned !== undefined && !at.walk.bounds.patterns) return; // each may be one of those
  const isNamed = (name: string): boolean => isObject(named) && Object.hasOwn(named, name);
  visitOthers(argument, at, (name) => isNamed(name) || matching(patterned, name, true).length > 0);
}

export function unevaluatedProperties(argument: Json, at: At): void {
  if (at.evaluated?.isPartial === true) return;
  visitOthers(argument, at, (name) => at.evaluated?.members.has(name) === true);
}

function visitOthers(schema: Json, { place, walk, evaluated }: At, isKnown: (name: string) => boolean): void {
  for (const name of membersOf(place.value)) {
    if (isKnown(name)) continue;
    evaluated?.members.add(name);
    if (schema === false) fail(walk, below(place, name), "is not allowed", { name, depth: place.depth });
    else visit(schema, below(place, name), walk);
  }
}

function propertyNames(argument: Json, { place, walk }: At): void {
  for (const name of membersOf(place.value)) {
    const trial = attempt(argument, { place: { ...below(place, name), value: name }, walk, evaluated: undefined });
    if (!trial.fits) fail(walk, below(place, name), "has a name that is not allowed");
    if (trial.unsure) walk.unsure = true;
  }
}

function dependentSchemas(argument: Json, at: At): void {
  const { value } = at.place;
  if (!isObject(value) || !isObject(argument)) return;
  for (const [name, schema] of Object.entries(argument)) {
    if (!Object.hasOwn(value, name)) continue;
    const trial = attempt(schema, at);
    at.walk.problems.push(...trial.problems);
    accept(trial, at);
  }
}
