// One call of a task's function: bind, call, collect, convert. How it ended is a value; nothing of what the user's code may
// throw gets past here.
import type { ReportedError, ReportedReason } from "@stint/crds/attempt";
import { stopReason } from "@stint/crds/host";
import { jsonBytes, type Json } from "@stint/crds/json";
import { toReportedError } from "@stint/crds/thrown";

import { parseInput, parseResult } from "./checking.ts";
import { isGenerator, NotJsonError, toJson, type AnyGenerator } from "./payload.ts";
import { resultTooLarge } from "./payload-limits.ts";
import type { Definition } from "./registry.ts";
import { runIn, type Scope } from "./scope.ts";
import { isNonRetryable, retryWish } from "./thrown.ts";

/** How the function ended. `thrown` is what it threw itself, whole. */
export type Ending =
  | { readonly kind: "succeeded"; readonly value: Json; readonly submitted?: number }
  | {
      readonly kind: "failed";
      readonly reason: ReportedReason;
      readonly error: ReportedError;
      readonly retryable: boolean;
      readonly retryAfterMs?: number;
      readonly thrown?: unknown;
    };

/** Calls the function with the input, inside `scope`. Never rejects. */
export async function execute(definition: Definition, input: Json, scope: Scope): Promise<Ending> {
  const { fn, entry, described } = definition;
  try {
    return await runIn(scope, async () => {
      const parsed = await parseInput(definition, scope.context.bundle, input);
      if ("problem" in parsed) return failed("InvalidInput", "TypeError", parsed.problem);
      const value: unknown = await Reflect.apply(fn, undefined, parsed.value);
      if (!isGenerator(value)) return await toEnding(value, definition, scope);
      const collected = await collect(value, entry.name, scope);
      return collected.kind === "succeeded" && described().resultSchema
        ? await toEnding(collected.value, definition, scope)
        : collected;
    });
  } catch (thrown) {
    const reason = isNonRetryable(thrown) ? "NonRetryableError" : "TaskError";
    return failedWith(reason, thrown);
  }
}

/** The ending of an attempt whose code has thrown this. */
export function failedWith(reason: ReportedReason, thrown: unknown): Ending {
  return { kind: "failed", reason, error: toReportedError(thrown), ...retryWish(thrown), thrown };
}

/** The values that the generator yields, as one array (S23). */
async function collect(generator: AnyGenerator, task: string, scope: Scope): Promise<Ending> {
  const values: Json[] = [];
  let bytes = "[]".length;
  for await (const value of generator) {
    const json = await converted(task, () => ({ value: toJson(value, [values.length]) }));
    if ("kind" in json) return json;
    // Counted as they come: an endless generator ends here, and not with the memory.
    bytes += jsonBytes(json.value) + (values.length > 0 ? ",".length : 0);
    const problem = resultTooLarge(`${scope.context.bundle}/${task}`, bytes);
    if (problem !== undefined) return failed("ResultTooLarge", "RangeError", problem);
    values.push(json.value);
    scope.yielded?.(json.value);
    if (mustLeave(scope)) break; // nobody takes its values any more
  }
  return { kind: "succeeded", value: values };
}

/** After a disruption the rest of the grace period may still be enough, and the result still counts (S169). */
function mustLeave({ context }: Scope): boolean {
  const reason = stopReason(context.signal);
  return reason !== undefined && reason !== "Disrupted";
}

async function toEnding(value: unknown, definition: Definition, scope: Scope): Promise<Ending> {
  const { bundle } = scope.context;
  const task = definition.entry.name;
  const json = await converted(task, async () => {
    const parsed = await parseResult(definition, bundle, value);
    return "value" in parsed ? { value: toJson(parsed.value) } : failed("InvalidResult", "TypeError", parsed.problem);
  });
  if ("kind" in json) return json;
  const problem = resultTooLarge(`${bundle}/${task}`, jsonBytes(json.value));
  return problem === undefined
    ? { kind: "succeeded", value: json.value }
    : failed("ResultTooLarge", "RangeError", problem);
}

type Converted = { readonly value: Json } | Ending;

async function converted(task: string, convert: () => Converted | Promise<Converted>): Promise<Converted> {
  try {
    return await convert();
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
