import { z } from "zod";

import type { KubernetesObject } from "./kubernetes.ts";
import { ResourcesSchema } from "./taskrun.ts";

export const TolerationSchema = z.object({
  key: z.string().max(317).optional(),
  operator: z.enum(["Exists", "Equal"]).optional(),
  value: z.string().max(63).optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
  tolerationSeconds: z.int().optional(),
});
export type Toleration = z.infer<typeof TolerationSchema>;

export const InstanceTypeSpecSchema = z.object({
  resources: ResourcesSchema.describe(
    "Requests and limits alike: cpu, memory, ephemeral-storage and extended resources.",
  ),
  nodeSelector: z
    .record(z.string(), z.string().max(63))
    .meta({ maxProperties: 64 })
    .optional()
    .describe("Added to the pods' node selector."),
  tolerations: z.array(TolerationSchema).max(64).optional().describe("Added to the pods' tolerations."),
  runtimeClassName: z.string().max(253).optional().describe("Runtime class of the pods."),
  namespaces: z.array(z.string().max(63)).max(1000).optional().describe("Namespaces that may use it; empty means all."),
});
export type InstanceTypeSpec = z.infer<typeof InstanceTypeSpecSchema>;

export const InstanceTypeSchema = z
  .object({ spec: InstanceTypeSpecSchema })
  .describe("The size of a pod, and where it may run.");

/** The size of a pod, and where it may run. Cluster-scoped. */
export interface InstanceType extends KubernetesObject {
  readonly spec: InstanceTypeSpec;
}
