import { z } from "zod";

import { ConditionType, Phase } from "./conditions.ts";
import { dependencyFields } from "./dependency.ts";
import { conditions, InstantSchema, type KubernetesObject, nameOnly, nameWithin, ownStatus } from "./kubernetes.ts";
import { taskReferencePattern } from "./labels.ts";
import { limits } from "./limits.ts";
import { oneSize, ResolvedSettingsSchema, runSettings } from "./settings.ts";

/** JSON as the user wrote it. Kubernetes keeps its nulls only under `nullable`; CEL cannot see it, hence `status.inputHash`. */
const anyJson = z.unknown().meta({ nullable: true });

const mutable = ["cancel", "suspend", "rerun", "ttlSecondsAfterFinished"];
const immutable = [
  "task",
  "instanceType",
  "resources",
  "timeoutSeconds",
  "startTimeoutSeconds",
  "deadlineSeconds",
  "startAt",
  "retry",
  "tags",
  "tagPolicy",
  "dependsOn",
  "inputRefs",
  "optional",
];

/**
 * That a field is as it was, as CEL reads it. Absent and present count as different. Optionals would say it in fewer words, but
 * the API server knows no bound for what they cost.
 */
function isUnchanged(field: string): string {
  return `(has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field}))`;
}

const unchangeable = "spec is immutable except cancel, suspend, rerun, priority and ttlSecondsAfterFinished";
const changedField = [...immutable.map((field) => `!${isUnchanged(field)} ? '${field}'`), "''"].join(" : ");

/**
 * One rule for all fields (S158), which asks first whether anything at all has changed. Rules are judged with each write, of a
 * status too, and each field that one reads costs the API server a new list of all fields of the spec.
 */
const immutability = {
  rule: `self == oldSelf || (${immutable.map(isUnchanged).join(" && ")})`,
  message: unchangeable,
  messageExpression: `'${unchangeable}: ' + (${changedField}) + ' was changed'`,
};

/** How often a rerun was asked for, as CEL reads it below `self` or `oldSelf`. */
function rerunGeneration(self: string): string {
  return `(has(${self}.rerun) ? ${self}.rerun.generation : 0)`;
}

/** The run to be done again by hand (S170, S172). */
export const RerunSchema = z.object({
  generation: z.int().min(0).describe("Raised by 1, it reopens a run that has Failed or was Canceled or Skipped."),
  revision: z
    .enum(["Pinned", "Latest"])
    .optional()
    .describe("Pinned keeps the revision, Latest takes the newest Ready one; Pinned if absent."),
});

export const TaskRunSpecSchema = z
  .object({
    task: z
      .string()
      .min(3)
      .max(limits.bundleNameLength + 1 + limits.taskNameLength + 10)
      .regex(taskReferencePattern)
      .describe("What to run: <bundle>/<task>, or <bundle>/<task>:<revision>."),
    input: anyJson.optional().describe("Arguments: an array by position, an object by name; [] if absent."),
    ...runSettings,
    startAt: InstantSchema.optional().describe("Not before this instant."),
    ...dependencyFields,
    optional: z.boolean().optional().describe("Its failure is tolerated: what depends on it goes on."),
    tags: z
      .array(
        z
          .string()
          .min(1)
          .max(limits.tagLength)
          .regex(/^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/),
      )
      .max(limits.tags)
      .optional()
      .describe("Joined with the task's tags."),
    tagPolicy: z
      .enum(["Join", "Replace"])
      .optional()
      .describe("Whether tags are joined with the task's or stand in their place; Join if absent."),
    cancel: z.boolean().optional().describe("Ends the run for good. One way only."),
    suspend: z
      .boolean()
      .optional()
      .describe("Starts nothing more of the run and of those below it, as long as it is true; what runs finishes."),
    rerun: RerunSchema.optional().describe("Asks for the run to be done again."),
    ttlSecondsAfterFinished: z
      .int()
      .min(limits.ttlSecondsAfterFinished.min)
      .max(limits.ttlSecondsAfterFinished.max)
      .optional()
      .describe("How long the finished run is kept; 86400 if absent."),
  })
  .meta({
    "x-kubernetes-validations": [
      immutability,
      oneSize,
      {
        rule: `!has(oldSelf.cancel) || !oldSelf.cancel || (has(self.cancel) && self.cancel) || ${rerunGeneration("self")} > ${rerunGeneration("oldSelf")}`,
        message: "spec.cancel cannot be reset except by a higher spec.rerun.generation",
        fieldPath: ".cancel",
      },
    ],
  });
export type TaskRunSpec = z.infer<typeof TaskRunSpecSchema>;

/** Every field of the spec is either immutable or may change: a new one must be put into one of the lists (tested). */
export const specMutability = { mutable, immutable, seenByHash: ["input"] } as const;

/** How a try or a run went wrong (S77). */
export const ErrorRecordSchema = z.object({
  name: z.string().max(256),
  message: z.string().max(limits.errorLength),
  stack: z.string().max(limits.stackLength).optional(),
  hint: z.string().max(limits.hintLength).optional().describe("What can be done about it."),
});
export type ErrorRecord = z.infer<typeof ErrorRecordSchema>;

/** One try of a run: exactly one pod (S101). */
export const AttemptSchema = z.object({
  number: z.int().min(1),
  podName: z.string().max(253),
  podUid: z.string().max(64).optional(),
  nodeName: z.string().max(253).optional(),
  reason: z.string().max(64).optional(),
  class: z.enum(["User", "Infrastructure", "Final"]).optional(),
  exitCode: z.int().optional(),
  signal: z.int().optional(),
  error: z.object({ name: z.string().max(256), message: z.string().max(limits.errorLength) }).optional(),
  instanceType: z.string().max(253),
  createdAt: InstantSchema,
  startedAt: InstantSchema.optional(),
  finishedAt: InstantSchema.optional(),
  stop: z.object({ reason: z.string().max(64), at: InstantSchema }).optional(),
  report: z.string().max(64).optional(),
});
export type Attempt = z.infer<typeof AttemptSchema>;

export const ProgressSchema = z.object({ label: z.string().max(256), total: z.number(), done: z.number() });
export type Progress = z.infer<typeof ProgressSchema>;

/** By label, in the order in which they were told of; of a root with sums in the order of their names. */
const progressList = z.array(ProgressSchema).max(limits.progressLabels);

/** What a root needs to know that adds up the progress of its tree (S148). */
export const SummedSchema = z.object({
  at: InstantSchema.describe("When it was added up."),
  own: progressList.describe("What the run itself has told."),
});
export type Summed = z.infer<typeof SummedSchema>;

/** A positive quantity of Kubernetes: `500m`, `2Gi`, `1e3`. A number, too, is written as text. */
const QuantitySchema = z
  .string()
  .max(64)
  .regex(/^[0-9]+(\.[0-9]*)?([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$/);

/** Quantities by resource name, as in a container's requests: `{cpu: "1", memory: "2Gi"}`. */
export const ResourcesSchema = z.record(z.string(), QuantitySchema).meta({ maxProperties: 64 });
export type Resources = z.infer<typeof ResourcesSchema>;

/** A run that a task wants started as a hook, and that is not yet (S106). */
export const DueHookSchema = z.object({
  name: z.string().max(limits.runNameLength).describe("Of the run: it follows from the occasion."),
  task: z.string().max(limits.bundleNameLength + 1 + limits.taskNameLength + 10),
  event: z.object({
    run: z.string().max(limits.runNameLength),
    task: z.string().max(limits.bundleNameLength + 1 + limits.taskNameLength),
    phase: z.enum(["Running", "Succeeded", "Failed"]),
    reason: z.string().max(64),
    message: z.string().max(limits.errorLength),
    attempts: z.int(),
  }),
});
export type DueHook = z.infer<typeof DueHookSchema>;

/** What a root says about its tree, itself included (S156). */
export const TreeStatsSchema = z.object({
  at: InstantSchema.describe("When it was counted."),
  totalRuns: z.int(),
  runsByPhase: z
    .record(z.string(), z.int())
    .meta({ maxProperties: 16 })
    .describe("How many runs stand in which phase."),
  firstStartedAt: InstantSchema.optional(),
  lastFinishedAt: InstantSchema.optional(),
  computeSeconds: z.number().describe("How long the attempts that have ended ran, all together."),
});
export type TreeStats = z.infer<typeof TreeStatsSchema>;

const relation = z.object({ name: z.string().max(253), uid: z.string().max(64) });

export const TaskRunStatusSchema = z.object({
  phase: z.enum(Phase).optional().describe("One word for people, derived from the conditions."),
  conditions: conditions.describe(
    "The truth about the run: Accepted, Admitted, Running, Suspended, Succeeded, Finished.",
  ),
  observedGeneration: z.int().optional(),
  inputHash: z.string().max(64).optional().describe("SHA-256 of the input; a run whose input changed fails."),
  revision: z.int().optional().describe("Of the bundle, pinned when the run was accepted."),
  bundleUid: z.string().max(64).optional(),
  taskKey: z.string().max(16).optional(),
  resolved: ResolvedSettingsSchema.optional().describe("The settings in force, after all defaults."),
  instanceType: z.string().max(253).optional().describe("Of the current attempt, as the name was given."),
  resources: ResourcesSchema.optional(),
  attempts: z
    .array(AttemptSchema)
    .max(limits.firstAttemptsKept + limits.lastAttemptsKept)
    .optional()
    .describe("One try each, one pod each: the first 10 and the last 40.")
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["number"] }),
  attemptCount: z.int().optional().describe("All attempts, those no longer listed included."),
  userRetries: z.int().optional().describe("Attempts that maxRetries has paid for."),
  infrastructureRetries: z.int().optional().describe("Attempts that maxInfrastructureRetries has paid for."),
  nextRetryAt: InstantSchema.optional(),
  startedAt: InstantSchema.optional().describe("When the first attempt started."),
  finishedAt: InstantSchema.optional(),
  durationSeconds: z.number().optional().describe("From startedAt to finishedAt."),
  deadlineAt: InstantSchema.optional(),
  result: anyJson.optional().describe("What the function returned."),
  error: ErrorRecordSchema.optional().describe("How the run failed."),
  tolerated: z.boolean().optional().describe("The run has failed and was optional: dependents go on."),
  subtasks: z
    .object({ attempt: z.int(), count: z.int() })
    .optional()
    .describe("The runs that the function handed over, and the attempt that did."),
  displayName: z.string().max(limits.displayNameLength).optional(),
  rerunGeneration: z.int().optional().describe("The spec.rerun.generation that has been carried out."),
  rerunAt: InstantSchema.optional().describe("When the last rerun began."),
  progress: progressList.optional().describe("What the latest attempt has told; of a root, added up over the tree."),
  summed: SummedSchema.optional().describe(
    "Of a root whose progress is a sum: when it was added up, and its own part.",
  ),
  hooks: z
    .array(DueHookSchema)
    .max(limits.dueHooks)
    .optional()
    .describe("Runs that the task's hooks ask for, until they are started."),
  parent: relation.extend({ attempt: z.int() }).optional().describe("The run, and its attempt, that started this one."),
  stats: TreeStatsSchema.optional().describe("Of a root: its tree in numbers."),
  root: relation.optional().describe("The run at the top of the tree; itself if nobody started it."),
});
export type TaskRunStatus = z.infer<typeof TaskRunStatusSchema>;

/** Whether the status has a condition that is True, as CEL reads it. */
function hasCondition(type: ConditionType): string {
  const exists = `self.status.conditions.exists(c, c.type == '${type}' && c.status == 'True')`;
  return `(has(self.status) && has(self.status.conditions) && ${exists})`;
}

/** When a run may be done again: only the API server sees spec and status at one instant (S170). */
function rerunRule() {
  const before = rerunGeneration("oldSelf.spec");
  const asked = rerunGeneration("self.spec");
  const hasFinished = hasCondition(ConditionType.Finished);
  const hasSucceeded = hasCondition(ConditionType.Succeeded);
  const onlyByOne = "spec.rerun.generation can only be raised by 1";
  const standing = `(${hasSucceeded} ? ' has succeeded; trigger a new run' : ' is still active')`;
  return {
    rule: `${asked} == ${before} || (${asked} == ${before} + 1 && ${hasFinished} && !${hasSucceeded})`,
    message: onlyByOne,
    messageExpression: `${asked} == ${before} + 1 ? 'task run ' + self.metadata.name + ${standing} : '${onlyByOne}'`,
    fieldPath: ".spec.rerun",
  };
}

export const TaskRunSchema = z
  .object({ metadata: nameOnly, spec: TaskRunSpecSchema, status: ownStatus(TaskRunStatusSchema) })
  .describe("One execution of a task: a pod for each attempt, and the outcome.")
  .meta({
    "x-kubernetes-validations": [nameWithin(limits.runNameLength), rerunRule()],
  });

/** One execution of a task. */
export interface TaskRun extends KubernetesObject {
  readonly spec: TaskRunSpec;
  readonly status?: TaskRunStatus;
}
