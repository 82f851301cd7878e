// Whether a cache that followed a watch says what a new list says. Under a healthy watch every difference is a bug of
// ours, or of the API server; a JavaScript operator that began to count found 18 to 22 of them in some windows.
//
//   L1. What changed while the audit ran is left out. For all the rest the cache has stood still since before the list
//       was asked for, and once the watch has passed the list's version, both tell of the same state.
import type { KubernetesObject } from "../effects/cluster.ts";
import { type Key, keyOf } from "../effects/key.ts";

/** As much of a listed object as an audit compares. */
export interface Listed {
  readonly key: Key;
  readonly uid: string;
  readonly resourceVersion: string;
}

export function listedOf({ metadata }: KubernetesObject): Listed {
  return { key: keyOf(metadata), uid: metadata.uid, resourceVersion: metadata.resourceVersion };
}

/** Keys that a list and a cache tell differently: missing, in another version, or long gone. */
export function differences(
  listed: readonly Listed[],
  cached: Iterable<KubernetesObject>,
  changedMeanwhile: ReadonlySet<Key>,
): readonly Key[] {
  const expected = new Map(listed.map((one) => [one.key, one]));
  const surplus: Key[] = [];
  for (const object of cached) {
    const { key, uid, resourceVersion } = listedOf(object);
    const one = expected.get(key);
    if (one?.uid === uid && one.resourceVersion === resourceVersion) expected.delete(key);
    else if (!one) surplus.push(key);
  }
  return [...expected.keys(), ...surplus].filter((key) => !changedMeanwhile.has(key)); // L1
}
