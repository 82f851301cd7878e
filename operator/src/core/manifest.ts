// The manifest that a registration pod posts: its shape, and whether the bundle may be Ready with it. What is wrong is an
// answer and not an error; the first problem in the order of the tasks is the one that people read (S13).
import { BundleReason } from "@stint/crds/conditions";
import { jsonBytes, type Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import type { Manifest, ManifestTask, Parameter, Signature } from "@stint/crds/manifest";
import type { Retry, TaskSettings } from "@stint/crds/settings";
import { z } from "zod";

import { findInstanceType, unknownInstanceType } from "./resources.ts";
import { settingsProblem } from "./resolve.ts";
import type { ObservedInstanceType } from "./world.ts";

export interface ManifestProblem {
  readonly reason: BundleReason;
  readonly message: string;
}

/** Whose manifest it is, and what it may refer to. */
export interface ManifestContext {
  readonly bundle: string;
  /** `spec.defaults` of the bundle: its tasks take over what they do not set themselves. */
  readonly defaults?: TaskSettings | undefined;
  readonly instanceTypes: ReadonlyMap<string, ObservedInstanceType>;
}

/** Types only: a number out of its bounds is a problem of the bundle (S13), not a request that cannot be read. */
const SettingsShape = z.object({
  instanceType: z.string().optional(),
  timeoutSeconds: z.number().optional(),
  startTimeoutSeconds: z.number().optional(),
  deadlineSeconds: z.number().optional(),
  gracePeriodSeconds: z.number().optional(),
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

const ManifestTaskShape = z.object({
  name: z.string(),
  kind: z.literal("Task"),
  functionName: z.string(),
  description: z.string().exactOptional(),
  tags: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
  settings: SettingsShape,
  signature: SignatureShape,
  sourceHash: z.string(),
} satisfies Record<keyof ManifestTask, z.ZodType>);

/**
 * The list of tasks as it arrives at the gateway, in `POST tasks`.
 *
 * Checks types and drops members that this operator does not know. Names, bounds and sizes are left to
 * {@link manifestProblem}, since what breaks those rules is shown in the bundle's condition and not to the pod. Source: S15.
 */
export const ManifestSchema: z.ZodType<Manifest> = z.array(ManifestTaskShape);

/** Why a bundle cannot be Ready with these tasks, or `undefined` if it can (S3 to S6, S13, S15 to S18, S28, S57). */
export function manifestProblem(manifest: Manifest, context: ManifestContext): ManifestProblem | undefined {
  return sizeProblem(manifest, context) ?? invalidTask(manifest) ?? typeProblem(manifest, context);
}

function sizeProblem(manifest: Manifest, { bundle }: ManifestContext): ManifestProblem | undefined {
  const { manifestEntries, manifestBytes } = limits;
  if (manifest.length === 0) return { reason: BundleReason.NoTasks, message: "entry point registered no tasks" };
  if (manifest.length > manifestEntries) {
    const message = `bundle ${bundle} defines ${manifest.length} tasks, the limit is ${manifestEntries}`;
    return { reason: BundleReason.TooManyTasks, message };
  }
  const bytes = jsonBytes(asJson(manifest));
  if (bytes <= manifestBytes) return undefined;
  const message = `manifest of bundle ${bundle} is ${bytes} bytes, the limit is ${manifestBytes} bytes`;
  return { reason: BundleReason.ManifestTooLarge, message };
}

function invalidTask(manifest: Manifest): ManifestProblem | undefined {
  const seen = new Set<string>();
  for (const task of manifest) {
    const message = seen.has(task.name) ? `Task "${task.name}" is already registered` : taskProblem(task);
    if (message !== undefined) return { reason: BundleReason.InvalidManifest, message };
    seen.add(task.name);
  }
  return undefined;
}

function taskProblem(task: ManifestTask): string | undefined {
  return (
    nameProblem(task.name) ??
    parameterProblem(task) ??
    descriptionProblem(task) ??
    tagProblem(task) ??
    labelProblem(task) ??
    settingsProblem(task.name, task.settings)
  );
}

const taskName = /^[A-Za-z0-9_](?:[A-Za-z0-9_./-]{0,254}[A-Za-z0-9_])?$/;

function nameProblem(name: string): string | undefined {
  if (name === "") return "A task needs a name";
  if (!taskName.test(name)) {
    return `Task name "${name}" is not allowed: use 1 to 256 of A-Z a-z 0-9 _ - . /, beginning and ending with a letter, a digit or _`;
  }
  return name.startsWith("stint/") || name.startsWith("stint.") ? `Task name "${name}" is reserved` : undefined;
}

const reservedParameters: ReadonlySet<string> = new Set([
  "waitFor",
  "wait_for",
  "returnState",
  "return_state",
  "__proto__",
  "constructor",
  "prototype",
]);

function parameterProblem({ name, signature }: ManifestTask): string | undefined {
  const reserved = signature.parameters?.find((parameter) => reservedParameters.has(parameter.name));
  return reserved && `Task "${name}": parameter name "${reserved.name}" is reserved`;
}

function descriptionProblem({ name, description = "" }: ManifestTask): string | undefined {
  const { descriptionLength } = limits;
  if (description.length <= descriptionLength) return undefined;
  return `Task "${name}": description has ${description.length} characters, the limit is ${descriptionLength}`;
}

const tagSyntax = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

function tagProblem({ name, tags }: ManifestTask): string | undefined {
  const bad = tags.find((tag) => !tagSyntax.test(tag));
  if (bad !== undefined) return `tag "${bad}" is not allowed: use 1 to 63 of A-Z a-z 0-9 _ - .`;
  return tags.length > limits.tags
    ? `Task "${name}": tags must be at most ${limits.tags} strings, got ${tags.length}`
    : undefined;
}

const labelPrefix = /^(?=.{1,253}\/)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\//;

/** A label that Kubernetes would refuse would fail the pod of every run (S20). */
function labelProblem({ name, labels }: ManifestTask): string | undefined {
  for (const [key, value] of Object.entries(labels)) {
    if (key.startsWith("stint.dev/")) return `Task "${name}": label "${key}" is reserved`;
    const isAllowed = tagSyntax.test(key.replace(labelPrefix, "")) && (value === "" || tagSyntax.test(value));
    if (!isAllowed) return `Task "${name}": label "${key}: ${value}" does not follow the label syntax of Kubernetes`;
  }
  return undefined;
}

/** Every type that a task or the bundle's defaults name, steps after OutOfMemory included (S57, S65). */
function typeProblem(manifest: Manifest, { defaults, instanceTypes }: ManifestContext): ManifestProblem | undefined {
  const settings = [defaults ?? {}, ...manifest.map((task) => task.settings)];
  const named = settings.flatMap(({ instanceType, retry }) => [instanceType, retry?.outOfMemory?.instanceType]);
  const unknown = named.find((name) => name !== undefined && !findInstanceType(name, instanceTypes));
  if (unknown === undefined) return undefined;
  return { reason: BundleReason.UnknownInstanceType, message: unknownInstanceType(unknown, instanceTypes) };
}

function asJson(manifest: Manifest): Json {
  return manifest as unknown as Json; // interfaces have no index signature, which Json asks for
}
