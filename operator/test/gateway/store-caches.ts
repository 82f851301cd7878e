import type { TaskBundle } from "@stint/crds/taskbundle";
import type { InstanceType } from "@stint/crds/instancetype";

import type { ObservedRun, OwnedPod } from "../../src/core/world.ts";
import { upstreamKeysOf } from "../../src/core/upstreams.ts";
import type { Cache, Caches } from "../../src/effects/caches.ts";
import type { KubernetesObject, Resource } from "../../src/effects/cluster.ts";
import { keyOf } from "../../src/effects/key.ts";
import { controllerUid, rootUidOf, toObservedRun, toOwnedPod } from "../../src/effects/reading.ts";
import {
  controllerRevisions,
  instanceTypes,
  nodes,
  pods,
  taskBundles,
  taskRuns,
  type ControllerRevision,
  type Node,
} from "../../src/effects/resources.ts";
import type { FakeCluster } from "../fakes/cluster.ts";

/** Caches that show the fake cluster as it is, or as it was when they were told to fall behind. */
export class StoreCaches implements Caches {
  readonly runs: Cache<ObservedRun>;
  readonly pods: Cache<OwnedPod>;
  readonly gonePods = new Map<string, OwnedPod>();
  readonly bundles: Cache<TaskBundle>;
  readonly revisions: Cache<ControllerRevision>;
  readonly instanceTypes: Cache<InstanceType>;
  readonly nodes: Cache<Node>;
  readonly #cluster: FakeCluster;
  #past: ReadonlyMap<Resource, readonly KubernetesObject[]> | undefined;

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
    this.runs = this.#cache(taskRuns, (run) => toObservedRun(run));
    this.pods = this.#cache(pods, (pod) => toOwnedPod(pod));
    this.bundles = this.#cache(taskBundles, (bundle) => bundle);
    this.revisions = this.#cache(controllerRevisions, (revision) => revision);
    this.instanceTypes = this.#cache(instanceTypes, (type) => type);
    this.nodes = this.#cache(nodes, (node) => node);
  }

  /** From now on nothing new is seen. */
  fallBehind(): void {
    const past = new Map<Resource, readonly KubernetesObject[]>();
    for (const resource of [taskRuns, pods]) past.set(resource, this.#cluster.peekAll<KubernetesObject>(resource));
    this.#past = past;
  }

  catchUp(): void {
    this.#past = undefined;
  }

  #cache<T extends KubernetesObject, C extends KubernetesObject>(
    resource: Resource<T>,
    strip: (object: T) => C,
  ): Cache<C> {
    const list = () => ((this.#past?.get(resource) as T[] | undefined) ?? this.#cluster.peekAll(resource)).map(strip); // of that resource
    return {
      list,
      get: (key) => list().find(({ metadata }) => keyOf(metadata) === key),
      by: (index, value) => list().filter((object) => valuesIn(index, object).includes(value)),
    };
  }
}

function valuesIn(index: string, object: KubernetesObject): readonly (string | undefined)[] {
  switch (index) {
    case "root":
      return [rootUidOf(object)];
    case "upstream":
      return upstreamKeysOf(object as ObservedRun); // an index of runs
    default:
      return [controllerUid(object)];
  }
}
