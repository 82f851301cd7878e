// What goes with its owner, and what waits for its dependents.
//
//   G1. An object all of whose owners are gone is deleted: an owner is known by its uid, so one that was deleted and made
//       again is another.
//   G2. `foregroundDeletion` holds an owner until no dependent that blocks it is left; `orphan` until none names it.
//   G3. The collector acts after the request that woke it has been answered, as in a cluster.
import type { KubeObject, OwnerReference } from "./api.ts";
import type { LogEvent } from "./log.ts";
import type { Objects } from "./objects.ts";
import { Refusal } from "./refusal.ts";
import type { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";
import type { Store } from "./store.ts";

interface Dependent {
  readonly resource: Resource;
  readonly object: KubeObject;
}

export class GarbageCollector {
  readonly #store: Store;
  readonly #registry: Registry;
  readonly #objects: Objects;
  /** Every object that is there. */
  readonly #uids = new Set<string>();
  /** Ids of resources and uids of dependents, by the uid of their owner. */
  readonly #dependents = new Map<string, Map<string, Dependent>>();
  #due: (() => void)[] = [];
  readonly #unsubscribe: () => void;

  constructor(store: Store, registry: Registry, objects: Objects) {
    this.#store = store;
    this.#registry = registry;
    this.#objects = objects;
    for (const [resource, object] of store.snapshot().objects) this.#learn(resource, object);
    this.#unsubscribe = store.log.subscribe((event) => this.#observe(event));
  }

  stop(): void {
    this.#unsubscribe();
  }

  #observe(event: LogEvent): void {
    const { type, resource: id, object, before } = event;
    const { uid, ownerReferences = [] } = object.metadata;
    const formerOwners = before?.metadata.ownerReferences ?? [];
    for (const { uid: owner } of formerOwners) this.#dependents.get(owner)?.delete(uid);
    if (type === "DELETED") return this.#forget(object);
    const resource = this.#learn(id, object);
    if (!resource) return;
    if (ownerReferences.length > 0 && type === "ADDED") this.#soon(() => this.#collect({ resource, object }));
    for (const owner of formerOwners) this.#soon(() => this.#release(owner));
    if (object.metadata.deletionTimestamp) this.#soon(() => this.#settle({ resource, object }));
  }

  #forget({ metadata: { uid, ownerReferences = [] } }: KubeObject): void {
    this.#uids.delete(uid);
    for (const dependent of this.#dependentsOf(uid)) this.#soon(() => this.#collect(dependent));
    for (const owner of ownerReferences) this.#soon(() => this.#release(owner));
  }

  #learn(id: string, object: KubeObject): Resource | undefined {
    const resource = this.#registry.byId(id);
    if (!resource) return undefined;
    const { uid, ownerReferences = [] } = object.metadata;
    this.#uids.add(uid);
    for (const { uid: owner } of ownerReferences) {
      const known = this.#dependents.get(owner) ?? new Map<string, Dependent>();
      this.#dependents.set(owner, known.set(uid, { resource, object }));
    }
    return resource;
  }

  /** G3. */
  #soon(work: () => void): void {
    if (this.#due.length === 0) {
      setImmediate(() => {
        const due = this.#due;
        this.#due = [];
        for (const one of due) one();
      });
    }
    this.#due.push(work);
  }

  #dependentsOf(uid: string): readonly Dependent[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  /** G1. */
  #collect({ resource, object }: Dependent): void {
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.some(({ uid }) => this.#uids.has(uid))) return;
    this.#attempt(() => this.#objects.delete(resource, object.metadata, { uid: object.metadata.uid }));
  }

  /** An owner may have waited for the one that named it. */
  #release({ uid }: OwnerReference): void {
    for (const id of this.#store.resources()) {
      const object = this.#store.list(id).find(({ metadata }) => metadata.uid === uid);
      const resource = this.#registry.byId(id);
      if (object?.metadata.deletionTimestamp && resource) this.#settle({ resource, object });
    }
  }

  /** G2. */
  #settle({ resource, object }: Dependent): void {
    const { finalizers = [], uid } = object.metadata;
    const dependents = this.#dependentsOf(uid);
    if (finalizers.includes("orphan")) {
      for (const dependent of dependents) this.#disown(dependent, uid);
      this.#dropFinalizer({ resource, object }, "orphan");
    } else if (finalizers.includes("foregroundDeletion")) {
      for (const { resource: of, object: one } of dependents) {
        if (one.metadata.deletionTimestamp) continue;
        this.#attempt(() =>
          this.#objects.delete(of, one.metadata, { uid: one.metadata.uid, propagationPolicy: "Foreground" }),
        );
      }
      const blocking = this.#dependentsOf(uid).filter(({ object: one }) => blocks(one, uid));
      if (blocking.length === 0) this.#dropFinalizer({ resource, object }, "foregroundDeletion");
    }
  }

  #disown({ resource, object }: Dependent, owner: string): void {
    this.#attempt(() =>
      this.#objects.update(resource, object.metadata, (current) => ({
        ...current,
        metadata: {
          ...current.metadata,
          ownerReferences: current.metadata.ownerReferences?.filter(({ uid }) => uid !== owner) ?? [],
        },
      })),
    );
  }

  #dropFinalizer({ resource, object }: Dependent, finalizer: string): void {
    this.#attempt(() =>
      this.#objects.update(resource, object.metadata, (current) => ({
        ...current,
        metadata: {
          ...current.metadata,
          finalizers: current.metadata.finalizers?.filter((one) => one !== finalizer) ?? [],
        },
      })),
    );
  }

  /** The object may be gone, or another one by now: then there is nothing to do. */
  #attempt(write: () => unknown): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
}

function blocks({ metadata }: KubeObject, owner: string): boolean {
  return (
    metadata.ownerReferences?.some(({ uid, blockOwnerDeletion }) => uid === owner && blockOwnerDeletion === true) ??
    false
  );
}
