// The objects, each under its resource and key, and the one counter of versions.
//
//   ST1. An object in the store is never changed in place: what was handed out stays what it was.
//   ST2. Every put and every removal takes a new version and is one event in the log.
import type { KubeObject, ObjectRef } from "./api.ts";
import { EventLog } from "./log.ts";

/** What a file keeps. */
export interface Snapshot {
  readonly version: number;
  readonly objects: readonly (readonly [resource: string, object: KubeObject])[];
}

export class Store {
  readonly log = new EventLog();
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  /** Not 1: a caller that makes up a small version is told that it is too old, as everywhere. */
  #version = 1000;

  constructor() {
    this.log.beginAt(this.#version);
  }

  get version(): number {
    return this.#version;
  }

  get(resource: string, ref: ObjectRef): KubeObject | undefined {
    return this.#objects.get(resource)?.get(keyOf(ref));
  }

  /** Sorted by key, as an etcd has them. */
  list(resource: string, namespace?: string): readonly KubeObject[] {
    const all = [...(this.#objects.get(resource) ?? [])]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
    return namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace);
  }

  resources(): readonly string[] {
    return [...this.#objects.keys()];
  }

  /** Stores the object under a new version (ST2) and answers it as stored. */
  put(resource: string, object: KubeObject): KubeObject {
    const ofResource = this.#of(resource);
    const key = keyOf(object.metadata);
    const before = ofResource.get(key);
    const stored = this.#withNextVersion(object);
    ofResource.set(key, stored);
    const type = before ? "MODIFIED" : "ADDED";
    this.log.append({ version: this.#version, resource, type, object: stored, ...(before && { before }) });
    return stored;
  }

  /** Removes the object; the last state, under the version of its removal, is answered. */
  remove(resource: string, object: KubeObject): KubeObject {
    const last = this.#withNextVersion(object);
    this.#objects.get(resource)?.delete(keyOf(object.metadata));
    this.log.append({ version: this.#version, resource, type: "DELETED", object: last, before: object });
    return last;
  }

  snapshot(): Snapshot {
    const objects = this.resources().flatMap((resource) =>
      this.list(resource).map((object) => [resource, object] as const),
    );
    return { version: this.#version, objects };
  }

  /** Becomes what a file kept. Its past is not known: watches from before it get a 410. */
  restore({ version, objects }: Snapshot): void {
    this.#version = version;
    this.log.beginAt(version);
    for (const [resource, object] of objects) this.#of(resource).set(keyOf(object.metadata), object);
  }

  #of(resource: string): Map<string, KubeObject> {
    const found = this.#objects.get(resource) ?? new Map<string, KubeObject>();
    this.#objects.set(resource, found);
    return found;
  }

  #withNextVersion(object: KubeObject): KubeObject {
    this.#version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
  }
}

function keyOf({ namespace = "", name }: ObjectRef): string {
  return `${namespace}/${name}`;
}
