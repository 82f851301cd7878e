import { z } from "zod";

import { RegistrationState } from "./conditions.ts";
import { conditions, InstantSchema, type KubernetesObject, nameOnly, nameWithin, ownStatus } from "./kubernetes.ts";
import { limits } from "./limits.ts";
import { TaskSettingsSchema } from "./settings.ts";

export const SourceSchema = z
  .object({
    // Counted in bytes by the operator; the schema counts characters.
    inline: z
      .string()
      .max(limits.inlineSourceBytes)
      .optional()
      .describe("The module's text: JavaScript, or TypeScript whose types can be stripped."),
    configMap: z
      .object({ name: z.string().min(1).max(253), key: z.string().min(1).max(253) })
      .optional()
      .describe("The same from an immutable ConfigMap."),
    image: z
      .object({
        reference: z.string().min(1).max(1024).describe("An image built from the runner image."),
        entrypoint: z
          .string()
          .min(1)
          .max(1024)
          .optional()
          .describe("Path in the image; `main` of its package.json if absent."),
      })
      .optional()
      .describe("The same from an image."),
  })
  .describe("The code: exactly one of inline, configMap, image.")
  .meta({
    "x-kubernetes-validations": [
      {
        rule: "[has(self.inline), has(self.configMap), has(self.image)].filter(given, given).size() == 1",
        message: "spec.source needs exactly one of inline, configMap, image",
      },
    ],
  });
export type Source = z.infer<typeof SourceSchema>;

/** Passed through to the pod as it is: Kubernetes checks it, the operator only which fields there are (S291). */
const kubernetesJson = z.looseObject({});

export const TaskBundleSpecSchema = z.object({
  source: SourceSchema,
  defaults: TaskSettingsSchema.optional().describe("For every task of the bundle that does not set its own."),
  env: z.array(kubernetesJson).max(500).optional().describe("As in a container."),
  envFrom: z.array(kubernetesJson).max(100).optional().describe("As in a container."),
  serviceAccountName: z
    .string()
    .max(253)
    .optional()
    .describe("Of the attempts' pods; the namespace's default if absent."),
  imagePullSecrets: z
    .array(z.object({ name: z.string().max(253) }))
    .max(20)
    .optional()
    .describe("As in a pod."),
  podTemplate: z
    .object({ metadata: kubernetesJson.optional(), spec: kubernetesJson.optional() })
    .optional()
    .describe("Merged into every attempt's pod; only the fields that the documentation lists."),
});
export type TaskBundleSpec = z.infer<typeof TaskBundleSpecSchema>;

export const RegisteringSchema = z.object({
  revision: z.int(),
  generation: z.int(),
  specHash: z.string().max(64),
  state: z.enum(RegistrationState),
  reason: z.string().max(64).optional(),
  message: z.string().max(limits.errorLength).optional(),
  attempt: z.int(),
  podName: z.string().max(253),
  podUid: z.string().max(64).optional(),
  infrastructureRetries: z.int().optional(),
  nextRetryAt: InstantSchema.optional(),
});
export type Registering = z.infer<typeof RegisteringSchema>;

export const TaskBundleStatusSchema = z.object({
  conditions,
  observedGeneration: z.int().optional(),
  revision: z.int().optional().describe("The newest Ready one."),
  specHash: z.string().max(64).optional().describe("Of the newest Ready revision."),
  lastRevision: z.int().optional().describe("The highest number given so far; numbers are not used twice."),
  digest: z.string().max(1024).optional().describe("Of the image, if the runtime knows one."),
  registering: RegisteringSchema.optional().describe("The revision in the making, or the last one that failed."),
  tasks: z
    .array(
      z.object({
        name: z.string().max(limits.taskNameLength),
        kind: z.string().max(32),
        description: z.string().max(limits.descriptionLength).optional(),
      }),
    )
    .max(limits.manifestEntries)
    .optional()
    .describe("What the newest Ready revision registered, in short."),
});
export type TaskBundleStatus = z.infer<typeof TaskBundleStatusSchema>;

export const TaskBundleSchema = z
  .object({ metadata: nameOnly, spec: TaskBundleSpecSchema, status: ownStatus(TaskBundleStatusSchema) })
  .describe("The code of some tasks, once per deployment, and what it registers.")
  .meta({ "x-kubernetes-validations": [nameWithin(limits.bundleNameLength)] });

/** The code of some tasks, once per deployment, and what it registers. */
export interface TaskBundle extends KubernetesObject {
  readonly spec: TaskBundleSpec;
  readonly status?: TaskBundleStatus;
}
