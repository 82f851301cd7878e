// What each keyword asks, in the order in which it is asked: the type first, and what looks back at the others last.
import { isArray, isObject, type Json } from "../json.ts";
import { arrayRules, unevaluatedItems } from "./rules-of-arrays.ts";
import { objectRules, unevaluatedProperties } from "./rules-of-objects.ts";
import { resolveReference } from "./references.ts";
import { equal, inWords, isOfType, toRegExp, typeOf } from "./values.ts";
import { accept, attempt, fail, visit, type At, type Rule, type Rules } from "./walk.ts";

export const rules: Rules = Object.entries<Rule>({
  type,
  const: constant,
  enum: oneOfValues,
  ...bounds(),
  pattern,
  ...objectRules,
  ...arrayRules,
  $ref: reference,
  $dynamicRef: leftOut,
  allOf,
  anyOf,
  oneOf,
  not,
  if: condition,
  unevaluatedProperties,
  unevaluatedItems,
});

function type(argument: Json, { place, walk }: At): void {
  const types = isArray(argument) ? argument : [argument];
  if (types.some((each) => isOfType(place.value, each))) return;
  fail(walk, place, `expected ${types.map(String).join(" or ")}, got ${typeOf(place.value)}`);
}

function constant(argument: Json, { place, walk }: At): void {
  if (!equal(argument, place.value)) fail(walk, place, `expected ${inWords(argument)}`);
}

function oneOfValues(argument: Json, { place, walk }: At): void {
  if (!isArray(argument) || argument.some((each) => equal(each, place.value))) return;
  fail(walk, place, `expected one of ${argument.map(inWords).join(", ")}`);
}

function bounds(): Record<string, Rule> {
  return {
    minimum: number((value, bound) => value >= bound, "be at least"),
    maximum: number((value, bound) => value <= bound, "be at most"),
    exclusiveMinimum: number((value, bound) => value > bound, "be greater than"),
    exclusiveMaximum: number((value, bound) => value < bound, "be less than"),
    multipleOf: number(isMultiple, "be a multiple of"),
    minLength: length((value, bound) => value >= bound, "at least"),
    maxLength: length((value, bound) => value <= bound, "at most"),
  };
}

function number(holds: (value: number, bound: number) => boolean, words: string): Rule {
  return (argument, { place, walk }) => {
    if (typeof place.value !== "number" || typeof argument !== "number" || holds(place.value, argument)) return;
    fail(walk, place, `must ${words} ${argument}`);
  };
}

/** In code points, as the draft counts. */
function length(holds: (value: number, bound: number) => boolean, words: string): Rule {
  return (argument, { place, walk }) => {
    if (typeof place.value !== "string" || typeof argument !== "number") return;
    if (!holds(Array.from(place.value).length, argument))
      fail(walk, place, `must have ${words} ${argument} character(s)`);
  };
}

/** 4.35 is a multiple of 0.01, whatever binary fractions make of the quotient. */
function isMultiple(value: number, factor: number): boolean {
  const quotient = value / factor;
  return Math.abs(quotient - Math.round(quotient)) <= 4 * Number.EPSILON * Math.max(1, Math.abs(quotient));
}

function pattern(argument: Json, { place, walk }: At): void {
  if (typeof place.value !== "string" || typeof argument !== "string") return;
  if (!walk.bounds.patterns) walk.unsure = true;
  else if (toRegExp(argument)?.test(place.value) === false) fail(walk, place, `must match ${argument}`);
}

function reference(argument: Json, { place, walk, evaluated }: At): void {
  const target = typeof argument === "string" ? resolveReference(walk.root, argument) : undefined;
  if (target === undefined) leftOut(argument, { walk, evaluated });
  else visit(target, place, walk, evaluated);
}

function leftOut(_: Json, { walk, evaluated }: Pick<At, "walk" | "evaluated">): void {
  walk.unsure = true;
  if (evaluated) evaluated.isPartial = true;
}

function allOf(argument: Json, { place, walk, evaluated }: At): void {
  if (isArray(argument)) for (const schema of argument) visit(schema, place, walk, evaluated);
}

function anyOf(argument: Json, at: At): void {
  if (isArray(argument)) acceptFitting(argument, at);
}

function oneOf(argument: Json, at: At): void {
  if (!isArray(argument)) return;
  const fitting = acceptFitting(argument, at);
  if (fitting > 1) fail(at.walk, at.place, `fits ${fitting} alternatives, and must fit one`);
}

/** Takes over what fits, or says that nothing does. Answers how many certainly fit. */
function acceptFitting(schemas: readonly Json[], at: At): number {
  const trials = schemas.map((schema) => attempt(schema, at));
  const fitting = trials.filter(({ fits }) => fits);
  for (const trial of fitting) accept(trial, at);
  if (fitting.length > 0) return fitting.filter(({ unsure }) => !unsure).length;

  if (at.evaluated) at.evaluated.isPartial = true; // the right alternative would have spoken of more
  // The one alternative that the value is of, in kind, says best what is wrong with it.
  const near = trials.filter(({ problems }) => problems.every(({ pointer }) => pointer !== at.place.pointer));
  if (near.length === 1) at.walk.problems.push(...(near[0]?.problems ?? []));
  else fail(at.walk, at.place, alternativesInWords(schemas, at));
  return 0;
}

function alternativesInWords(schemas: readonly Json[], { place }: At): string {
  const types = schemas.map((schema) => (isObject(schema) ? schema["type"] : undefined));
  if (types.some((each) => typeof each !== "string" || isOfType(place.value, each))) return "fits no alternative";
  return `expected ${[...new Set(types)].map(String).join(" or ")}, got ${typeOf(place.value)}`;
}

function not(argument: Json, at: At): void {
  const { fits, unsure } = attempt(argument, at);
  if (fits && !unsure) fail(at.walk, at.place, "is of a form that is not allowed");
}

function condition(argument: Json, at: At): void {
  const trial = attempt(argument, at);
  if (trial.fits) accept(trial, at);
  if (trial.fits && trial.unsure) return leftOut(argument, at); // nobody knows which branch it is
  const branch = at.schema[trial.fits ? "then" : "else"];
  if (branch !== undefined) visit(branch, at.place, at.walk, at.evaluated);
}
