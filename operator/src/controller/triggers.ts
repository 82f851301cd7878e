// Which keys an event wakes. Handlers enqueue and do nothing else: every look starts from the present state, because
// events get lost, repeated and reordered.
import { isDeepStrictEqual } from "node:util";

import { ConditionType } from "@stint/crds/conditions";
import { label } from "@stint/crds/labels";

import { isFinished } from "../core/look.ts";
import { conditionOf } from "../core/status.ts";
import type { ObservedRun } from "../core/world.ts";
import type { KubernetesObject } from "../effects/cluster.ts";
import { keyOf, type Key } from "../effects/key.ts";
import { toNodeState } from "../effects/observe.ts";
import type { Node } from "../effects/resources.ts";
import type { Informers } from "./informers.ts";
import { ownerKeyOf } from "./owner.ts";

export interface Queues {
  readonly runs: { add(key: Key): void };
  readonly bundles: { add(key: Key): void };
}

export function connectTriggers(informers: Informers, queues: Queues): void {
  const { runs, pods, bundles, revisions, nodes } = informers;
  const wakeRun = (run: ObservedRun): void => queues.runs.add(keyOf(run.metadata));
  const wakeOwner = (object: KubernetesObject): void => enqueueOwner(object, queues);
  // Cancel, pause and deadline flow down the tree as state, through those that have ended as well (S165).
  const wakeDescendants = (run: ObservedRun): void => {
    for (const child of runs.cache.by("owner", run.metadata.uid)) {
      if (isFinished(child)) wakeDescendants(child);
      else wakeRun(child);
    }
  };

  // A root that has ended tells of its tree once all below it have ended, too (S156).
  const wakeRootOf = ({ metadata: { namespace, labels } }: ObservedRun): void => {
    const root = labels?.[label.root] === undefined ? undefined : runs.cache.get(`${namespace}/${labels[label.root]}`);
    if (root && isFinished(root)) wakeRun(root);
  };

  runs.subscribe({
    add: wakeRun,
    update: (run, before) => {
      wakeRun(run);
      if (isFinished(run) && !isFinished(before)) wakeRootOf(run);
      if (concernsDescendants(run, before)) wakeDescendants(run);
    },
    delete: wakeRun,
  });
  pods.subscribe({ add: wakeOwner, update: wakeOwner, delete: wakeOwner });

  const wakeWaiting = (bundle: Key): void => {
    queues.bundles.add(bundle);
    for (const run of runs.cache.by("bundle", bundle)) if (run.status?.revision === undefined) wakeRun(run);
  };
  const wakeBundle = ({ metadata }: KubernetesObject): void => wakeWaiting(keyOf(metadata));
  bundles.subscribe({ add: wakeBundle, update: wakeBundle, delete: wakeBundle });
  const wakeBundleOf = ({ metadata }: KubernetesObject): void => {
    const name = metadata.labels?.[label.bundle];
    if (name !== undefined)
      wakeWaiting(keyOf({ ...(metadata.namespace !== undefined && { namespace: metadata.namespace }), name }));
  };
  revisions.subscribe({ add: wakeBundleOf, delete: wakeBundleOf });

  const wakeNode = (node: Node): void => {
    for (const pod of pods.cache.by("node", node.metadata.name)) wakeOwner(pod);
  };
  nodes.subscribe({
    update: (node, before) => {
      if (toNodeState(node).ready !== toNodeState(before).ready) wakeNode(node);
    },
    delete: wakeNode,
  });
}

/** Whether a change is one that runs below have to act on: a parent may write its progress every second. */
function concernsDescendants(run: ObservedRun, before: ObservedRun): boolean {
  return !isDeepStrictEqual(factsBelow(run), factsBelow(before));
}

function factsBelow({ spec, status }: ObservedRun): readonly unknown[] {
  const { reason } = conditionOf(status?.conditions, ConditionType.Succeeded) ?? {};
  return [spec.cancel, spec.suspend, reason, status?.deadlineAt, status?.rerunAt];
}

function enqueueOwner(object: KubernetesObject, queues: Queues): void {
  const run = ownerKeyOf(object, "TaskRun");
  const bundle = ownerKeyOf(object, "TaskBundle");
  if (run !== undefined) queues.runs.add(run);
  if (bundle !== undefined) queues.bundles.add(bundle);
}
