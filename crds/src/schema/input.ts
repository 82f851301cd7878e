// The schema of a task's input or result, and what is said of a value that does not fit (S39 to S41, S51).
import { bindArguments } from "../binding.ts";
import { isArray, type Json, type JsonObject } from "../json.ts";
import { limits } from "../limits.ts";
import type { Signature } from "../manifest.ts";
import { closedProblemsOf, problemsOf } from "./check.ts";
import { withDefaults } from "./defaults.ts";
import { describes } from "./describes.ts";
import type { CheckBounds, Problem } from "./walk.ts";

/** What a value is checked for. */
export interface CheckedTask {
  readonly bundle: string;
  /** Without its bundle. */
  readonly name: string;
  readonly signature: Signature;
  readonly inputSchema: JsonObject;
}

/** The part of an input that its schema describes: with the schema's defaults in it, or the reason why it does not fit. */
export type CheckedInput = { readonly fits: Json } | { readonly problem: string };

/**
 * Checks an input, of which the arity is known to be right, against its task's schema.
 *
 * An object schema describes the only argument, an array schema the list of them. The answer is `undefined` if the argument is
 * left out, since the function has a default for it, and if the bounds do not let it be known.
 */
export function checkInputSchema(task: CheckedTask, input: Json, bounds: CheckBounds): CheckedInput | undefined {
  const { bundle, name, inputSchema } = task;
  const value = describedPart(task, input);
  if (value === undefined) return undefined;
  const work = { left: bounds.visits };
  const filled = withDefaults(inputSchema, value, work);
  if (work.left < 0) return undefined;
  if (isArray(filled)) return judged(filled, problemsOf(inputSchema, filled, bounds), `${bundle}/${name}`);

  const problems = closedProblemsOf(inputSchema, filled, bounds);
  const unknown = problems.flatMap(({ unknown }) => (unknown?.depth === 0 ? [unknown.name] : []));
  if (unknown.length === 0) return judged(filled, problems, `${bundle}/${name}`);
  const others = problems.filter((problem) => problem.unknown?.depth !== 0);
  const faults = [`task ${name} got unexpected argument(s): ${[...new Set(unknown)].join(", ")}`];
  if (others.length > 0) faults.push(mismatch("input", `${bundle}/${name}`, others));
  return { problem: faults.join("; ") };
}

/** What the schema of a task speaks of: its argument, or the list of its arguments. */
export function describedPart({ signature, inputSchema }: Pick<CheckedTask, "signature" | "inputSchema">, input: Json) {
  const args = bindArguments(signature, input) as (Json | undefined)[]; // JSON, and undefined for what is left out
  if (describes(inputSchema) === "object") return args[0];
  return args.slice(0, args.findLastIndex((argument) => argument !== undefined) + 1) as Json;
}

function judged(value: Json, problems: readonly Problem[], task: string): CheckedInput {
  return problems.length === 0 ? { fits: value } : { problem: mismatch("input", task, problems) };
}

/** S40's and S51's sentence. `task` is `<bundle>/<task>`. */
export function mismatch(what: "input" | "result", task: string, problems: readonly Problem[]): string {
  const listed = problems.slice(0, limits.schemaProblems).map(({ pointer, text }) => `${pointer || "/"}: ${text}`);
  const more = problems.length - listed.length;
  return `${what} does not match the schema of ${task}: ${listed.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}
