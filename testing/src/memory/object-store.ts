// The API server's law, in memory: what a write does to an object and to its version, and what a watch then sees.
// The cluster in memory stands on it, and the stub API server of the operator's own tests.
import { canonicalJson, type JsonObject } from "@stint/crds/json";
import type {
  DeleteOptions,
  KubernetesObject,
  ListPage,
  ObjectRef,
  Resource,
  VersionedRef,
  WatchEvent,
} from "@stint/operator/effects/cluster";
import { ApiError, type ApiReason } from "@stint/operator/errors";

import { isName, nameRule } from "./names.ts";
import { isSelected, type SelectedBy } from "./selectors.ts";

/** Any object, with the members that the law looks at. */
interface Stored extends KubernetesObject {
  readonly spec?: { readonly nodeName?: string; readonly terminationGracePeriodSeconds?: number };
  readonly status?: { readonly phase?: string };
}

interface Change {
  readonly resource: string;
  readonly version: number;
  readonly before: Stored | undefined;
  readonly after: Stored | undefined;
  /** What a watcher is shown of a deleted object: its last state in the version of its deletion. */
  readonly object: Stored;
}

type Removal = Partial<Pick<DeleteOptions, "uid" | "resourceVersion" | "gracePeriodSeconds">>;

const withoutStatusSubresource = new Set([
  "InstanceType",
  "ConfigMap",
  "Secret",
  "Lease",
  "Event",
  "ControllerRevision",
]);

export class ObjectStore {
  /** Just below a further digit: who compares versions as texts alone fails within a few writes. */
  #version = 95;
  #created = 0;
  #oldestWatchable = 0;
  readonly #tables = new Map<string, Map<string, Stored>>();
  readonly #changes: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #lists = new Map<string, { readonly version: number; readonly rest: readonly Stored[] }>();
  readonly #now: () => Date;
  readonly #uidOf: (serial: number) => string;

  /** `uidOf` makes the uid of the n-th object that is created. */
  constructor(now: () => Date, uidOf = (serial: number) => `uid-${serial}`) {
    this.#now = now;
    this.#uidOf = uidOf;
  }

  get resourceVersion(): string {
    return String(this.#version);
  }

  get(resource: Resource, ref: ObjectRef): Stored {
    const object = this.#table(resource).get(keyOf(ref));
    if (!object) throw refusal("notFound", `get ${inWords(resource, ref)}: not found`);
    return object;
  }

  find(resource: Resource, ref: ObjectRef): Stored | undefined {
    return this.#table(resource).get(keyOf(ref));
  }

  all(resource: Resource, selection: SelectedBy = {}): readonly Stored[] {
    return [...this.#table(resource).values()]
      .filter((object) => isSelected(object, selection))
      .sort((a, b) => (keyOf(a.metadata) < keyOf(b.metadata) ? -1 : 1));
  }

  list(resource: Resource, selection: SelectedBy, limit = Infinity, token?: string): ListPage<Stored> {
    const { version, rest } = token
      ? this.#resumed(token)
      : { version: this.#version, rest: this.all(resource, selection) };
    const items = rest.slice(0, limit);
    if (rest.length <= limit) return { items, resourceVersion: String(version) };
    const next = `continue-${version}-${rest.length - limit}`;
    this.#lists.set(next, { version, rest: rest.slice(limit) });
    return { items, resourceVersion: String(version), continue: next };
  }

  create(resource: Resource, namespace: string | undefined, body: object): Stored {
    const given = fromWire(body);
    const serial = ++this.#created;
    const name = given.metadata.name ?? `${given.metadata.generateName ?? ""}${String(serial).padStart(5, "0")}`;
    const ref = { name, ...(resource.namespaced && namespace !== undefined ? { namespace } : {}) };
    if (!isName(name)) throw invalidName(resource, ref);
    if (this.#table(resource).has(keyOf(ref))) {
      throw refusal("alreadyExists", `create ${inWords(resource, ref)}: already exists`);
    }
    const { status: _ignored, ...rest } = given;
    const kept = withoutStatusSubresource.has(resource.kind) ? given : rest;
    return this.#put(resource, undefined, {
      ...kept,
      ...(resource.kind === "Pod" ? { status: { phase: "Pending" } } : {}),
      apiVersion: resource.group ? `${resource.group}/${resource.version}` : resource.version,
      kind: resource.kind,
      metadata: {
        ...given.metadata,
        ...ref,
        uid: this.#uidOf(serial),
        creationTimestamp: this.#wholeSeconds(),
        ...(hasGeneration(resource) ? { generation: 1 } : {}),
      },
    });
  }

  /** Puts an object in as it is, uid and status included: what is there when everything begins. */
  seed(resource: Resource, object: object): Stored {
    const { metadata } = fromWire(object);
    const namesake = this.find(resource, metadata);
    if (namesake && namesake.metadata.uid !== metadata.uid) this.remove(resource, metadata);
    return this.#put(resource, this.find(resource, metadata), object);
  }

  /** A write of everything but the status, against the version given, if one is. */
  replace(resource: Resource, object: object): Stored {
    const given = fromWire(object);
    const ref = refOf(given);
    const stored = this.#expect("replace", resource, ref, given.metadata);
    const changed = withoutStatusSubresource.has(resource.kind) ? given : { ...given, status: stored.status };
    const specChanged = hasGeneration(resource) && !isSame(contentOf(changed), contentOf(stored));
    const generation = (stored.metadata.generation ?? 0) + (specChanged ? 1 : 0);
    const { deletionTimestamp, deletionGracePeriodSeconds } = stored.metadata;
    return this.#put(resource, stored, {
      ...changed,
      metadata: {
        ...given.metadata,
        uid: stored.metadata.uid,
        creationTimestamp: stored.metadata.creationTimestamp,
        ...(hasGeneration(resource) ? { generation } : {}),
        ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
        ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
      },
    });
  }

  replaceStatus(resource: Resource, target: VersionedRef, status: object): Stored {
    const stored = this.#expect("replace status of", resource, target, target);
    return this.#put(resource, stored, { ...stored, status: JSON.parse(JSON.stringify(status)) });
  }

  /** As the API server deletes: waiting for finalizers, and for the kubelet where a pod is on a node and alive. */
  delete(resource: Resource, ref: ObjectRef, removal: Removal): void {
    const stored = this.#expect("delete", resource, ref, removal);
    const graceSeconds = graceOf(resource, stored, removal.gracePeriodSeconds);
    if (graceSeconds === 0 && !stored.metadata.finalizers?.length) return this.remove(resource, ref);
    this.#put(resource, stored, {
      ...stored,
      metadata: {
        ...stored.metadata,
        deletionTimestamp: stored.metadata.deletionTimestamp ?? this.#wholeSeconds(graceSeconds),
        deletionGracePeriodSeconds: graceSeconds,
      },
    });
  }

  /** Gone at once, whatever kept it. */
  remove(resource: Resource, ref: ObjectRef): void {
    const stored = this.get(resource, ref);
    this.#table(resource).delete(keyOf(ref));
    const version = ++this.#version;
    this.#record({
      resource: idOf(resource),
      version,
      before: stored,
      after: undefined,
      object: frozen({ ...stored, metadata: { ...stored.metadata, resourceVersion: String(version) } }),
    });
  }

  /** Forgets the past, as etcd's compaction does: watches and lists that began there are `gone`. */
  compact(): void {
    this.#oldestWatchable = this.#version;
    this.#lists.clear();
  }

  /** Shows a watcher what happened after a version, then what happens. Returns the way to stop it. */
  watch(
    resource: Resource,
    selection: SelectedBy,
    after: string,
    show: (event: WatchEvent<Stored>) => void,
  ): () => void {
    if (Number(after) < this.#oldestWatchable) {
      throw refusal("gone", `watch ${resource.plural}: too old resource version: ${after} (${this.#oldestWatchable})`);
    }
    const listener = (change: Change) => {
      if (change.resource !== idOf(resource)) return;
      const event = seenThrough(change, selection);
      if (event) show(event);
    };
    for (const change of this.#changes) if (change.version > Number(after)) listener(change);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Background garbage collection: whatever has owners and none of them left. */
  collectGarbage(resources: readonly Resource[]): void {
    const alive = new Set(
      [...this.#tables.values()].flatMap((table) => [...table.values()].map((o) => o.metadata.uid)),
    );
    for (const resource of resources) {
      for (const object of this.all(resource)) {
        const owners = object.metadata.ownerReferences ?? [];
        if (owners.length > 0 && owners.every((owner) => !alive.has(owner.uid)))
          this.delete(resource, refOf(object), {});
      }
    }
  }

  #expect(verb: string, resource: Resource, ref: ObjectRef, held: { uid?: string; resourceVersion?: string }): Stored {
    const stored = this.#table(resource).get(keyOf(ref));
    if (!stored) throw refusal("notFound", `${verb} ${inWords(resource, ref)}: not found`);
    for (const field of ["uid", "resourceVersion"] as const) {
      if (held[field] === undefined || held[field] === stored.metadata[field]) continue;
      throw refusal(
        "conflict",
        `${verb} ${inWords(resource, ref)}: ${field} is ${stored.metadata[field]}, not ${held[field]}`,
      );
    }
    return stored;
  }

  #put(resource: Resource, before: Stored | undefined, object: object): Stored {
    const given = fromWire(object);
    if (before && isSame(withoutVersion(before), withoutVersion(given))) return before; // nothing changed: no new version
    const version = ++this.#version;
    const after = frozen({ ...given, metadata: { ...given.metadata, resourceVersion: String(version) } });
    this.#table(resource).set(keyOf(after.metadata), after);
    this.#record({ resource: idOf(resource), version, before, after, object: after });
    const isFreed = after.metadata.deletionTimestamp !== undefined && !after.metadata.finalizers?.length;
    if (isFreed && before?.metadata.finalizers?.length) this.remove(resource, refOf(after));
    return after;
  }

  #record(change: Change): void {
    this.#changes.push(change);
    for (const listener of this.#listeners) listener(change);
  }

  #resumed(token: string): { readonly version: number; readonly rest: readonly Stored[] } {
    const found = this.#lists.get(token);
    if (!found) throw refusal("gone", "list: the provided continue parameter is too old");
    return found;
  }

  #table(resource: Resource): Map<string, Stored> {
    const id = idOf(resource);
    const table = this.#tables.get(id) ?? new Map<string, Stored>();
    this.#tables.set(id, table);
    return table;
  }

  #wholeSeconds(later = 0): string {
    return new Date(this.#now().getTime() + later * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  }
}

/** A selector's view of a change: an object that leaves the selection is deleted for it, one that enters is added. */
function seenThrough({ before, after, object }: Change, selection: SelectedBy): WatchEvent<Stored> | undefined {
  const wasSelected = before !== undefined && isSelected(before, selection);
  const isNow = after !== undefined && isSelected(after, selection);
  if (isNow) return { type: wasSelected ? "MODIFIED" : "ADDED", object };
  return wasSelected ? { type: "DELETED", object } : undefined;
}

/** Only a pod on a node that still runs is waited for; 30 s unless the pod or the caller says otherwise. */
function graceOf(resource: Resource, pod: Stored, asked = pod.spec?.terminationGracePeriodSeconds ?? 30): number {
  const isAlive = pod.spec?.nodeName !== undefined && !["Succeeded", "Failed"].includes(pod.status?.phase ?? "");
  return resource.kind === "Pod" && isAlive ? asked : 0;
}

function hasGeneration(resource: Resource): boolean {
  return resource.group === "stint.dev";
}

function contentOf(object: { metadata: unknown; status?: unknown }): object {
  const { metadata: _, status: __, ...content } = object;
  return content;
}

function withoutVersion(object: Stored): object {
  return { ...object, metadata: { ...object.metadata, resourceVersion: "" } };
}

function isSame(a: object, b: object): boolean {
  return canonicalJson(a as JsonObject) === canonicalJson(b as JsonObject); // what is stored is JSON
}

/** What arrives is what JSON carries: no undefined, no Date, nothing shared with the sender. */
function fromWire(body: object): Stored & { readonly metadata: { readonly generateName?: string } } {
  return JSON.parse(JSON.stringify(body));
}

function frozen<T extends object>(object: T): T {
  for (const member of Object.values(object)) if (typeof member === "object" && member !== null) frozen(member);
  return Object.freeze(object);
}

function refOf({ metadata: { namespace, name } }: KubernetesObject): ObjectRef {
  return namespace === undefined ? { name } : { namespace, name };
}

function keyOf({ namespace, name }: ObjectRef): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function idOf({ group, plural }: Resource): string {
  return `${plural}.${group}`;
}

function inWords(resource: Resource, ref: ObjectRef): string {
  return `${resource.kind.toLowerCase()} ${keyOf(ref)}`;
}

function invalidName(resource: Resource, ref: ObjectRef): ApiError {
  const kind = resource.group ? `${resource.kind}.${resource.group}` : resource.kind;
  const serverMessage = `${kind} "${ref.name}" is invalid: metadata.name: Invalid value: "${ref.name}": ${nameRule}`;
  return refusal("invalid", `create ${inWords(resource, ref)}: ${serverMessage}`, serverMessage);
}

const statusOf = { notFound: 404, alreadyExists: 409, conflict: 409, gone: 410, invalid: 422 } as const;

function refusal(reason: ApiReason & keyof typeof statusOf, message: string, serverMessage = message): ApiError {
  return new ApiError(message, { reason, status: statusOf[reason], serverMessage });
}
