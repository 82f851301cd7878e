// Whether our checker can work with a schema. Asked once, when a bundle registers: what is wrong with a schema is the bundle's
// author's to know, and not that of whoever starts a run.
import { isArray, isObject, type Json } from "../json.ts";
import { pointerStep, resolveReference } from "./references.ts";
import { keywords, type ArgumentKind, type JsonSchema } from "./schema.ts";
import { toRegExp } from "./values.ts";

/** The first thing that is wrong with a schema, or `undefined`: a sentence without its subject. Source: S39. */
export function schemaProblem(schema: JsonSchema): string | undefined {
  return problemIn(schema, "", schema);
}

function problemIn(schema: Json, pointer: string, root: JsonSchema): string | undefined {
  if (typeof schema === "boolean") return undefined;
  if (!isObject(schema)) return `has no schema at ${pointer}`;
  if (pointer && "$id" in schema) return `has a $id at ${pointer}, which is not supported below the top`;
  for (const [keyword, argument] of Object.entries(schema)) {
    const kind = kindOf(keyword);
    const problem = kind && keywordProblem(keyword, argument, kind);
    if (problem !== undefined) return `${problem} at ${pointer || "/"}`;
    const inner = firstProblem(schemasIn(argument, kind, pointer + pointerStep(keyword)), root);
    if (inner !== undefined) return inner;
  }
  return referenceProblem(schema["$ref"], pointer, root);
}

function referenceProblem(reference: Json | undefined, pointer: string, root: JsonSchema): string | undefined {
  if (typeof reference !== "string" || resolveReference(root, reference) !== undefined) return undefined;
  return `has a $ref at ${pointer || "/"} that does not point into the schema: "${reference}"`;
}

function kindOf(keyword: string): ArgumentKind | undefined {
  return Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
}

function keywordProblem(keyword: string, argument: Json, kind: ArgumentKind): string | undefined {
  if (kind === "unsupported") return `has the unsupported keyword ${keyword}`;
  return allowed[kind](argument) ? undefined : `has an invalid value for the keyword ${keyword}`;
}

function firstProblem(schemas: readonly (readonly [pointer: string, schema: Json])[], root: JsonSchema) {
  for (const [pointer, schema] of schemas) {
    const problem = problemIn(schema, pointer, root);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const typeNames: ReadonlySet<Json> = new Set("null boolean object array number string integer".split(" "));
const isText = (argument: Json): boolean => typeof argument === "string";
const isPattern = (argument: Json): boolean => typeof argument === "string" && toRegExp(argument) !== undefined;
const areTexts = (argument: Json): boolean => isArray(argument) && argument.every(isText);

/** What may stand under a keyword. */
const allowed: Readonly<Record<Exclude<ArgumentKind, "unsupported">, (argument: Json) => boolean>> = {
  schema: () => true, // asked when it is its turn
  schemas: isArray,
  schemaMap: isObject,
  patternMap: (argument) => isObject(argument) && Object.keys(argument).every(isPattern),
  names: areTexts,
  nameLists: (argument) => isObject(argument) && Object.values(argument).every(areTexts),
  number: (argument) => typeof argument === "number",
  count: (argument) => typeof argument === "number" && argument >= 0,
  boolean: (argument) => typeof argument === "boolean",
  text: isText,
  pattern: isPattern,
  types: (argument) => (isArray(argument) ? argument : [argument]).every((name) => typeNames.has(name)),
  list: isArray,
  any: () => true,
};

function schemasIn(argument: Json, kind: ArgumentKind | undefined, pointer: string): readonly [string, Json][] {
  if (kind === "schema") return [[pointer, argument]];
  const each = (name: string | number, schema: Json): [string, Json] => [pointer + pointerStep(name), schema];
  if (kind === "schemas" && isArray(argument)) return argument.map((schema, at) => each(at, schema));
  if ((kind !== "schemaMap" && kind !== "patternMap") || !isObject(argument)) return [];
  return Object.entries(argument).map(([name, schema]) => each(name, schema));
}
