import { keyOf } from "../../src/effects/key.ts";
import { pods, taskRuns } from "../../src/effects/resources.ts";
import type { RunEvents } from "../../src/gateway/deps.ts";
import type { FakeCluster } from "../fakes/cluster.ts";

/** News about runs and their pods, as the fake cluster changes. */
export class FakeRunEvents implements RunEvents {
  readonly #listeners = new Map<() => void, ReadonlySet<string>>();

  constructor({ store }: FakeCluster) {
    for (const resource of [taskRuns, pods]) {
      store.watch(resource, {}, store.resourceVersion, (event) => {
        if (event.type === "BOOKMARK") return;
        const { metadata } = event.object;
        const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)?.name;
        const run = resource === pods ? { ...metadata, name: owner ?? "" } : metadata;
        this.#tell(keyOf(run));
      });
    }
  }

  subscribe(keys: readonly string[], listener: () => void): () => void {
    const own = () => listener(); // the same function may be given twice
    this.#listeners.set(own, new Set(keys));
    return () => this.#listeners.delete(own);
  }

  /** How many are listening: a poll that has settled leaves nobody behind. */
  get listeners(): number {
    return this.#listeners.size;
  }

  #tell(key: string): void {
    for (const [listener, keys] of this.#listeners) if (keys.has(key)) listener();
  }
}
