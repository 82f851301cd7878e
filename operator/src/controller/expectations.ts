// Deletes that we asked for and the cache does not show yet. They cannot go through the barrier, since no answer
// contains the version of a deletion.
//
//   X1. A delete is seen once the cache no longer holds that uid, or holds it with a deletionTimestamp. The cache is
//       asked, not told: a pod that was gone before we expected it to go would otherwise be waited for in vain.
//   X2. After 5 min an expectation no longer counts: better a look at a cache that may be stale than none at all.
import type { Clock } from "../clock.ts";
import type { KubernetesObject } from "../effects/cluster.ts";
import { type Key, keyOf } from "../effects/key.ts";

export interface DeletedObject {
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

/** Where the deleted objects are cached. */
export interface CacheOfDeleted {
  get(key: Key): KubernetesObject | undefined;
}

interface Expectation extends DeletedObject {
  readonly untilMs: number;
}

const patienceMs = 300_000;

export class Expectations {
  readonly #clock: Clock;
  readonly #cache: CacheOfDeleted;
  readonly #expected = new Map<Key, Map<string, Expectation>>();

  constructor(clock: Clock, cache: CacheOfDeleted) {
    this.#clock = clock;
    this.#cache = cache;
  }

  /** To be called before the delete, for the key whose looks depend on it. */
  expectDeletion(key: Key, { namespace, name, uid }: DeletedObject): void {
    const expected = this.#expected.get(key) ?? new Map<string, Expectation>();
    const ref = namespace === undefined ? { name } : { namespace, name };
    this.#expected.set(key, expected.set(uid, { ...ref, uid, untilMs: this.#clock.monotonicMs() + patienceMs }));
  }

  /** The delete failed. */
  withdraw(key: Key, uid: string): void {
    this.#expected.get(key)?.delete(uid);
  }

  satisfied(key: Key): boolean {
    const expected = this.#expected.get(key);
    if (!expected) return true;
    for (const expectation of expected.values()) {
      if (this.#isSeen(expectation) || this.#isOver(expectation)) expected.delete(expectation.uid);
    }
    if (expected.size === 0) this.#expected.delete(key);
    return expected.size === 0;
  }

  /** When to look again if no event comes first, as it usually does. */
  patience(key: Key): Date {
    const untilMs = Math.min(
      ...[...(this.#expected.get(key)?.values() ?? [])].map((expectation) => expectation.untilMs),
    );
    const leftMs = Number.isFinite(untilMs) ? untilMs - this.#clock.monotonicMs() : 0;
    return new Date(this.#clock.now().getTime() + Math.max(leftMs, 0));
  }

  forget(key: Key): void {
    this.#expected.delete(key);
  }

  #isSeen(expectation: Expectation): boolean {
    const cached = this.#cache.get(keyOf(expectation))?.metadata;
    return cached?.uid !== expectation.uid || cached.deletionTimestamp !== undefined; // X1
  }

  #isOver({ untilMs }: Expectation): boolean {
    return this.#clock.monotonicMs() >= untilMs; // X2
  }
}
