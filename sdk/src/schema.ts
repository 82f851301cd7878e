// Schemas as users give them: JSON Schema, or a type of their own zod. We bring no zod: what a type can do it is asked for by
// the interface that zod shares with others, Standard Schema, and by what zod calls its parts.
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
export type Direction = "input" | "output";

interface ConverterOptions {
  readonly target: "draft-2020-12";
  /** zod's own; others do not look at them. */
  readonly libraryOptions: { readonly unrepresentable: "any"; readonly override: (part: ZodPart) => void };
}

/** A part of a zod type, while it is converted. */
export interface ZodPart {
  readonly zodSchema: { readonly _zod: { readonly def: ZodDefinition } };
  readonly jsonSchema: Record<string, unknown>;
  readonly path: readonly (string | number)[];
}

interface ZodDefinition {
  readonly type: string;
  readonly coerce?: boolean;
  readonly defaultValue?: unknown;
}

export function isStandard(schema: unknown): schema is StandardSchema {
  const isAny = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  return isAny && "~standard" in schema && isRecord(schema["~standard"]);
}

export const anySchema: Rule<AnySchema> = (value, place) => {
  if (isStandard(value) || isRecord(value)) return value;
  throw mustBe(place, "a zod type or a JSON Schema", value);
};
