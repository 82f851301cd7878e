import { label } from "@stint/crds/labels";

import { isRoot } from "../core/look.ts";
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

/** The root of the tree that a run stands in, while it exists; none for a root itself. */
export function rootAbove(run: ObservedRun, runs: Cache<ObservedRun>): ObservedRun | undefined {
  if (isRoot(run)) return undefined;
  const { namespace, labels = {} } = run.metadata;
  const root = runs.get(`${namespace}/${labels[label.root]}`);
  return root?.metadata.uid === labels[label.rootUid] ? root : undefined;
}
