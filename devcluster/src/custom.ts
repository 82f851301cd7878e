// What holds for custom resources alone: their schema shapes and judges them.
import { isDeepStrictEqual } from "node:util";

import type { Draft, KubeObject } from "./api.ts";
import { unknownMetadata } from "./metadata.ts";
import type { Cause } from "./refusal.ts";
import type { Resource } from "./resource.ts";
import { ruleCauses } from "./rules.ts";
import { shape, type Structural } from "./schema.ts";
import { validate } from "./validate.ts";

/** The draft with defaults and without what no schema names; of that the caller is told. */
export function shapedDraft(resource: Resource, draft: Draft, onUnknown?: (fields: readonly string[]) => void): Draft {
  const strange = unknownMetadata(draft.metadata);
  const { object, unknown } = resource.schema ? shape(draft, resource.schema) : { object: draft, unknown: [] };
  const all = [...strange, ...unknown].sort();
  if (all.length > 0) onUnknown?.(all);
  return { ...object, metadata: draft.metadata };
}

/** These errors leave so little of the shape that rules are not asked. */
const blocking = new Set([
  "FieldValueRequired",
  "FieldValueTypeInvalid",
  "FieldValueNotSupported",
  "FieldValueTooLong",
  "FieldValueTooMany",
]);

const unchecked =
  "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/**
 * All that is wrong, what is known already included.
 *
 * What was wrong before and is not touched stays allowed: a schema may become stricter without locking up what is stored.
 */
// oxlint-disable-next-line max-params -- what is judged, by what, against what, after what
export function judged(
  resource: Resource,
  object: KubeObject,
  before: KubeObject | undefined,
  known: readonly Cause[],
): readonly Cause[] {
  const { schema } = resource;
  if (!schema) return known;
  const standing = before ? validate(before, schema) : [];
  const found = validate(object, schema).filter(
    (cause) => !standing.some((old) => isDeepStrictEqual(old, cause)) || before === undefined,
  );
  const all = [...known, ...found];
  if (all.some(({ reason }) => blocking.has(reason))) {
    return [...all, { reason: "FieldValueInvalid", message: unchecked, field: "<nil>" }];
  }
  const rooted = withOwnFields(schema);
  return [...all, ...ruleCauses({ value: object, old: before, schema: rooted, path: "" })];
}

/** Rules see of metadata the name, whether the schema says so or not. */
function withOwnFields(schema: Structural): Structural {
  const text = { type: "string" } as const;
  const metadata: Structural = { type: "object", properties: { name: text, generateName: text } };
  return { ...schema, properties: { ...schema.properties, apiVersion: text, kind: text, metadata } };
}
