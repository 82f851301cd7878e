import type { KubernetesObject } from "../effects/cluster.ts";
import { keyOf, type Key } from "../effects/key.ts";

/** Key of the object's controller, if that is of this kind. */
export function ownerKeyOf({ metadata }: KubernetesObject, kind: "TaskRun" | "TaskBundle"): Key | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner?.kind !== kind || metadata.namespace === undefined) return undefined;
  return keyOf({ namespace: metadata.namespace, name: owner.name });
}
