// The cache of one resource: objects by key, and keys by whatever else they are asked for.
//
//   I1. An object is its uid. The same key under another uid is another object: the old one is deleted, the new one added.
//   I2. What is older than what is held changes nothing, and neither does the deletion of something not held.
//   I3. Objects are handed out as they are held. They are read-only in type, and frozen in tests.
import type { Cache } from "../effects/caches.ts";
import type { KubernetesObject } from "../effects/cluster.ts";
import { type Key, keyOf } from "../effects/key.ts";
import { isAtLeast } from "../effects/resource-version.ts";

/** What a new state of the cluster changes in the cache, in the order in which handlers hear of it. */
export type CacheChange<C> =
  | { readonly kind: "add"; readonly object: C }
  | { readonly kind: "update"; readonly object: C; readonly before: C }
  | { readonly kind: "delete"; readonly object: C };

/** By what an object can be found: none, one or many values. */
export type IndexedBy<C> = (object: C) => readonly string[];

export class Indexer<C extends KubernetesObject, Index extends string> implements Cache<C> {
  readonly #objects = new Map<Key, C>();
  readonly #indexes: readonly { readonly name: Index; readonly valuesOf: IndexedBy<C>; readonly keys: KeysByValue }[];

  constructor(indexes: Readonly<Record<Index, IndexedBy<C>>>) {
    const given: [Index, IndexedBy<C>][] = entriesOf(indexes);
    this.#indexes = given.map(([name, valuesOf]) => ({ name, valuesOf, keys: new Map() }));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: Key): C | undefined {
    return this.#objects.get(key);
  }

  list(): readonly C[] {
    return [...this.#objects.values()];
  }

  /** The objects that the index finds under this value, in the order in which they came. */
  by(index: Index, value: string): readonly C[] {
    const keys = this.#indexes.find(({ name }) => name === index)?.keys.get(value) ?? [];
    return [...keys].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** An object as it is now. */
  put(object: C): readonly CacheChange<C>[] {
    const key = keyOf(object.metadata);
    const before = this.#objects.get(key);
    if (!before) return this.#set(key, object, [{ kind: "add", object }]);
    if (before.metadata.uid !== object.metadata.uid) {
      return [...this.remove(before), ...this.#set(key, object, [{ kind: "add", object }])]; // I1
    }
    if (isAtLeast(before.metadata.resourceVersion, object.metadata.resourceVersion)) return []; // I2
    this.#unindex(key, before);
    return this.#set(key, object, [{ kind: "update", object, before }]);
  }

  /** An object that is gone, as it was last: handlers hear of that state, whatever was held. */
  remove(object: C): readonly CacheChange<C>[] {
    const key = keyOf(object.metadata);
    const held = this.#objects.get(key);
    if (held?.metadata.uid !== object.metadata.uid || !held) return []; // I2
    this.#objects.delete(key);
    this.#unindex(key, held);
    return [{ kind: "delete", object }];
  }

  /** All objects there are: what is not among them is gone. */
  replaceAll(objects: readonly C[]): readonly CacheChange<C>[] {
    const listed = new Set(objects.map(({ metadata }) => keyOf(metadata)));
    const missing = [...this.#objects].filter(([key]) => !listed.has(key)).map(([, object]) => object);
    return [...missing.flatMap((object) => this.remove(object)), ...objects.flatMap((object) => this.put(object))];
  }

  #set(key: Key, object: C, changes: readonly CacheChange<C>[]): readonly CacheChange<C>[] {
    this.#objects.set(key, object);
    for (const { valuesOf, keys } of this.#indexes) {
      for (const value of valuesOf(object)) keys.set(value, (keys.get(value) ?? new Set()).add(key));
    }
    return changes;
  }

  #unindex(key: Key, object: C): void {
    for (const { valuesOf, keys } of this.#indexes) {
      for (const value of valuesOf(object)) {
        const found = keys.get(value);
        found?.delete(key);
        if (found?.size === 0) keys.delete(value);
      }
    }
  }
}

type KeysByValue = Map<string, Set<Key>>;

/** `Object.entries` forgets which names an object has. */
function entriesOf<Name extends string, V>(record: Readonly<Record<Name, V>>): [Name, V][] {
  return Object.entries(record) as [Name, V][]; // its own names, as the type says
}
