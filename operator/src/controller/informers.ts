// Every informer of the operator, with what it keeps and how it is searched.
import { component, label, parseTaskReference } from "@stint/crds/labels";
import type { InstanceType } from "@stint/crds/instancetype";
import type { TaskBundle } from "@stint/crds/taskbundle";
import type { TaskRun } from "@stint/crds/taskrun";

import type { Clock } from "../clock.ts";
import { isFinished } from "../core/look.ts";
import { containerOf } from "../core/outcome.ts";
import { upstreamKeysOf } from "../core/upstreams.ts";
import type { ObservedRun, OwnedPod } from "../core/world.ts";
import type { Caches } from "../effects/caches.ts";
import type { Cluster, KubernetesObject, Resource, Selection } from "../effects/cluster.ts";
import { keyOf } from "../effects/key.ts";
import { controllerUid, rootUidOf, slimMetadata, toObservedRun, toOwnedPod, toSlimNode } from "../effects/reading.ts";
import * as resources from "../effects/resources.ts";
import type { ControllerRevision, Node, Pod } from "../effects/resources.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { rememberGonePods } from "./gone-pods.ts";
import type { IndexedBy } from "./indexer.ts";
import { Informer } from "./informer.ts";

export interface InformerDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Informers {
  readonly runs: Informer<TaskRun, ObservedRun, "owner" | "root" | "bundle" | "upstream">;
  readonly pods: Informer<Pod, OwnedPod, "owner" | "node">;
  readonly bundles: Informer<TaskBundle, TaskBundle, never>;
  readonly revisions: Informer<ControllerRevision, ControllerRevision, "bundle">;
  readonly instanceTypes: Informer<InstanceType, InstanceType, never>;
  readonly nodes: Informer<Node, Node, never>;
}

export function createInformers(deps: InformerDeps): Informers {
  const keepRun = (run: TaskRun): ObservedRun => toObservedRun(run, runs.cache.get(keyOf(run.metadata)));
  const runs: Informers["runs"] = informer(deps, resources.taskRuns, keepRun, {
    owner: ownerOf,
    root: (run) => [rootUidOf(run)],
    bundle: bundleOf,
    upstream: upstreamKeysOf,
  });
  return {
    runs,
    pods: podInformer(deps),
    bundles: informer(deps, resources.taskBundles, withSlimMetadata, {}),
    revisions: informer(
      deps,
      resources.controllerRevisions,
      withSlimMetadata,
      { bundle: ownerOf },
      {
        labelSelector: `${label.component}=${component.bundle}`,
      },
    ),
    instanceTypes: informer(deps, resources.instanceTypes, withSlimMetadata, {}),
    nodes: informer(deps, resources.nodes, toSlimNode, {}),
  };
}

/** What the informers hold, and the last of what they no longer hold: from now on. */
export function cachesOf(informers: Informers): Caches {
  const { runs, pods, bundles, revisions, instanceTypes, nodes } = informers;
  return {
    runs: runs.cache,
    pods: pods.cache,
    gonePods: rememberGonePods(informers),
    bundles: bundles.cache,
    revisions: revisions.cache,
    instanceTypes: instanceTypes.cache,
    nodes: nodes.cache,
  };
}

/** Pods remember when this process first saw them running: the delay of the Running write counts from there (S154). */
function podInformer(deps: InformerDeps): Informers["pods"] {
  const keep = (pod: Pod): OwnedPod => {
    const kept = toOwnedPod(pod);
    const before = pods.cache.get(keyOf(pod.metadata));
    const seenBefore = before?.metadata.uid === pod.metadata.uid ? before.runningSeenAt : undefined;
    const isRunning = containerOf(kept)?.state?.running !== undefined;
    const runningSeenAt = seenBefore ?? (isRunning ? deps.clock.now() : undefined);
    return runningSeenAt ? { ...kept, runningSeenAt } : kept;
  };
  const pods: Informers["pods"] = informer(
    deps,
    resources.pods,
    keep,
    { owner: ownerOf, node: ({ spec }: OwnedPod) => listOf(spec.nodeName) },
    { labelSelector: `${label.component} in (${component.attempt},${component.registration})` },
  );
  return pods;
}

// oxlint-disable-next-line max-params -- the five things that an informer is made of, in one place
function informer<T extends KubernetesObject, C extends KubernetesObject, Index extends string>(
  deps: InformerDeps,
  resource: Resource<T>,
  keep: (object: T) => C,
  indexes: Readonly<Record<Index, IndexedBy<C>>>,
  selection?: Selection,
): Informer<T, C, Index> {
  return new Informer({ ...deps, resource, keep, indexes, ...(selection && { selection }) });
}

function withSlimMetadata<T extends KubernetesObject>(object: T): T {
  return { ...object, metadata: slimMetadata(object.metadata) };
}

function ownerOf(object: KubernetesObject): readonly string[] {
  return listOf(controllerUid(object));
}

/** Live runs by their bundle, which wakes them when it becomes Ready. */
function bundleOf(run: ObservedRun): readonly string[] {
  if (isFinished(run)) return [];
  const bundle = parseTaskReference(run.spec.task)?.bundle;
  return bundle === undefined ? [] : [`${run.metadata.namespace}/${bundle}`];
}

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}
