// How an input becomes the arguments of a task's function, and what is wrong with one that cannot. The operator asks with
// the shape of the input alone, before any pod (S37); the runner asks again with the same words (S38).
import { isObject, type Json } from "./json.ts";
import type { Parameter, Signature } from "./manifest.ts";

/** What binding needs to know of an input: its form (S29), and how many or which arguments it holds. */
export type InputShape =
  | { readonly kind: "array"; readonly length: number }
  | { readonly kind: "object"; readonly members: readonly string[] }
  | { readonly kind: "other"; readonly type: string };

/** The shape of an input; `members` in the order in which they stand. */
export function shapeOf(input: Json): InputShape {
  if (isObject(input)) return { kind: "object", members: Object.keys(input) };
  if (typeof input === "object" && input !== null) return { kind: "array", length: input.length };
  return { kind: "other", type: input === null ? "null" : typeof input };
}

/**
 * Whether an input of this shape can be bound to the task's parameters.
 *
 * `task` is the name without its bundle. The answer is the message of `InvalidInput`, or `undefined` for a good input.
 * Source: S29, S31, S32, S35, S36.
 */
export function checkInput(task: string, signature: Signature, shape: InputShape): string | undefined {
  const { parameters, objectArgument, objectOptional = false } = signature;
  switch (shape.kind) {
    case "other":
      return `input must be a JSON array or a JSON object, got ${shape.type}`;
    case "array":
      if (objectArgument) return checkCount(task, { min: objectOptional ? 0 : 1, max: 1 }, shape.length);
      return parameters && checkCount(task, countOf(parameters), shape.length);
    case "object":
      return objectArgument ? undefined : checkNames(task, parameters, shape.members);
  }
}

/** The same for a function of which only `length` is known, the number of parameters before the first default (S32). */
export function checkDeclaredLength(task: string, declared: number, shape: InputShape): string | undefined {
  return shape.kind === "array" ? checkCount(task, { min: declared, max: Infinity }, shape.length) : undefined;
}

/**
 * The argument list of the call. The input must have passed {@link checkInput}.
 *
 * A parameter that a named input leaves out gets `undefined`, so that its default applies (S30).
 */
export function bindArguments({ parameters = [], objectArgument }: Signature, input: Json): unknown[] {
  if (!isObject(input)) return Array.isArray(input) ? [...input] : [];
  if (objectArgument) return [input];
  // Own members only: a parameter may be called `toString`, and every object inherits one.
  return parameters.map(({ name }) => (Object.hasOwn(input, name) ? input[name] : undefined));
}

interface Count {
  readonly min: number;
  readonly max: number;
}

/** An optional parameter before a required one has to be filled by position: whatever is left out is left out at the end. */
function countOf(parameters: readonly Parameter[]): Count {
  const min = parameters.findLastIndex((parameter) => parameter.required) + 1;
  return { min, max: parameters.some((parameter) => parameter.rest) ? Infinity : parameters.length };
}

function checkCount(task: string, { min, max }: Count, got: number): string | undefined {
  if (got >= min && got <= max) return undefined;
  return `task ${task} expected ${inWords({ min, max })} argument(s), got ${got}`;
}

function inWords({ min, max }: Count): string {
  if (max === Infinity) return `at least ${min}`;
  return min === max ? `${min}` : `${min} to ${max}`;
}

function checkNames(
  task: string,
  parameters: readonly Parameter[] | undefined,
  members: readonly string[],
): string | undefined {
  if (!parameters) return `task ${task} has no readable parameter names; set the option parameters or inputSchema`;
  if (parameters.some((parameter) => parameter.rest)) {
    return `task ${task} takes a rest parameter and needs an array input`;
  }
  const given = new Set(members);
  const known = new Set(parameters.map((parameter) => parameter.name));
  const missing = parameters.filter((parameter) => parameter.required && !given.has(parameter.name));
  const unexpected = members.filter((member) => !known.has(member));
  const faults = [
    missing.length > 0 ? [`task ${task} is missing argument(s): ${missing.map(({ name }) => name).join(", ")}`] : [],
    unexpected.length > 0 ? [`task ${task} got unexpected argument(s): ${unexpected.join(", ")}`] : [],
  ].flat();
  return faults.length > 0 ? faults.join("; ") : undefined;
}
