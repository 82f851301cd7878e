// What the informers hold, for those who only read: the observer, the reconcilers and the gateway.
import type { InstanceType } from "@stint/crds/instancetype";
import type { TaskBundle } from "@stint/crds/taskbundle";

import type { ObservedRun, OwnedPod } from "../core/world.ts";
import type { ControllerRevision, Node } from "./resources.ts";

export interface Cache<T> {
  /** By `namespace/name`, or `name` where there is no namespace. */
  get(key: string): T | undefined;
  /** What an index puts under a value. */
  by(index: string, value: string): readonly T[];
  list(): readonly T[];
}

/** The last that was seen of pods that no longer exist. */
export interface GonePods {
  /** The pod of the run's live attempt, by the uid of the run; absent while that pod exists, or was never seen. */
  get(runUid: string): OwnedPod | undefined;
}

/** Indexes that the caches have to be made with, by cache. */
export const indexNames = {
  /** Runs and pods by the uid of their controller. */
  owner: "owner",
  /** Runs by the uid of their tree's root. */
  root: "root",
  /** Live runs by `namespace/bundle`; revisions by their bundle's uid. */
  bundle: "bundle",
  /** Live runs by `namespace/name` of each run that they depend on. */
  upstream: "upstream",
} as const;

export interface Caches {
  readonly runs: Cache<ObservedRun>;
  readonly pods: Cache<OwnedPod>;
  readonly gonePods: GonePods;
  readonly bundles: Cache<TaskBundle>;
  readonly revisions: Cache<ControllerRevision>;
  readonly instanceTypes: Cache<InstanceType>;
  readonly nodes: Cache<Node>;
}
