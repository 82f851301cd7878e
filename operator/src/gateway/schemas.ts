// What runners may send, checked where it enters. The types are the protocol's own: test/gateway/schemas.test-d.ts holds both
// equal, in both directions.
import { ProtocolCode } from "@stint/crds/attempt";
import { UserReason } from "@stint/crds/conditions";
import { dependencyFields } from "@stint/crds/dependency";
import type { Json } from "@stint/crds/json";
import { InstantSchema } from "@stint/crds/kubernetes";
import { limits } from "@stint/crds/limits";
import { runSettings } from "@stint/crds/settings";
import { z } from "zod";

import { ManifestSchema } from "../core/manifest.ts";
import { isNestedDeeper } from "./nesting.ts";
import { ProtocolRefusal } from "./refusal.ts";

/** JSON.parse reads any depth, but JSON.stringify with a replacer, which every hash needs, overflows the stack at 2000 to 3000. */
const nestingLevels = 1000;

/** The user's own values pass through as they are: they came by JSON. */
const json: z.ZodType<Json> = z
  .custom<Json>((value) => value !== undefined, "must be given")
  .refine((value) => !isNestedDeeper(value, nestingLevels), `is nested deeper than ${nestingLevels} levels`);

const ReportedErrorSchema = z.object({ name: z.string(), message: z.string(), stack: z.string().exactOptional() });

const reportedReasons = [
  UserReason.TaskError,
  UserReason.TimedOut,
  "NonRetryableError",
  "InvalidInput",
  "ResultNotSerializable",
  "ResultTooLarge",
  "InvalidResult",
  "TaskNotFound",
  "TreeLimitExceeded",
] as const;

export const ReportSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("succeeded"),
    value: json,
    submitted: z.int().min(1).max(limits.submissions).exactOptional(),
    startedAt: InstantSchema,
  }),
  z.object({
    kind: z.literal("failed"),
    reason: z.enum(reportedReasons),
    error: ReportedErrorSchema,
    retryable: z.boolean(),
    retryAfterMs: z.number().min(0).exactOptional(),
    retryDenied: z.boolean().exactOptional(),
    startedAt: InstantSchema,
  }),
]);

export const ProgressRequestSchema = z.object({
  progress: z
    .array(z.object({ label: z.string().max(256), total: z.number(), done: z.number() }))
    .max(limits.progressLabels)
    .exactOptional(),
  displayName: z.string().exactOptional(),
  invalidRunName: z.string().max(limits.attemptErrorLength).exactOptional(),
});

const tagText = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

const TagSchema = z.string().regex(tagText, {
  error: ({ input }) => `tag "${String(input)}" is not allowed: use 1 to ${limits.tagLength} of A-Z a-z 0-9 _ - .`,
});

/** An option that we do not know would be dropped in silence, and with it what the caller meant. */
const StartOptionsSchema = z.strictObject({
  ...runSettings,
  startAt: InstantSchema.exactOptional(),
  tags: z.array(TagSchema).max(limits.tags).exactOptional(),
  tagPolicy: z.enum(["Join", "Replace"]).exactOptional(),
});

const ChildOptionsSchema = z.strictObject({
  ...StartOptionsSchema.shape,
  dependsOn: dependencyFields.dependsOn.unwrap().exactOptional(),
  inputRefs: dependencyFields.inputRefs.unwrap().exactOptional(),
  optional: z.boolean().exactOptional(),
});

export const ChildStartSchema = z.object({
  sequence: z.int().min(1),
  task: z.object({ bundle: z.string().exactOptional(), name: z.string() }),
  input: json,
  key: z.string().min(1).max(limits.childKeyLength).exactOptional(),
  options: ChildOptionsSchema.exactOptional(),
  submission: z
    .strictObject({ maxRetries: z.int().min(limits.maxRetries.min).max(limits.maxRetries.max).exactOptional() })
    .exactOptional(),
});

/** A start of which only the number is known to be good: what else is wrong with it is answered under that number. */
export const ChildrenRequestSchema = z.object({
  starts: z
    .array(z.looseObject({ sequence: z.int().min(1) }))
    .min(1)
    .max(limits.startsPerRequest),
});
export type UncheckedStart = z.infer<typeof ChildrenRequestSchema>["starts"][number];

export const RunsRequestSchema = z.object({
  task: z.string(),
  input: json,
  name: z
    .string()
    .max(limits.runNameLength, `metadata.name must be at most ${limits.runNameLength} characters`)
    .exactOptional(),
  options: StartOptionsSchema.exactOptional(),
});

export const RerunRequestSchema = z.object({ latest: z.boolean().exactOptional() });

const RunNameSchema = z.string().min(1).max(253);

const count = z.int().min(0);

const StreamPositionSchema = z.object({ attempt: count, chunk: count, value: count });

/** Bounded by what may follow a pod's name in a name of Kubernetes' own. */
export const ValuesRequestSchema = z.object({
  chunk: count.max(9999),
  values: z.array(json).min(1),
  sealed: z.boolean(),
});

export const EventsRequestSchema = z.object({
  awaiting: z.array(RunNameSchema).max(limits.treeSize),
  streams: z
    .array(z.object({ name: RunNameSchema, after: StreamPositionSchema }))
    .max(limits.treeSize)
    .exactOptional(),
  untilRead: z.boolean().exactOptional(),
  since: z.string().exactOptional(),
  waitMs: z.number().min(0).max(limits.eventsWaitMs),
});

export const CachePutRequestSchema = z.object({
  value: z.base64(),
  ttlSeconds: z.int().min(limits.cacheTtlSeconds.min).max(limits.cacheTtlSeconds.max).exactOptional(),
});

export const TasksRequestSchema = z.object({ tasks: ManifestSchema });

/** The body as its schema has it. Throws `InvalidRequest`, with the first faults and where they are. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues
    .slice(0, 3)
    .map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": "));
  throw new ProtocolRefusal(ProtocolCode.InvalidRequest, faults.join("; "));
}
