// Which keys an event wakes. Handlers enqueue and do nothing else: every look starts from the present state, because
// events get lost, repeated and reordered.
import { label } from "@stint/crds/labels";

import type { ObservedRun } from "../core/world.ts";
import type { KubernetesObject } from "../effects/cluster.ts";
import { keyOf, type Key } from "../effects/key.ts";
import { toNodeState } from "../effects/observe.ts";
import type { Node } from "../effects/resources.ts";
import type { Informers } from "./informers.ts";
import { ownerKeyOf } from "./owner.ts";
import { connectRunTriggers } from "./run-triggers.ts";

export interface Queues {
  readonly runs: { add(key: Key): void; addAt(key: Key, at: Date): void };
  readonly bundles: { add(key: Key): void };
}

export function connectTriggers(informers: Informers, queues: Queues): void {
  const { runs, pods, bundles, revisions, nodes } = informers;
  const wakeRun = (run: ObservedRun): void => queues.runs.add(keyOf(run.metadata));
  const wakeOwner = (object: KubernetesObject): void => enqueueOwner(object, queues);
  connectRunTriggers(runs, (run, at) => (at ? queues.runs.addAt(keyOf(run.metadata), at) : wakeRun(run)));
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

function enqueueOwner(object: KubernetesObject, queues: Queues): void {
  const run = ownerKeyOf(object, "TaskRun");
  const bundle = ownerKeyOf(object, "TaskBundle");
  if (run !== undefined) queues.runs.add(run);
  if (bundle !== undefined) queues.bundles.add(bundle);
}
