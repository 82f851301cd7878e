// Whether a bundle may be Ready with the manifest that its registration pod has posted. What is wrong with it is an answer
// and not an error; the first problem in the order of the tasks is the one that people read (S13).
import { BundleReason } from "@stint/crds/conditions";
import { jsonBytes, type Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import { hookNames, type Manifest, type ManifestTask } from "@stint/crds/manifest";
import { labelProblem, parameterNameProblem, tagProblem, taskNameProblem, versionProblem } from "@stint/crds/names";
import { schemaProblem } from "@stint/crds/schema/well-formed";
import type { TaskSettings } from "@stint/crds/settings";

import { findInstanceType, unknownInstanceType } from "./resources.ts";
import { settingsProblem } from "./resolve.ts";
import type { ObservedInstanceType } from "./world.ts";

export { ManifestSchema } from "@stint/crds/manifest-schema";

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

/** Why a bundle cannot be Ready with these tasks, or `undefined` if it can (S3 to S6, S13, S15 to S18, S28, S39, S57). */
export function manifestProblem(manifest: Manifest, context: ManifestContext): ManifestProblem | undefined {
  return (
    sizeProblem(manifest, context) ??
    invalidTask(manifest) ??
    unsupportedSchema(manifest) ??
    typeProblem(manifest, context)
  );
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
  const { name, signature, tags, labels, settings, version = "v0.0" } = task;
  const parameters = (signature.parameters ?? []).map((parameter) => parameter.name);
  return (
    taskNameProblem(name) ??
    parameterNameProblem(name, parameters) ??
    descriptionProblem(task) ??
    tagsProblem(name, tags) ??
    labelProblem(name, labels) ??
    versionProblem(name, version) ??
    twoSizesProblem(name, settings) ??
    settingsProblem(name, settings) ??
    task.problem ??
    hooksProblem(task)
  );
}

/** Schemas that our checker cannot work with: a remote reference, for one, is not fetched (S39). */
function unsupportedSchema(manifest: Manifest): ManifestProblem | undefined {
  for (const { name, inputSchema, resultSchema } of manifest) {
    for (const [option, schema] of Object.entries({ inputSchema, resultSchema })) {
      const problem = schema && schemaProblem(schema);
      if (problem === undefined) continue;
      return { reason: BundleReason.UnsupportedSchema, message: `Task "${name}": ${option} ${problem}` };
    }
  }
  return undefined;
}

function descriptionProblem({ name, description = "" }: ManifestTask): string | undefined {
  const { descriptionLength } = limits;
  if (description.length <= descriptionLength) return undefined;
  return `Task "${name}": description has ${description.length} characters, the limit is ${descriptionLength}`;
}

/** The CRDs say the same of a run and of a bundle's defaults (S62). */
function twoSizesProblem(name: string, { instanceType, resources }: TaskSettings): string | undefined {
  const both = instanceType !== undefined && resources !== undefined;
  return both ? `Task "${name}": give instanceType or resources, not both` : undefined;
}

function tagsProblem(name: string, tags: readonly string[]): string | undefined {
  const bad = tags.map(tagProblem).find((problem) => problem !== undefined);
  if (bad !== undefined || tags.length <= limits.tags) return bad;
  return `Task "${name}": tags must be at most ${limits.tags} strings, got ${tags.length}`;
}

function hooksProblem({ name, hooks = {} }: ManifestTask): string | undefined {
  for (const hook of hookNames) {
    const tasks = hooks[hook] ?? [];
    if (tasks.length > limits.hooks)
      return `Task "${name}": ${hook} must be at most ${limits.hooks} hooks, got ${tasks.length}`;
    const unusable = tasks.find((task) => !isReference(task));
    if (unusable) {
      const reference = [unusable.bundle, unusable.name].filter((part) => part !== undefined).join("/");
      return `Task "${name}": ${hook} refers to no task: "${reference}"`;
    }
  }
  return undefined;
}

function isReference({ bundle = "", name }: { readonly name: string; readonly bundle?: string }): boolean {
  return bundle.length <= limits.bundleNameLength && taskNameProblem(name) === undefined;
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
