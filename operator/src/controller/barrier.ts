// Never act on a cache that is older than our own last write: it would make us write the same thing again, or undo it.
//
//   B1. A key is open once every cache that we wrote to has reached the version that the write returned.
//   B2. It stays shut for 5 s at most. Then the event is not late but lost, and until the cache has caught up the object is
//       read live.
//   B3. It knows the writes of this process alone. Between processes the resourceVersion precondition rules.
import type { Clock } from "../clock.ts";
import type { Key } from "../effects/key.ts";
import { isAtLeast } from "../effects/resource-version.ts";

/** A cache, as far as the barrier knows it: how far it is. An informer, for instance. */
export interface VersionedCache {
  readonly resourceVersion: string | undefined;
}

interface Write {
  readonly resourceVersion: string;
  readonly atMs: number;
}

const patienceMs = 5_000;

export class Barrier {
  readonly #clock: Clock;
  readonly #writes = new Map<Key, Map<VersionedCache, Write>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A write for this key returned this version. A no-op returns an old one, and costs nothing. */
  wrote(key: Key, cache: VersionedCache, resourceVersion: string): void {
    const writes = this.#writes.get(key) ?? new Map<VersionedCache, Write>();
    this.#writes.set(key, writes.set(cache, { resourceVersion, atMs: this.#clock.monotonicMs() }));
  }

  /** `open`: decide. `behind`: come back when {@link patience} says. `overdue`: read live, and decide on that. */
  state(key: Key): "open" | "behind" | "overdue" {
    const writes = this.#writes.get(key);
    if (!writes) return "open";
    for (const [cache, { resourceVersion }] of writes) {
      if (cache.resourceVersion && isAtLeast(cache.resourceVersion, resourceVersion)) writes.delete(cache); // B1
    }
    if (writes.size === 0) this.#writes.delete(key);
    return writes.size === 0 ? "open" : this.#leftMs(writes) > 0 ? "behind" : "overdue";
  }

  /** When to look again if no event comes first, as it usually does. */
  patience(key: Key): Date {
    const leftMs = this.#leftMs(this.#writes.get(key) ?? new Map());
    return new Date(this.#clock.now().getTime() + Math.max(leftMs, 0));
  }

  /** No cache will ever have to catch up: the object is gone, for instance. */
  forget(key: Key): void {
    this.#writes.delete(key);
  }

  #leftMs(writes: ReadonlyMap<VersionedCache, Write>): number {
    const oldestMs = Math.min(...[...writes.values()].map(({ atMs }) => atMs));
    return writes.size === 0 ? 0 : oldestMs + patienceMs - this.#clock.monotonicMs(); // B2
  }
}
