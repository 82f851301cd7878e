import type { ObjectRef } from "./cluster.ts";

/** `namespace/name`, or the name alone of what is cluster-scoped. What queues carry and caches are asked for. */
export type Key = string;

export function keyOf({ namespace, name }: ObjectRef): Key {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function refOf(key: Key): ObjectRef {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
