// Whether a value fits a JSON Schema, draft 2020-12, found by walking both. The operator asks before any pod (S37), the
// runner asks again (S38), so there is one checker and one wording. Our own and not a library's, for what none offers
// together: no generated code, bounded work, an answer that stays right where something was left out, problems in our
// words, and little weight in every attempt. Its judgement is held against a library's in the tests.
//
//   J1. What was left out (a pattern not asked for, work or depth used up) never makes a problem: not under `not`, nor in
//       `oneOf`, nor as a condition. It makes the answer unsure, and an unsure yes is no no.
//   J2. A problem names the smallest place that it is about; of a value of the wrong type nothing else is said.
//   J3. A schema that is not well-formed says nothing; registration has refused it (well-formed.ts).
//   J4. `format` is a note, as the draft has it by default.
import { isObject, type Json } from "../json.ts";
import { rules } from "./rules.ts";
import type { JsonSchema } from "./schema.ts";
import { visit, type CheckBounds, type Problem, type Walk } from "./walk.ts";

/** For the operator, which serves everybody: some tens of milliseconds at most. */
export const carefulBounds: CheckBounds = { patterns: false, depth: 64, visits: 25_000 };
/** For the process that the input is meant for. */
export const fullBounds: CheckBounds = { patterns: true, depth: Infinity, visits: Infinity };

/** The problems of a value, in the order of the schema's keywords; none if it fits. Never throws. */
export function problemsOf(schema: JsonSchema, value: Json, bounds: CheckBounds): readonly Problem[] {
  return walked(schema, value, { bounds, root: schema });
}

/** The same for a value of which no member may be unknown to the schema, unless that says itself what others may be (S41). */
export function closedProblemsOf(schema: JsonSchema, value: Json, bounds: CheckBounds): readonly Problem[] {
  const isOpen = !isObject(schema) || "additionalProperties" in schema || "unevaluatedProperties" in schema;
  const closed = isOpen ? schema : { ...schema, unevaluatedProperties: false };
  return walked(closed, value, { bounds, root: schema });
}

function walked(schema: JsonSchema, value: Json, { bounds, root }: Pick<Walk, "bounds" | "root">): readonly Problem[] {
  const walk: Walk = { rules, bounds, root, work: { left: bounds.visits }, problems: [], unsure: false };
  try {
    visit(schema, { value, pointer: "", depth: 0 }, walk);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the stack: a schema that refers to itself and to nothing else
  }
  return walk.problems;
}
