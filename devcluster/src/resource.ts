import type { Structural } from "./schema.ts";

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, more only with `-o wide`. */
  readonly priority?: number;
  readonly jsonPath: string;
}

/** One resource in one version: what stands behind a path. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** `status` and others that answer under the object's path. */
  readonly subresources: readonly string[];
  /** Whether `metadata.generation` counts the changes of what people wish. */
  readonly hasGeneration: boolean;
  /** Paths, besides name and namespace, that a field selector may name: `spec.nodeName`. */
  readonly selectableFields: readonly string[];
  readonly columns?: readonly Column[];
  /** Of custom resources alone: Kubernetes' own kinds are trusted to be written well. */
  readonly schema?: Structural;
  /** A question that is answered and not kept, as a TokenReview. */
  readonly isReview?: boolean;
}

/** `pods`, `leases.coordination.k8s.io`: what the versions of one resource share. */
export function resourceId({ plural, group }: Pick<Resource, "plural" | "group">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

export function apiVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}
