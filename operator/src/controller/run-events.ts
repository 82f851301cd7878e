// News about runs for those who wait at the gateway: who asked about which run, and nothing else.
import { keyOf, type Key } from "../effects/key.ts";
import type { KubernetesObject } from "../effects/cluster.ts";
import type { Informers } from "./informers.ts";
import { ownerKeyOf } from "./owner.ts";

export interface RunEventsOf {
  subscribe(keys: readonly Key[], listener: () => void): () => void;
}

/** Listeners hear of changes of the runs they named, and of pods and parents that tell something about them. */
export function createRunEvents({ runs, pods }: Pick<Informers, "runs" | "pods">): RunEventsOf {
  const listeners = new Map<Key, Set<() => void>>();
  const tell = (key: Key): void => listeners.get(key)?.forEach((listener) => listener());

  const tellRun = ({ metadata }: KubernetesObject): void => {
    tell(keyOf(metadata));
    // A canceled parent is a stop for its children.
    for (const child of runs.cache.by("owner", metadata.uid)) tell(keyOf(child.metadata));
  };
  const tellOwner = (pod: KubernetesObject): void => {
    const owner = ownerKeyOf(pod, "TaskRun");
    if (owner !== undefined) tell(owner);
  };
  runs.subscribe({ add: tellRun, update: tellRun, delete: tellRun });
  pods.subscribe({ update: tellOwner, delete: tellOwner });

  return {
    subscribe(keys, listener) {
      for (const key of keys) listeners.set(key, (listeners.get(key) ?? new Set()).add(listener));
      return () => {
        for (const key of keys) {
          const set = listeners.get(key);
          set?.delete(listener);
          if (set?.size === 0) listeners.delete(key);
        }
      };
    },
  };
}
