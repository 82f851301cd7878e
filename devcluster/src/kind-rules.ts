// What is particular to a kind, as the API server's registry has it: one object of functions for each kind that has
// something particular. Everything else is the same for all and stands in objects.ts.
import type { Draft, KubeObject, ObjectRef } from "./api.ts";
import { configMapRules, eventRules, secretRules, serviceAccountRules, serviceRules } from "./kinds/core.ts";
import { crdRules } from "./kinds/definition.ts";
import { namespaceRules } from "./kinds/namespace.ts";
import { podRules } from "./kinds/pod.ts";
import type { Cause } from "./refusal.ts";
import { type Resource, resourceId } from "./resource.ts";

/** What rules may look up. */
export interface Surroundings {
  get(resource: string, ref: ObjectRef): KubeObject | undefined;
  list(resource: string, namespace?: string): readonly KubeObject[];
  /** RFC 3339. */
  readonly time: string;
}

export interface KindRules {
  /** The draft with its defaults, or a {@link Refusal} thrown where admission would refuse it. */
  readonly prepare?: (draft: Draft, resource: Resource, around: Surroundings) => Draft;
  /** The changed object, with what follows from the change. */
  readonly revise?: (next: KubeObject, before: KubeObject, around: Surroundings) => KubeObject;
  /** What is wrong; `before` is absent for a create. */
  readonly judge?: (object: KubeObject, before: KubeObject | undefined) => readonly Cause[];
  /** How long a deletion leaves it, in seconds; undefined means no time at all, and no trace in metadata. */
  readonly graceSeconds?: (object: KubeObject, asked: number | undefined) => number | undefined;
  /** Whether something but finalizers and grace keeps it. */
  readonly isHeld?: (object: KubeObject) => boolean;
}

const rulesOf: Readonly<Record<string, KindRules>> = {
  pods: podRules,
  namespaces: namespaceRules,
  configmaps: configMapRules,
  secrets: secretRules,
  services: serviceRules,
  serviceaccounts: serviceAccountRules,
  events: eventRules,
  "customresourcedefinitions.apiextensions.k8s.io": crdRules,
};

export function rulesFor(resource: Resource): KindRules {
  return rulesOf[resourceId(resource)] ?? {};
}
