// Schemas as users give them: JSON Schema, or a type of their own zod. We bring no zod: what a type can do it is asked for by
// the interface that zod shares with others, Standard Schema, and by what zod calls its parts.
import { isObject, type Json, type JsonObject } from "@stint/crds/json";
import { describes } from "@stint/crds/schema/describes";

import { NotJsonError, toJson } from "./payload.ts";
import { isRecord, mustBe, type Rule } from "./rules.ts";

/** A type of zod, or of another library that follows Standard Schema and can say itself as JSON Schema. */
export interface StandardSchema<Input = unknown, Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly jsonSchema?: Readonly<Record<Direction, (options: ConverterOptions) => Record<string, unknown>>>;
  };
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A JSON Schema, draft 2020-12, as a plain object. */
export interface JsonSchemaObject {
  readonly [keyword: string]: unknown;
  readonly "~standard"?: never;
}

export type AnySchema = StandardSchema | JsonSchemaObject;

/** Before the parser or after it. */
type Direction = "input" | "output";

interface ConverterOptions {
  readonly target: "draft-2020-12";
  /** zod's own; others do not look at them. */
  readonly libraryOptions: { readonly unrepresentable: "any"; readonly override: (part: ZodPart) => void };
}

/** A part of a zod type, while it is converted. */
interface ZodPart {
  readonly zodSchema: { readonly _zod: { readonly def: ZodDefinition } };
  readonly jsonSchema: Record<string, unknown>;
  readonly path: readonly (string | number)[];
}

interface ZodDefinition {
  readonly type: string;
  readonly coerce?: boolean;
  readonly defaultValue?: unknown;
}

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

export function isStandard(schema: unknown): schema is StandardSchema {
  const isAny = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  return isAny && "~standard" in schema && isRecord(schema["~standard"]);
}

export const anySchema: Rule<AnySchema> = (value, place) => {
  if (isStandard(value) || isRecord(value)) return value;
  throw mustBe(place, "a zod type or a JSON Schema", value);
};

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
