// The few shapes of Kubernetes' own that our schemas and types lean on.
import { z } from "zod";

/** An instant in RFC 3339, UTC, with milliseconds. */
export const InstantSchema = z.iso.datetime({ offset: true });

export const ConditionSchema = z.object({
  type: z.string().max(64),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string().max(64),
  message: z.string().max(32_768),
  lastTransitionTime: InstantSchema,
  observedGeneration: z.int().optional(),
});
export type Condition = z.infer<typeof ConditionSchema>;

/** Conditions, keyed by their type. */
export const conditions = z
  .array(ConditionSchema)
  .max(16)
  .optional()
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] });

/**
 * A status that is written as a whole, and by the operator alone. So its owner is kept for the whole of it, not for each of some
 * hundred fields: those records are larger than the status itself, and all of it is stored, compared and sent with each write.
 */
export function ownStatus<Status extends z.ZodType>(status: Status) {
  return status.optional().meta({ "x-kubernetes-map-type": "atomic" });
}

/** What a schema may say of `metadata`: declared, so that {@link nameWithin} can name the field. Nothing is required of it. */
export const nameOnly = z.object({ name: z.string().optional() }).optional();

/** Bound on an object's name, as a rule at the root of a schema that has {@link nameOnly} (S158). */
export function nameWithin(length: number) {
  return {
    rule: `self.metadata.name.size() <= ${length}`,
    message: `metadata.name must be at most ${length} characters`,
    fieldPath: ".metadata.name",
  };
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
}

/** Any object of the cluster: plain JSON, passed through untouched. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export { apiVersion } from "./group.ts";
