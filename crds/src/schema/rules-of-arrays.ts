import { canonicalJson, isArray, type Json } from "../json.ts";
import { attempt, below, fail, visit, type At, type Rule } from "./walk.ts";

export const arrayRules: Readonly<Record<string, Rule>> = {
  minItems: count((elements, bound) => elements >= bound, "at least"),
  maxItems: count((elements, bound) => elements <= bound, "at most"),
  uniqueItems,
  prefixItems,
  items,
  contains,
};

function count(holds: (elements: number, bound: number) => boolean, words: string): Rule {
  return (argument, { place, walk }) => {
    if (!isArray(place.value) || typeof argument !== "number") return;
    if (!holds(place.value.length, argument)) fail(walk, place, `must have ${words} ${argument} element(s)`);
  };
}

/** By their canonical texts: comparing each with each would take minutes for what fits into an input. */
function uniqueItems(argument: Json, { place, walk }: At): void {
  if (argument !== true || !isArray(place.value)) return;
  const texts = place.value.map(canonicalJson);
  walk.work.left -= texts.reduce((sum, text) => sum + text.length, 0) >> 4;
  if (new Set(texts).size < texts.length) fail(walk, place, "must have no two equal elements");
}

function prefixItems(argument: Json, at: At): void {
  if (isArray(argument)) visitElements((element) => argument[element], at);
}

function items(argument: Json, at: At): void {
  const { prefixItems: prefix = [] } = at.schema;
  const first = isArray(prefix) ? prefix.length : 0;
  visitElements((element) => (element < first ? undefined : argument), at);
}

export function unevaluatedItems(argument: Json, at: At): void {
  if (at.evaluated?.isPartial === true) return;
  const known = new Set(at.evaluated?.elements);
  visitElements((element) => (known.has(element) ? undefined : argument), at);
}

function visitElements(schemaOf: (element: number) => Json | undefined, { place, walk, evaluated }: At): void {
  if (!isArray(place.value)) return;
  for (const element of place.value.keys()) {
    const schema = schemaOf(element);
    if (schema === undefined) continue;
    evaluated?.elements.add(element);
    visit(schema, below(place, element), walk);
  }
}

function contains(argument: Json, { schema, place, walk, evaluated }: At): void {
  if (!isArray(place.value)) return;
  const trials = [...place.value.keys()].map((element) =>
    attempt(argument, { place: below(place, element), walk, evaluated: undefined }),
  );
  for (const [element, { fits }] of trials.entries()) if (fits) evaluated?.elements.add(element);
  const fitting = trials.filter(({ fits }) => fits);
  const certain = fitting.filter(({ unsure }) => !unsure).length;
  if (certain < fitting.length) walk.unsure = true;
  const { minContains: least = 1, maxContains: most } = schema;
  if (typeof least === "number" && fitting.length < least) {
    fail(walk, place, `must have at least ${least} matching element(s)`);
  }
  if (typeof most === "number" && certain > most) fail(walk, place, `must have at most ${most} matching element(s)`);
}
