// What schemas make of an input and of a result, at the time of the call. The checker that the operator has asked before is
// asked again, for what it left out and for `.local()`; then the user's own type parses, and what it gives is what counts.
import { bindArguments, checkDeclaredLength, checkInput, shapeOf, type InputShape } from "@stint/crds/binding";
import type { Json, JsonObject } from "@stint/crds/json";
import { fullBounds, problemsOf } from "@stint/crds/schema/check";
import { withDefaults } from "@stint/crds/schema/defaults";
import { describes } from "@stint/crds/schema/describes";
import { checkInputSchema, describedPart, mismatch } from "@stint/crds/schema/input";
import { pointerStep } from "@stint/crds/schema/references";
import { typeOf } from "@stint/crds/schema/values";
import type { Problem } from "@stint/crds/schema/walk";

import { toJson } from "./payload.ts";
import { isPlain } from "./plain.ts";
import type { Definition } from "./registry.ts";
import type { StandardIssue, StandardResult, StandardSchema } from "./schema.ts";

/** What came of a check: the value to go on with, or the sentence that says what is wrong. */
export type Checked<T> = { readonly value: T } | { readonly problem: string };

/** Now, unless the user's own type takes its time. */
type Soon<T> = T | Promise<T>;

/** Why the function cannot be called with an input of this shape, or `undefined` if it can (S32, S35, S36). */
export function arityProblem({ entry, described, fn }: Definition, shape: InputShape): string | undefined {
  const { signature } = described();
  const problem = checkInput(entry.name, signature, shape);
  if (problem !== undefined || signature.parameters || signature.objectArgument) return problem;
  return checkDeclaredLength(entry.name, fn.length, shape);
}

/** The arguments of the call, or why the function cannot be called with this input (S38). Throws what a type throws. */
export function parseInput(definition: Definition, bundle: string, input: Json): Soon<Checked<readonly unknown[]>> {
  const { parsers } = definition;
  const { name } = definition.entry;
  const { signature, inputSchema } = definition.described();
  const arity = arityProblem(definition, shapeOf(input));
  if (arity !== undefined) return { problem: arity };
  if (!inputSchema) return { value: bindArguments(signature, input) };

  const checked = checkInputSchema({ bundle, name, signature, inputSchema }, input, fullBounds);
  if (!checked) return { value: [] };
  if ("problem" in checked) return checked;
  const isOnly = describes(inputSchema) === "object";
  const toArguments = (value: unknown): readonly unknown[] => (isOnly ? [value] : asList(value));
  if (!parsers?.input) return { value: toArguments(checked.fits) };
  const described = describedPart({ signature, inputSchema }, input);
  return soon(parse(parsers.input, described), (parsed) =>
    "value" in parsed
      ? { value: toArguments(parsed.value) }
      : { problem: mismatch("input", `${bundle}/${name}`, parsed.problems) },
  );
}

/** The result as its schema has it, or why it does not fit (S51). Throws NotJsonError, and what a type throws. */
export function parseResult(definition: Definition, bundle: string, result: unknown): Soon<Checked<unknown>> {
  const { entry, described, parsers } = definition;
  const { resultSchema } = described();
  if (!resultSchema) return { value: result };
  const task = `${bundle}/${entry.name}`;
  const parsed = parsers?.result ? parse(parsers.result, result) : checkResult(resultSchema, toJson(result));
  return soon(parsed, (parsed) =>
    "value" in parsed ? parsed : { problem: mismatch("result", task, parsed.problems) },
  );
}

type Parsed = { readonly value: unknown } | { readonly problems: readonly Problem[] };

function checkResult(schema: JsonObject, result: Json): Parsed {
  const value = withDefaults(schema, result);
  const problems = problemsOf(schema, value, fullBounds);
  return problems.length === 0 ? { value } : { problems };
}

function parse(schema: StandardSchema, value: unknown): Soon<Parsed> {
  return soon(schema["~standard"].validate(value), (result: StandardResult<unknown>): Parsed => {
    if (!result.issues) return { value: result.value };
    return { problems: result.issues.map((issue) => toProblem(issue, value)) };
  });
}

function toProblem({ path = [], message, ...issue }: StandardIssue, value: unknown): Problem {
  const keys = path.map((step) => (typeof step === "object" ? step.key : step));
  const got = keys.reduce<unknown>((inner, key) => (isIndexable(inner) ? Reflect.get(inner, key) : undefined), value);
  const pointer = keys.map((key) => pointerStep(String(key))).join("");
  // zod's sentence for a wrong type says the same as ours, in other words.
  const expected = "expected" in issue && "code" in issue && issue.code === "invalid_type" ? issue.expected : undefined;
  if (typeof expected !== "string") return { pointer, text: message };
  return { pointer, text: got === undefined ? "is missing" : `expected ${expected}, got ${kindOf(got)}` };
}

function isIndexable(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function kindOf(value: unknown): string {
  if (Number.isNaN(value)) return "NaN";
  const isOfJson = typeof value !== "object" || value === null || Array.isArray(value) || isPlain(value);
  return isOfJson ? typeOf(value as Json) : value.constructor.name; // it asks for nothing but the kind
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** As `await` does, but at once where nothing has to be awaited: `.local()` is as quick as the function. */
export function soon<T, R>(value: Soon<T>, next: (value: T) => R): R | Promise<Awaited<R>>;
export function soon<T, R>(value: Soon<T>, next: (value: T) => R): unknown {
  // oxlint-disable-next-line promise/no-callback-in-promise -- it is the continuation, in the one way or the other
  return value instanceof Promise ? value.then(next) : next(value);
}
