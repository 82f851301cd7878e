// May this run have a pod? Everything that can be known to be wrong before one is made (S37), in the order in which it is
// said. What is pinned already is not asked again, so a later edit of a bundle or a type does not touch a run in flight.
import { checkInput } from "@stint/crds/binding";
import { FinalReason, UserReason } from "@stint/crds/conditions";
import { parseTaskReference } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import type { ManifestTask, RevisionData } from "@stint/crds/manifest";
import type { ResolvedSettings } from "@stint/crds/settings";
import type { Attempt, Resources, TaskRunStatus } from "@stint/crds/taskrun";

import { resolveSettings, settingsProblem } from "./resolve.ts";
import { findInstanceType, instanceTypeProblem, stepUpProblem } from "./resources.ts";
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

export function acceptance(run: ObservedRun, { task: name, revision, world, pinned, last }: Candidate): Acceptance {
  const bundle = parseTaskReference(run.spec.task)?.bundle ?? run.spec.task;
  const task = revision?.manifest.find((entry) => entry.name === name);
  if (!revision || !task) {
    const number = revision?.revision ?? pinned.revision ?? 0;
    return refuse(FinalReason.TaskNotFound, `Task "${name}" is not registered in bundle ${bundle} revision ${number}`);
  }
  const resolved = pinned.resolved ?? resolveSettings(run.spec, task, revision.spec.defaults ?? {}, world.taskDefaults);
  const problem =
    pinned.resolved === undefined
      ? (inputProblem(run, task, bundle) ?? invalidSettings(task, resolved) ?? typeProblem(run, resolved, world))
      : undefined;
  if (problem) return { problem };

  const instanceType = nextInstanceType(resolved, last);
  const unchanged = pinned.resources !== undefined && pinned.instanceType === instanceType;
  const resources = unchanged ? pinned.resources : findInstanceType(instanceType, world.instanceTypes)?.spec.resources;
  if (!resources) {
    // The type that the run was to step up to has been deleted since.
    const message = instanceTypeProblem(instanceType, run.metadata.namespace ?? "", world.instanceTypes)?.message;
    return refuse(FinalReason.UnknownInstanceType, message ?? `unknown instance type "${instanceType}"`);
  }
  return { revision, task, resolved, instanceType, resources };
}

/** After the first OutOfMemory the larger type stays in force for the rest of the run (S65). */
function nextInstanceType(resolved: ResolvedSettings, last: Attempt | undefined): string {
  const larger = resolved.retry.outOfMemory?.instanceType;
  const steppedUp = last?.reason === UserReason.OutOfMemory || last?.instanceType === larger;
  return larger !== undefined && steppedUp ? larger : resolved.instanceType;
}

function inputProblem({ input }: ObservedRun, task: ManifestTask, bundle: string): Problem | undefined {
  if (input.bytes > limits.payloadBytes) {
    const message = `input of task ${bundle}/${task.name} is ${input.bytes} bytes, the limit is ${limits.payloadBytes} bytes (no payload store is configured)`;
    return { reason: FinalReason.InputTooLarge, message };
  }
  const message = checkInput(task.name, task.signature, input.shape);
  return message === undefined ? undefined : { reason: FinalReason.InvalidInput, message };
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

function refuse(reason: FinalReason, message: string): Acceptance {
  return { problem: { reason, message } };
}
