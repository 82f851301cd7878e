// What can be set at several places: on a run, on a task, on a bundle, operator-wide (S9). The schemas declare no default,
// since a default written by the API server would look like a value that somebody chose.
import { z } from "zod";

import { limits } from "./limits.ts";

const within = ({ min, max }: { min: number; max: number }) => z.int().min(min).max(max);

/** How failures are retried (S80). A given object replaces the default as a whole (S9, S79). */
export const RetrySchema = z
  .object({
    maxRetries: within(limits.maxRetries).optional().describe("User retries; 3 if absent."),
    waitDurationMs: within(limits.waitDurationMs)
      .optional()
      .describe("Wait before the first user retry; 1000 if absent."),
    backoffScaling: z
      .number()
      .min(limits.backoffScaling.min)
      .max(limits.backoffScaling.max)
      .optional()
      .describe("Factor from one wait to the next; 1.5 if absent."),
    delaysSeconds: z
      .array(z.number().min(0).max(limits.delaysSeconds.max))
      .min(1)
      .max(limits.delaysSeconds.entries)
      .optional()
      .describe("The waits one by one; the last repeats. Excludes waitDurationMs and backoffScaling."),
    jitterFactor: z
      .number()
      .min(limits.jitterFactor.min)
      .max(limits.jitterFactor.max)
      .optional()
      .describe("Spread of the waits; 0, none, if absent."),
    when: z.enum(["Always", "RetryableOnly"]).optional().describe("Which user failures are retried; Always if absent."),
    maxInfrastructureRetries: within(limits.maxInfrastructureRetries)
      .optional()
      .describe("Retries after failures of the cluster; 10 if absent."),
    outOfMemory: z
      .object({
        instanceType: z.string().min(1).max(253).describe("Type of all attempts after the first OutOfMemory."),
      })
      .optional()
      .describe("What changes after an attempt ran out of memory."),
  })
  .describe("How failures are retried.")
  .meta({
    "x-kubernetes-validations": [
      {
        rule: "!has(self.delaysSeconds) || (!has(self.waitDurationMs) && !has(self.backoffScaling))",
        message: "retry.delaysSeconds excludes waitDurationMs and backoffScaling",
      },
      {
        rule: "!has(self.outOfMemory) || !has(self.when) || self.when != 'RetryableOnly'",
        message: "retry.outOfMemory needs retry.when Always",
      },
    ],
  });
export type Retry = z.infer<typeof RetrySchema>;

/** What a pod should have at least: the smallest type that offers it is taken, in the place of a type's name (S61). */
export const ProfileSchema = z
  .object({
    cpu: z.number().min(limits.profileCpu.min).max(limits.profileCpu.max).optional().describe("Cores; 1 if absent."),
    memoryMb: within(limits.profileMemoryMb).optional().describe("MB, each 1 Mi; 0 if absent."),
  })
  .describe("Selects the smallest InstanceType that offers at least both.");
export type Profile = z.infer<typeof ProfileSchema>;

/** The two ways to say how large a pod is exclude each other (S62). */
export const oneSize = {
  rule: "!has(self.instanceType) || !has(self.resources)",
  message: "give instanceType or resources, not both",
};

/** What a run, a task and a bundle may all set. */
export const runSettings = {
  instanceType: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .describe("Name of an InstanceType; an underscore reads as a hyphen."),
  resources: ProfileSchema.optional(),
  timeoutSeconds: within(limits.timeoutSeconds)
    .optional()
    .describe("Limit on one attempt, from the start of its container."),
  startTimeoutSeconds: within(limits.startTimeoutSeconds)
    .optional()
    .describe("Limit from the pod's creation to the start of its container."),
  deadlineSeconds: within(limits.deadlineSeconds)
    .optional()
    .describe("Limit on the whole run, all attempts and waits included."),
  retry: RetrySchema.optional(),
};

/** {@link runSettings} and what only a task or a bundle's defaults may set. */
export const TaskSettingsSchema = z
  .object({
    ...runSettings,
    gracePeriodSeconds: within(limits.gracePeriodSeconds)
      .optional()
      .describe("Time between SIGTERM and the end of the process."),
    logPrints: z
      .boolean()
      .optional()
      .describe("Whether what the code prints becomes records of the log; no if absent."),
  })
  .meta({ "x-kubernetes-validations": [oneSize] });
export type TaskSettings = z.infer<typeof TaskSettingsSchema>;

/** The retry policy in force: nothing absent that has a default. */
export const ResolvedRetrySchema = z.object({
  maxRetries: within(limits.maxRetries),
  waitDurationMs: within(limits.waitDurationMs).optional(),
  backoffScaling: z.number().optional(),
  delaysSeconds: z.array(z.number()).max(limits.delaysSeconds.entries).optional(),
  jitterFactor: z.number(),
  when: z.enum(["Always", "RetryableOnly"]),
  maxInfrastructureRetries: within(limits.maxInfrastructureRetries),
  outOfMemory: z.object({ instanceType: z.string().max(253) }).optional(),
});
export type ResolvedRetry = z.infer<typeof ResolvedRetrySchema>;

/** What is in force for a run, after all defaults: pinned when the run is accepted (S9). */
export const ResolvedSettingsSchema = z.object({
  instanceType: z.string().max(253),
  resources: ProfileSchema.optional().describe("What the instance type was chosen by, if it was not named."),
  timeoutSeconds: z.int(),
  startTimeoutSeconds: z.int().optional(),
  deadlineSeconds: z.int().optional(),
  gracePeriodSeconds: z.int(),
  ttlSecondsAfterFinished: z.int(),
  logPrints: z.boolean().optional(),
  retry: ResolvedRetrySchema,
});
export type ResolvedSettings = z.infer<typeof ResolvedSettingsSchema>;
