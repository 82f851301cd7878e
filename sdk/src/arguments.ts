// What a caller passes on, made JSON before it leaves (S42).
import type { Json } from "@stint/crds/json";
import { toPointer } from "@stint/crds/pointer";

import { NotJsonError, toJson, type Elsewhere } from "./payload.ts";
import { isPlain } from "./plain.ts";
import { referenceIn, type Reference } from "./reference.ts";

/** The run whose value goes into an input, with the JSON pointer to the place (S130). */
export interface ArgumentReference extends Reference {
  readonly pointer: string;
}

/** An input, and what is still to come into it. */
export interface Arguments {
  readonly input: Json;
  readonly references: readonly ArgumentReference[];
}

/**
 * The arguments of a call as an input, by position: a run in their midst holds the place of its value as null (S130).
 *
 * @throws {TypeError} `argument <i> of task "<t>" is not JSON-serializable: …`, counted from 1.
 */
export function toArguments(task: string, args: readonly unknown[]): Arguments {
  const references: ArgumentReference[] = [];
  const input = listToJson(task, args, (value, path) => {
    const reference = referenceIn(value);
    if (reference) references.push({ ...reference, pointer: toPointer(path) });
    return reference !== undefined;
  });
  return { input, references };
}

/** The input of a trigger: an array by position, an object by name (S29). Throws as {@link toArguments} does, for a run too. */
export function toInput(task: string, input: unknown): Json {
  if (Array.isArray(input)) return listToJson(task, input);
  if (typeof input !== "object" || input === null || !isPlain(input)) {
    throw new TypeError(`input must be a JSON array or a JSON object, got ${kindOf(input)}`);
  }
  const members = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members.map(([name, value]) => [name, namingArgument(task, name, () => toJson(value))]));
}

/** `undefined` at the end is left out, as in a call of a plain function: null would not let a default apply (S34). */
function listToJson(task: string, args: readonly unknown[], isElsewhere?: Elsewhere): Json {
  const count = args.findLastIndex((argument) => argument !== undefined) + 1;
  return Array.from(args.slice(0, count), (argument, at) =>
    namingArgument(task, at + 1, () =>
      toJson(argument, [], isElsewhere && ((value, path) => isElsewhere(value, [at, ...path]))),
    ),
  );
}

function namingArgument(task: string, which: number | string, convert: () => Json): Json {
  try {
    return convert();
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
