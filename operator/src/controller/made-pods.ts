import type { OwnedPod } from "../core/world.ts";
import type { Key } from "../effects/key.ts";

/** Pods that this process has made and no cache has shown yet, by run: one for each run whose last create is on its way back. */
export class MadePods {
  readonly #byRun = new Map<Key, OwnedPod>();

  made(key: Key, pod: OwnedPod): void {
    this.#byRun.set(key, pod);
  }

  of(key: Key): OwnedPod | undefined {
    return this.#byRun.get(key);
  }

  /** The caches have it, or the run is gone. */
  forget(key: Key): void {
    this.#byRun.delete(key);
  }
}
