// Where a run stands in its tree (S121, S127).
import { ProtocolCode } from "@stint/crds/attempt";
import type { KubernetesObject } from "@stint/crds/kubernetes";
import { annotation, label, type NamedObject } from "@stint/crds/labels";

import type { ObservedRun } from "../core/world.ts";
import { indexNames, type Caches } from "../effects/caches.ts";
import type { TreeLimits } from "./deps.ts";
import { ProtocolRefusal } from "./refusal.ts";

/** The root of a run's tree: a run that nobody started is its own. */
export function rootOf({ metadata: { name, uid }, status }: ObservedRun): NamedObject {
  return status?.root ?? { name, uid };
}

/** Whether another run descends from the same root, or was triggered by one that does (S110, S123). */
export function isInTree(other: KubernetesObject, of: ObservedRun): boolean {
  return other.metadata.labels?.[label.rootUid] === rootOf(of).uid || isTriggeredBy(other, of);
}

/** Whether a root run was triggered inside this run's tree. */
export function isTriggeredBy({ metadata }: KubernetesObject, by: ObservedRun): boolean {
  return metadata.labels?.[label.triggeredBy] === rootOf(by).uid;
}

/** How deep a run stands; its root stands at 1. */
export function depthOf({ metadata }: KubernetesObject): number {
  return Number(metadata.annotations?.[annotation.depth] ?? 1);
}

/**
 * Counts the children that one request starts, against the tree as the cache has it.
 *
 * Children that another request has started a moment ago may not be counted yet: the limits stop trees that grow without
 * end, and are not exact to the last child.
 */
export class TreeBudget {
  readonly #parent: ObservedRun;
  readonly #limits: TreeLimits;
  #size: number;

  constructor(parent: ObservedRun, { runs }: Pick<Caches, "runs">, limits: TreeLimits) {
    this.#parent = parent;
    this.#limits = limits;
    const { uid } = rootOf(parent);
    const tree = limits.treeSize === 0 ? [] : runs.by(indexNames.root, uid);
    this.#size = tree.filter(({ metadata }) => metadata.uid !== uid).length; // descendants: the root is none
  }

  /** Takes room for one child. Throws `TreeLimitExceeded` when there is none. */
  take(): void {
    const { treeDepth, treeSize } = this.#limits;
    if (treeDepth > 0 && depthOf(this.#parent) >= treeDepth) throw this.#exceeded("depth", treeDepth);
    if (treeSize > 0 && this.#size >= treeSize) throw this.#exceeded("size", treeSize);
    this.#size += 1;
  }

  #exceeded(bound: "depth" | "size", limit: number): ProtocolRefusal {
    const message = `run tree of ${rootOf(this.#parent).name} has reached its ${bound} limit of ${limit}`;
    return new ProtocolRefusal(ProtocolCode.TreeLimitExceeded, message);
  }
}
