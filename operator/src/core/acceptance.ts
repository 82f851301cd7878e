// May this run have a pod? Everything that can be known to be wrong before one is made (S37), in the order in which it is
// said. What is pinned already is not asked again, so a later edit of a bundle or a type does not touch a run in flight.
import { checkInput } from "@stint/crds/binding";
import { FinalReason, UserReason } from "@stint/crds/conditions";
import type { Json } from "@stint/crds/json";
import { parseTaskReference, tagsOf } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import { carefulBounds } from "@stint/crds/schema/check";
import { checkInputSchema } from "@stint/crds/schema/input";
import type { ManifestTask, RevisionData } from "@stint/crds/manifest";
import type { ResolvedSettings } from "@stint/crds/settings";
import type { Attempt, Resources, TaskRunStatus } from "@stint/crds/taskrun";

import { isFinished } from "./look.ts";
import { resolveSettings, settingsProblem } from "./resolve.ts";
import { findInstanceType, fittingType, instanceTypeProblem, stepUpProblem } from "./resources.ts";
import type { ObservedRun, World } from "./world.ts";

interface Problem {
  readonly reason: FinalReason;
  readonly message: string;
}

/** What the next attempt is made from, or why there can be none. */
export type Acceptance =
  | { readonly problem: Problem }
  | {
      readonly revision: RevisionData;
      readonly task: ManifestTask;
      readonly resolved: ResolvedSettings;
      /** Of the next attempt: after running out of memory it may be another than the run's (S65). */
      readonly instanceType: string;
      readonly resources: Resources;
    };

export interface Candidate {
  readonly task: string;
  readonly revision: RevisionData | undefined;
  readonly world: World;
  /** The status: its pins rule over everything that is looked up. */
  readonly pinned: TaskRunStatus;
  readonly last?: Attempt;
}

export function acceptance(run: ObservedRun, candidate: Candidate): Acceptance {
  const { revision, world, pinned, last } = candidate;
  const task = revision && findTask(revision, candidate.task);
  if (!revision || !task) return { problem: unregistered(run, candidate) };

  const settings = pinned.resolved ? { resolved: pinned.resolved } : settingsFor(run, { revision, task, world });
  if ("problem" in settings) return settings;

  const { resolved } = settings;
  const instanceType = nextInstanceType(resolved, last);
  const resources = resourcesOf(instanceType, candidate);
  if (!resources) return { problem: vanishedType(instanceType, run, world) };
  return { revision, task, resolved, instanceType, resources };
}

function unregistered(run: ObservedRun, { task, revision, pinned }: Candidate): Problem {
  const number = revision?.revision ?? pinned.revision ?? 0;
  const message = `Task "${task}" is not registered in bundle ${bundleOf(run)} revision ${number}`;
  return { reason: FinalReason.TaskNotFound, message };
}

interface Registered {
  readonly revision: RevisionData;
  readonly task: ManifestTask;
  readonly world: World;
}

/** The settings to be pinned, or the first problem of the run with them. */
function settingsFor(
  run: ObservedRun,
  { revision, task, world }: Registered,
): { readonly resolved: ResolvedSettings } | { readonly problem: Problem } {
  const asked = resolveSettings(run.spec, task, revision.spec.defaults ?? {}, world.taskDefaults);
  const early = inputProblem(run, task, world) ?? tagsProblem(run, task) ?? invalidSettings(task, asked);
  if (early) return { problem: early };

  const instanceType = asked.resources
    ? fittingType(asked.resources, run.metadata.namespace ?? "", world.instanceTypes)
    : asked.instanceType;
  if (typeof instanceType !== "string") return { problem: instanceType };
  const resolved = { ...asked, instanceType };
  const problem = typeProblem(run, resolved, world);
  return problem ? { problem } : { resolved };
}

/** Resources are pinned with the type; a step up to another one takes that one's as they are now. */
function resourcesOf(instanceType: string, { pinned, world }: Candidate): Resources | undefined {
  if (pinned.resources !== undefined && pinned.instanceType === instanceType) return pinned.resources;
  return findInstanceType(instanceType, world.instanceTypes)?.spec.resources;
}

/** The type that the run was to step up to has been deleted since. */
function vanishedType(instanceType: string, { metadata }: ObservedRun, { instanceTypes }: World): Problem {
  const problem = instanceTypeProblem(instanceType, metadata.namespace ?? "", instanceTypes);
  const message = problem?.message ?? `unknown instance type "${instanceType}"`;
  return { reason: FinalReason.UnknownInstanceType, message };
}

/** After the first OutOfMemory the larger type stays in force for the rest of the run (S65). */
function nextInstanceType(resolved: ResolvedSettings, last: Attempt | undefined): string {
  const larger = resolved.retry.outOfMemory?.instanceType;
  const steppedUp = last?.reason === UserReason.OutOfMemory || last?.instanceType === larger;
  return larger !== undefined && steppedUp ? larger : resolved.instanceType;
}

function inputProblem(run: ObservedRun, task: ManifestTask, { input: value }: World): Problem | undefined {
  const { input } = run;
  if (input.bytes > limits.payloadBytes) {
    return { reason: FinalReason.InputTooLarge, message: inputTooLarge(run.spec.task, input.bytes) };
  }
  const message = checkInput(task.name, task.signature, input.shape) ?? schemaMismatch(run, task, value);
  return message === undefined ? undefined : { reason: FinalReason.InvalidInput, message };
}

/** Each list is within its bounds; the two together need not be (S18). */
function tagsProblem({ spec }: ObservedRun, task: ManifestTask): Problem | undefined {
  const { length } = tagsOf(task.tags, spec);
  if (length <= limits.tags) return undefined;
  const message = `Task "${task.name}": tags must be at most ${limits.tags} strings, got ${length}`;
  return { reason: FinalReason.InvalidSpec, message };
}

/** Whether the input itself is needed to accept the run, and not only its shape. */
export function needsInput(run: ObservedRun, { revision }: World): boolean {
  if (!revision || isFinished(run) || run.status?.resolved !== undefined) return false;
  if (run.spec.inputRefs !== undefined) return false; // it is not whole yet (S130): the runner checks what comes together
  return findTask(revision, parseTaskReference(run.spec.task)?.task)?.inputSchema !== undefined;
}

/** A schema that is a bundle author's, and an input that is anybody's: both are looked at with care (S37). */
function schemaMismatch(run: ObservedRun, task: ManifestTask, input: Json | undefined): string | undefined {
  const { name, signature, inputSchema } = task;
  if (!inputSchema || input === undefined) return undefined;
  const checked = checkInputSchema({ bundle: bundleOf(run), name, signature, inputSchema }, input, carefulBounds);
  return checked && "problem" in checked ? checked.problem : undefined;
}

function findTask({ manifest }: RevisionData, name: string | undefined): ManifestTask | undefined {
  return manifest.find((task) => task.name === name);
}

function invalidSettings(task: ManifestTask, resolved: ResolvedSettings): Problem | undefined {
  const message = settingsProblem(task.name, resolved);
  return message === undefined ? undefined : { reason: FinalReason.InvalidSpec, message };
}

function typeProblem(run: ObservedRun, resolved: ResolvedSettings, { instanceTypes }: World): Problem | undefined {
  const { namespace = "" } = run.metadata;
  const first = instanceTypeProblem(resolved.instanceType, namespace, instanceTypes);
  const larger = resolved.retry.outOfMemory?.instanceType;
  if (first || larger === undefined) return first;
  return (
    instanceTypeProblem(larger, namespace, instanceTypes) ?? stepUpProblem(larger, resolved.instanceType, instanceTypes)
  );
}

/** The message of `InputTooLarge` for a task reference (S43, S44). */
export function inputTooLarge(reference: string, bytes: number): string {
  const { bundle, task } = parseTaskReference(reference) ?? { bundle: reference, task: "" };
  return `input of task ${bundle}/${task} is ${bytes} bytes, the limit is ${limits.payloadBytes} bytes (no payload store is configured)`;
}

function bundleOf({ spec }: ObservedRun): string {
  return parseTaskReference(spec.task)?.bundle ?? spec.task;
}
