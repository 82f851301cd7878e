// What a caller passes on, made JSON before it leaves (S42).
import type { Json } from "@stint/crds/json";

import { isPlain, NotJsonError, toJson } from "./payload.ts";

/**
 * The arguments of a call as an input, by position.
 *
 * `undefined` at the end is left out, as in a call of a plain function: null would not let a default apply (S34).
 *
 * @throws {TypeError} `argument <i> of task "<t>" is not JSON-serializable: …`, counted from 1.
 */
export function argumentsToInput(task: string, args: readonly unknown[]): Json {
  const count = args.findLastIndex((argument) => argument !== undefined) + 1;
  return Array.from(args.slice(0, count), (argument, at) => argumentToJson(task, at + 1, argument));
}

/** The input of a trigger: an array by position, an object by name (S29). Throws as {@link argumentsToInput} does. */
export function toInput(task: string, input: unknown): Json {
  if (Array.isArray(input)) return argumentsToInput(task, input);
  if (typeof input !== "object" || input === null || !isPlain(input)) {
    throw new TypeError(`input must be a JSON array or a JSON object, got ${kindOf(input)}`);
  }
  const members = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members.map(([name, value]) => [name, argumentToJson(task, name, value)]));
}

function argumentToJson(task: string, which: number | string, argument: unknown): Json {
  try {
    return toJson(argument);
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error;
    throw new TypeError(`argument ${which} of task "${task}" is not JSON-serializable: ${error.message}`, {
      cause: error,
    });
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? value.constructor.name : typeof value;
}
