import type { ObservedRun } from "../core/world.ts";
import type { Cache } from "./caches.ts";

/** Deeper than any tree that is allowed to grow; where the operator allows any depth, deeper than people go. */
export const highestTree = 256;

/** The run that is the controller of another one, while it exists: a namesake is not it. */
export function parentRun({ metadata }: ObservedRun, runs: Cache<ObservedRun>): ObservedRun | undefined {
  const owner = metadata.ownerReferences?.find(({ controller, kind }) => controller === true && kind === "TaskRun");
  const parent = owner && runs.get(`${metadata.namespace}/${owner.name}`);
  return parent?.metadata.uid === owner?.uid ? parent : undefined;
}
