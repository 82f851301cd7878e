// One call of a task's function: bind, call, collect, convert. How it ended is a value; nothing of what the user's code may
// throw gets past here.
import type { ReportedError, ReportedReason } from "@stint/crds/attempt";
import { bindArguments, checkDeclaredLength, checkInput, shapeOf, type InputShape } from "@stint/crds/binding";
import { stopReason } from "@stint/crds/host";
import { jsonBytes, type Json } from "@stint/crds/json";
import { toReportedError } from "@stint/crds/thrown";

import { isNonRetryable, retryWish } from "./errors.ts";
import { NotJsonError, resultTooLarge, toJson } from "./payload.ts";
import type { Definition } from "./registry.ts";
import { runIn, type Scope } from "./scope.ts";

/** How the function ended. `thrown` is what it threw itself, whole. */
export type Ending =
  | { readonly kind: "succeeded"; readonly value: Json }
  | {
      readonly kind: "failed";
      readonly reason: ReportedReason;
      readonly error: ReportedError;
      readonly retryable: boolean;
      readonly retryAfterMs?: number;
      readonly thrown?: unknown;
    };

/** Why the function cannot be called with this input, or `undefined` if it can (S32, S38). */
export function inputProblem({ entry, fn }: Definition, shape: InputShape): string | undefined {
  const problem = checkInput(entry.name, entry.signature, shape);
  if (problem !== undefined || entry.signature.parameters || entry.signature.objectArgument) return problem;
  return checkDeclaredLength(entry.name, fn.length, shape);
}

/** Calls the function with the input, inside `scope`. Never rejects. */
export async function execute(definition: Definition, input: Json, scope: Scope): Promise<Ending> {
  const problem = inputProblem(definition, shapeOf(input));
  if (problem !== undefined) return failed("InvalidInput", "TypeError", problem);

  const { fn, entry } = definition;
  const args = bindArguments(entry.signature, input);
  try {
    return await runIn(scope, async () => {
      const value: unknown = await Reflect.apply(fn, undefined, args);
      return isGenerator(value) ? await collect(value, entry.name, scope) : toEnding(value, entry.name, scope);
    });
  } catch (thrown) {
    const reason = isNonRetryable(thrown) ? "NonRetryableError" : "TaskError";
    return { kind: "failed", reason, error: toReportedError(thrown), ...retryWish(thrown), thrown };
  }
}

type AnyGenerator = Generator<unknown, unknown, undefined> | AsyncGenerator<unknown, unknown, undefined>;

/** A generator of the language's own, whoever returned it: other iterables are values and no streams of them. */
function isGenerator(value: unknown): value is AnyGenerator {
  return ["[object Generator]", "[object AsyncGenerator]"].includes(Object.prototype.toString.call(value));
}

/** The values that the generator yields, as one array (S23). */
async function collect(generator: AnyGenerator, task: string, scope: Scope): Promise<Ending> {
  const values: Json[] = [];
  let bytes = "[]".length;
  for await (const value of generator) {
    const json = convert(value, task, [values.length]);
    if ("kind" in json) return json;
    // Counted as they come: an endless generator ends here, and not with the memory.
    bytes += jsonBytes(json.value) + (values.length > 0 ? ",".length : 0);
    const problem = resultTooLarge(`${scope.context.bundle}/${task}`, bytes);
    if (problem !== undefined) return failed("ResultTooLarge", "RangeError", problem);
    values.push(json.value);
    if (mustLeave(scope)) break; // nobody takes its values any more
  }
  return { kind: "succeeded", value: values };
}

/** After a disruption the rest of the grace period may still be enough, and the result still counts (S169). */
function mustLeave({ context }: Scope): boolean {
  const reason = stopReason(context.signal);
  return reason !== undefined && reason !== "Disrupted";
}

function toEnding(value: unknown, task: string, scope: Scope): Ending {
  const json = convert(value, task, []);
  if ("kind" in json) return json;
  const problem = resultTooLarge(`${scope.context.bundle}/${task}`, jsonBytes(json.value));
  return problem === undefined
    ? { kind: "succeeded", value: json.value }
    : failed("ResultTooLarge", "RangeError", problem);
}

function convert(value: unknown, task: string, path: readonly number[]): { readonly value: Json } | Ending {
  try {
    return { value: toJson(value, path) };
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error;
    return failed(
      "ResultNotSerializable",
      "TypeError",
      `result of task "${task}" is not JSON-serializable: ${error.message}`,
    );
  }
}

function failed(reason: ReportedReason, name: string, message: string): Ending {
  return { kind: "failed", reason, error: { name, message }, retryable: false };
}
