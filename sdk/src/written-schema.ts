// A task's schemas as its manifest carries them: in JSON, whatever they were written with (S39, S51).
import { isObject, type Json, type JsonObject } from "@stint/crds/json";
import { describes } from "@stint/crds/schema/describes";

import { NotJsonError, toJson } from "./payload.ts";
import { isRecord } from "./rules.ts";
import { isStandard, type AnySchema, type Direction, type StandardSchema, type ZodPart } from "./schema.ts";

/** A schema in JSON. */
export interface WrittenSchema {
  readonly json: JsonObject;
  /** What its values are, if they are all objects or all arrays. */
  readonly describes: "object" | "array" | undefined;
  /** What is wrong with it that fails the registration: a default that JSON cannot express (S15). */
  readonly problem?: string;
}

/** Whose schema it is, for what is said of it. */
interface Subject {
  readonly task: string;
  readonly option: "inputSchema" | "resultSchema";
}

/**
 * The schema as JSON, for the manifest.
 *
 * Throws a `TypeError` for an input's schema that describes neither an object nor an array (S39), for one that is not JSON,
 * and for a type that cannot say itself as JSON Schema.
 */
export function writeSchema(subject: Subject, schema: AnySchema): WrittenSchema {
  const written = isStandard(schema) ? writeStandard(subject, schema) : writePlain(subject, schema);
  if (written.describes || subject.option === "resultSchema") return written;
  throw new TypeError(`Task "${subject.task}": inputSchema must describe an object or an array`);
}

function writePlain(subject: Subject, schema: object): WrittenSchema {
  const kind = describes(schema as JsonObject); // it looks at keywords alone, whatever else may stand there
  try {
    return { json: asObject(toJson(schema)), describes: kind };
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error;
    const at = error.path.lastIndexOf("default");
    const json: JsonObject = kind ? { type: kind, additionalProperties: true } : {}; // as much as can be said
    if (at >= 0) return { json, describes: kind, problem: defaultProblem(subject, error.path[at - 1]) };
    throw new TypeError(`Task "${subject.task}": ${subject.option} is not JSON: ${error.message}`, { cause: error });
  }
}

function writeStandard(subject: Subject, { "~standard": standard }: StandardSchema): WrittenSchema {
  const { task, option } = subject;
  const direction: Direction = option === "inputSchema" ? "input" : "output";
  const convert = standard.jsonSchema?.[direction];
  if (!convert) {
    const advice = "use zod 4.2 or newer, or pass z.toJSONSchema(…)";
    throw new TypeError(`Task "${task}": ${option} cannot say itself as JSON Schema: ${advice}`);
  }
  const bad: (string | number | undefined)[] = [];
  const override = (part: ZodPart): void => {
    if (direction === "input") loosen(part);
    if (hasBadDefault(part)) bad.push(part.path.at(-1));
  };
  const raw = convert({ target: "draft-2020-12", libraryOptions: { unrepresentable: "any", override } });
  const json = asObject(toJson(raw));
  const problem = bad.length > 0 ? { problem: defaultProblem(subject, bad[0]) } : {};
  return { json, describes: describes(json), ...problem };
}

/**
 * What zod's own words leave out: a type that coerces, or that catches, takes anything. And what takes anything may take
 * an absent member too, so whether it does is left to the type itself.
 */
function loosen({ zodSchema, jsonSchema }: ZodPart): void {
  const { type, coerce } = zodSchema._zod.def;
  if (coerce === true || type === "catch") for (const keyword of Object.keys(jsonSchema)) delete jsonSchema[keyword];
  const { required, properties } = jsonSchema;
  if (!Array.isArray(required) || !isRecord(properties)) return;
  jsonSchema["required"] = required.filter((name: string) => Object.keys(properties[name] ?? {}).length > 0);
}

function hasBadDefault({ zodSchema }: ZodPart): boolean {
  const { type, defaultValue } = zodSchema._zod.def;
  if (type !== "default" && type !== "prefault") return false;
  try {
    toJson(defaultValue);
    return false;
  } catch (error) {
    return error instanceof NotJsonError;
  }
}

function defaultProblem({ task, option }: Subject, name: string | number | undefined): string {
  return `Task "${task}": default of "${name ?? option}" is not JSON`;
}

function asObject(json: Json): JsonObject {
  return isObject(json) ? json : {};
}
