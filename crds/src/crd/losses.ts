// What zod's JSON Schema leaves out without a word. Each of these would make the cluster accept what the schema refuses.
import type { z } from "zod";

import { placeOf } from "./place.ts";

type Definition = z.core.$ZodTypes["_zod"]["def"];

/** Kinds of schema whose JSON form says less than they do. */
const lossyKinds: Readonly<Record<string, string>> = {
  tuple: "a tuple has no structural form: use an object",
  pipe: "a transformation cannot be done by the API server",
  catch: "a fallback value cannot be given by the API server",
};

/** Checks that zod expresses. `custom`, a refinement, is expressible in CEL: see {@link isRefined}. */
const expressed: ReadonlySet<string> = new Set([
  "less_than",
  "greater_than",
  "multiple_of",
  "number_format",
  "min_length",
  "max_length",
  "length_equals",
  "string_format",
  "custom",
]);

/** Throws a `TypeError` that names the place if a part of the schema would get lost. */
export function refuseLosses(schema: z.core.$ZodTypes, path: readonly (string | number)[]): void {
  const { def } = schema._zod;
  const loss = lossyKinds[def.type] ?? keyLoss(def) ?? checkLoss(def);
  if (loss !== undefined) throw new TypeError(`${placeOf(path)}: ${loss}`);
}

/** Whether the schema carries a refinement, which the adapter lets pass only beside a rule in CEL. */
export function isRefined(schema: z.core.$ZodTypes): boolean {
  return checksOf(schema._zod.def).some(({ check }) => check === "custom");
}

function keyLoss(def: Definition): string | undefined {
  if (def.type !== "record") return undefined;
  const key = def.keyType._zod.def;
  return key.type === "string" && (key.checks ?? []).length === 0
    ? undefined
    : "the keys of a map cannot be constrained";
}

function checkLoss(def: Definition): string | undefined {
  for (const check of [def, ...checksOf(def)]) {
    if ("check" in check && !expressed.has(check.check)) return `the check "${check.check}" has no structural form`;
    if ("pattern" in check && check.pattern instanceof RegExp && /[imsy]/.test(check.pattern.flags))
      return "the flags of a pattern get lost";
  }
  return undefined;
}

function checksOf(def: Definition): readonly z.core.$ZodCheckDef[] {
  return (def.checks ?? []).map((check) => check._zod.def);
}
