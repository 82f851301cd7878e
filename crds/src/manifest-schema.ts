// The shape of a manifest as it arrives at the gateway. Apart from manifest.ts, whose types the runner loads without zod.
import { z } from "zod";

import { isObject, type Json, type JsonObject } from "./json.ts";
import type { HookName, Manifest, ManifestTask, Parameter, Signature } from "./manifest.ts";
import type { Profile, Retry, TaskSettings } from "./settings.ts";

/** Types only: a number out of its bounds is a problem of the bundle (S13), not a request that cannot be read. */
const SettingsShape = z.object({
  instanceType: z.string().optional(),
  resources: z
    .object({
      cpu: z.number().optional(),
      memoryMb: z.number().optional(),
    } satisfies Record<keyof Profile, z.ZodType>)
    .optional(),
  timeoutSeconds: z.number().optional(),
  startTimeoutSeconds: z.number().optional(),
  deadlineSeconds: z.number().optional(),
  gracePeriodSeconds: z.number().optional(),
  logPrints: z.boolean().optional(),
  retry: z
    .object({
      maxRetries: z.number().optional(),
      waitDurationMs: z.number().optional(),
      backoffScaling: z.number().optional(),
      delaysSeconds: z.array(z.number()).optional(),
      jitterFactor: z.number().optional(),
      when: z.enum(["Always", "RetryableOnly"]).optional(),
      maxInfrastructureRetries: z.number().optional(),
      outOfMemory: z.object({ instanceType: z.string() }).optional(),
    } satisfies Record<keyof Retry, z.ZodType>)
    .optional(),
} satisfies Record<keyof TaskSettings, z.ZodType>);

const ParameterShape = z.object({
  name: z.string(),
  required: z.boolean(),
  rest: z.boolean(),
} satisfies Record<keyof Parameter, z.ZodType>);

const SignatureShape = z.object({
  parameters: z.array(ParameterShape).exactOptional(),
  objectArgument: z.boolean(),
  objectOptional: z.boolean().exactOptional(),
} satisfies Record<keyof Signature, z.ZodType>);

/** Taken as it is: whether it is a schema that can be worked with is a problem of the bundle too (S39). */
const JsonSchemaShape = z.custom<JsonObject>((value) => isObject(value as Json), "must be an object"); // a body is JSON
const HookList = z.array(z.object({ name: z.string(), bundle: z.string().exactOptional() })).exactOptional();

const HooksShape = z.object({
  onRunning: HookList,
  onCompletion: HookList,
  onFailure: HookList,
} satisfies Record<HookName, z.ZodType>);

const ManifestTaskShape = z.object({
  name: z.string(),
  kind: z.literal("Task"),
  functionName: z.string(),
  description: z.string().exactOptional(),
  version: z.string().exactOptional(),
  tags: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
  settings: SettingsShape,
  signature: SignatureShape,
  inputSchema: JsonSchemaShape.exactOptional(),
  resultSchema: JsonSchemaShape.exactOptional(),
  problem: z.string().exactOptional(),
  hooks: HooksShape.exactOptional(),
  sourceHash: z.string(),
} satisfies Record<keyof ManifestTask, z.ZodType>);

/**
 * The list of tasks as it arrives at the gateway, in `POST tasks`.
 *
 * Checks types and drops members that this operator does not know. Names, bounds and sizes are left to
 * the operator's rules for bundles, since what breaks those is shown in the bundle's condition and not to the pod. Source: S15.
 */
export const ManifestSchema: z.ZodType<Manifest> = z.array(ManifestTaskShape);
