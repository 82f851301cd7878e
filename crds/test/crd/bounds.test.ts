// zod, which the operator reads with, and the CRD, which the API server checks with, are two readers of one text. Here they
// are asked the same questions, and the numbers in the questions are those of docs/semantics.md.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { z } from "zod";

import { toStructural } from "../../src/crd/structural.ts";
import { InstanceTypeSpecSchema } from "../../src/instancetype.ts";
import { isObject, type Json, type JsonObject } from "../../src/json.ts";
import { limits } from "../../src/limits.ts";
import { RetrySchema } from "../../src/settings.ts";
import { TaskBundleSpecSchema } from "../../src/taskbundle.ts";
import { TaskRunSpecSchema } from "../../src/taskrun.ts";
import { refusals } from "./openapi.ts";

const structures = new Map<z.ZodType, JsonObject>(
  [TaskRunSpecSchema, TaskBundleSpecSchema, InstanceTypeSpecSchema].map((schema) => [schema, toStructural(schema)]),
);

/** Who takes a value: both readers, or neither; anything else is a disagreement. */
function takers(schema: z.ZodType, value: Json): string {
  const zod = schema.safeParse(value).success;
  const crd = refusals(structures.get(schema) ?? {}, value).length === 0;
  if (zod !== crd) return `only ${zod ? "zod" : "the CRD"}`;
  return zod ? "both" : "neither";
}

const run = (fields: JsonObject): JsonObject => ({ task: "math/square", ...fields });

describe("a number in the spec of a run has the bounds that the contract gives it", () => {
  test.each<{ field: string; min: number; max: number; item: string; at: (value: number) => JsonObject }>([
    { field: "timeoutSeconds", min: 1, max: 604_800, item: "S66", at: (value) => ({ timeoutSeconds: value }) },
    {
      field: "startTimeoutSeconds",
      min: 1,
      max: 604_800,
      item: "S69",
      at: (value) => ({ startTimeoutSeconds: value }),
    },
    { field: "deadlineSeconds", min: 1, max: 2_592_000, item: "S71", at: (value) => ({ deadlineSeconds: value }) },
    {
      field: "ttlSecondsAfterFinished",
      min: 0,
      max: 31_536_000,
      item: "S160",
      at: (value) => ({ ttlSecondsAfterFinished: value }),
    },
    { field: "retry.maxRetries", min: 0, max: 100, item: "S80", at: (value) => ({ retry: { maxRetries: value } }) },
    {
      field: "retry.waitDurationMs",
      min: 0,
      max: 86_400_000,
      item: "S80",
      at: (value) => ({ retry: { waitDurationMs: value } }),
    },
    {
      field: "retry.backoffScaling",
      min: 1,
      max: 100,
      item: "S80",
      at: (value) => ({ retry: { backoffScaling: value } }),
    },
    {
      field: "retry.delaysSeconds[]",
      min: 0,
      max: 86_400,
      item: "S80",
      at: (value) => ({ retry: { delaysSeconds: [value] } }),
    },
    { field: "retry.jitterFactor", min: 0, max: 10, item: "S80", at: (value) => ({ retry: { jitterFactor: value } }) },
    {
      field: "retry.maxInfrastructureRetries",
      min: 0,
      max: 100,
      item: "S80",
      at: (value) => ({ retry: { maxInfrastructureRetries: value } }),
    },
  ])("$field is $min to $max ($item)", ({ min, max, at }) => {
    const answers = [min, max, min - 1, max + 1].map((value) => takers(TaskRunSpecSchema, run(at(value))));

    expect(answers).toEqual(["both", "both", "neither", "neither"]);
  });
});

test.each<{ given: string; spec: JsonObject; taken: "both" | "neither" }>([
  { given: "a task and nothing else", spec: run({}), taken: "both" },
  { given: "no task", spec: { input: [] }, taken: "neither" },
  { given: "a task without a bundle", spec: { task: "square" }, taken: "neither" },
  {
    given: "the longest task name (S3)",
    spec: { task: `${"b".repeat(40)}/${"t".repeat(256)}:999999999` },
    taken: "both",
  },
  { given: "a longer one", spec: { task: `b/${"t".repeat(257)}` }, taken: "neither" },
  { given: "nulls anywhere in the input", spec: run({ input: [null, { a: null }] }), taken: "both" },
  { given: "null as the input", spec: run({ input: null }), taken: "both" },
  { given: "null for a setting", spec: run({ timeoutSeconds: null }), taken: "neither" },
  { given: "half a second", spec: run({ timeoutSeconds: 1.5 }), taken: "neither" },
  { given: "an instant with an offset", spec: run({ startAt: "2026-03-01T10:00:00+01:00" }), taken: "both" },
  { given: "an instant without one", spec: run({ startAt: "2026-03-01T10:00:00" }), taken: "neither" },
  { given: "50 tags (S18)", spec: run({ tags: Array.from({ length: 50 }, (_, n) => `t${n}`) }), taken: "both" },
  { given: "51 tags", spec: run({ tags: Array.from({ length: 51 }, (_, n) => `t${n}`) }), taken: "neither" },
  { given: "a tag of 63 characters", spec: run({ tags: ["t".repeat(63)] }), taken: "both" },
  { given: "a tag of 64", spec: run({ tags: ["t".repeat(64)] }), taken: "neither" },
  { given: "a tag that ends with a dash", spec: run({ tags: ["nightly-"] }), taken: "neither" },
  {
    given: "50 delays (S80)",
    spec: run({ retry: { delaysSeconds: Array.from({ length: 50 }, () => 1) } }),
    taken: "both",
  },
  {
    given: "51 delays",
    spec: run({ retry: { delaysSeconds: Array.from({ length: 51 }, () => 1) } }),
    taken: "neither",
  },
  { given: "an empty list of delays", spec: run({ retry: { delaysSeconds: [] } }), taken: "neither" },
  { given: "an unknown retry.when", spec: run({ retry: { when: "Never" } }), taken: "neither" },
])("a run with $given is taken by $taken", ({ spec, taken }) => {
  expect(takers(TaskRunSpecSchema, spec)).toBe(taken);
});

test.each<{ given: string; spec: JsonObject; taken: "both" | "neither" }>([
  { given: "the largest inline source (S11)", spec: { source: { inline: "x".repeat(524_288) } }, taken: "both" },
  { given: "a larger one", spec: { source: { inline: "x".repeat(524_289) } }, taken: "neither" },
  { given: "a ConfigMap without a key", spec: { source: { configMap: { name: "math" } } }, taken: "neither" },
  { given: "no source", spec: {}, taken: "neither" },
  {
    given: "a grace period of 600 s (S163)",
    spec: { source: {}, defaults: { gracePeriodSeconds: 600 } },
    taken: "both",
  },
  { given: "a longer one", spec: { source: {}, defaults: { gracePeriodSeconds: 601 } }, taken: "neither" },
  { given: "any field in env", spec: { source: {}, env: [{ name: "A", valueFrom: { x: null } }] }, taken: "both" },
  { given: "a text in env", spec: { source: {}, env: ["A=1"] }, taken: "neither" },
])("a bundle with $given is taken by $taken", ({ spec, taken }) => {
  expect(takers(TaskBundleSpecSchema, spec)).toBe(taken);
});

test.each<{ quantity: Json; taken: "both" | "neither" }>([
  { quantity: "500m", taken: "both" },
  { quantity: "0.5", taken: "both" },
  { quantity: "2Gi", taken: "both" },
  { quantity: "1e3", taken: "both" },
  { quantity: "2 Gi", taken: "neither" },
  { quantity: "-1", taken: "neither" },
  { quantity: "lots", taken: "neither" },
  { quantity: 2, taken: "neither" },
])("the quantity $quantity in an instance type is taken by $taken (S56)", ({ quantity, taken }) => {
  expect(takers(InstanceTypeSpecSchema, { resources: { cpu: quantity } })).toBe(taken);
});

test("a run of which one field is anything at all is taken by both or by neither", () => {
  const edges = Object.values(limits).flatMap((limit) => (typeof limit === "number" ? [limit] : Object.values(limit)));
  const scalar = fc.oneof(
    fc.constantFrom(...edges.flatMap((edge) => [edge - 1, edge, edge + 0.5, edge + 1])),
    fc.string({ unit: "binary-ascii", maxLength: 4 }),
    fc.constantFrom("math/square", "Always", "2026-03-01T10:00:00Z", "x".repeat(63), "x".repeat(64), true, null),
  );
  const size = fc.constantFrom(1, 50, 51);
  const list = fc.oneof(
    fc.array(scalar, { maxLength: 2 }),
    fc.tuple(scalar, size).map(([item, length]) => Array.from({ length }, () => item)),
  );
  const object = fc.dictionary(fc.constantFrom(...Object.keys(RetrySchema.shape)), scalar, { maxKeys: 1 });
  const anything: fc.Arbitrary<Json> = fc.oneof(scalar, list, object);

  fc.assert(
    fc.property(fc.constantFrom(...places), fc.option(anything, { nil: undefined }), (place, value) => {
      const taken = takers(TaskRunSpecSchema, withField(run({}), place, value));

      expect(["both", "neither"]).toContain(taken);
    }),
    { numRuns: 2000 },
  );
});

const places = [
  ...Object.keys(TaskRunSpecSchema.shape).map((field) => [field]),
  ...Object.keys(RetrySchema.shape).map((field) => ["retry", field]),
  ["retry", "outOfMemory", "instanceType"],
];

function withField(object: JsonObject, [name = "", ...rest]: readonly string[], value: Json | undefined): JsonObject {
  const { [name]: old, ...others } = object;
  const inner = isObject(old) ? old : {};
  const field = rest.length > 0 ? withField(inner, rest, value) : value;
  return field === undefined ? others : { ...others, [name]: field };
}
