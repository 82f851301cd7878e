// The law of writing: what every create, update and delete obeys, whoever asks.
//
//   O1. A resourceVersion in the request must be the current one, a uid too; else 409 and nothing has happened.
//   O2. The status belongs to /status and everything else to the object: each write leaves the other's part as it is.
//   O3. `generation` counts changes outside metadata and status.
//   O4. A write that changes nothing is none: no new version, no event.
//   O5. What finalizers hold or a kubelet has to end first gets a deletionTimestamp, and goes with the last of them.
import { isDeepStrictEqual } from "node:util";

import type { DeleteOptions, Draft, KubeObject, ObjectMeta, ObjectRef } from "./api.ts";
import { type Clock, toTime } from "./clock.ts";
import { plain, without } from "./json.ts";
import { type KindRules, rulesFor, type Surroundings } from "./kind-rules.ts";
import { freshMetadata, metadataCauses, updatedMetadata } from "./metadata.ts";
import { isSameOwnership } from "./ownership.ts";
import {
  alreadyExists,
  badRequest,
  type Cause,
  conflict,
  forbidden,
  invalid,
  notFound,
  unclassified,
} from "./refusal.ts";
import { apiVersionOf, type Resource, resourceId } from "./resource.ts";
import { builtin } from "./builtin.ts";
import { judged, shapedDraft } from "./custom.ts";
import type { Store } from "./store.ts";

export interface WriteOptions {
  /** Everything but the commit. */
  readonly dryRun?: boolean;
  /** Told of each field that is dropped because no schema names it; may throw. */
  readonly onUnknown?: (fields: readonly string[]) => void;
  /** Who owns which fields after the write. */
  readonly ownership?: (before: KubeObject | undefined, after: KubeObject) => readonly object[];
}

export interface UpdateOptions extends WriteOptions {
  /** The part that is written; default the object without its status. */
  readonly part?: "status";
  /** A PUT of a custom resource has to say which version it replaces. */
  readonly needsVersion?: boolean;
}

/** What a deletion left: nothing, or an object that waits. */
export interface Deletion {
  readonly object: KubeObject;
  readonly isGone: boolean;
}

/** Of one object, as an etcd takes it. */
const mostBytes = 1.5 * 1024 * 1024;

export class Objects {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get(resource: Resource, ref: ObjectRef): KubeObject {
    const object = this.#store.get(resourceId(resource), ref);
    if (!object) throw notFound(resource, ref.name);
    return object;
  }

  create(resource: Resource, draft: Draft, { dryRun, onUnknown, ownership }: WriteOptions = {}): KubeObject {
    const { namespace } = draft.metadata;
    if (draft.metadata.resourceVersion)
      throw unclassified("resourceVersion should not be set on objects to be created");
    const metadata = freshMetadata(resource, draft, namespace, this.#time());
    if (resource.namespaced) this.#assertOpen(resource, metadata);
    const known: Draft = { ...shapedDraft(resource, draft, onUnknown), metadata };
    const rules = rulesFor(resource);
    const prepared = rules.prepare?.(known, resource, this.#around()) ?? withoutStatus(resource, known);
    const object = asObject(resource, { ...prepared, metadata: { ...metadata, ...prepared.metadata } });
    this.#judge(resource, object, undefined);
    if (this.#store.get(resourceId(resource), object.metadata)) throw alreadyExists(resource, object.metadata.name);
    return this.#commit(resource, undefined, withOwnership(object, ownership?.(undefined, object)), dryRun);
  }

  /** The object after a change, which is computed from what is there now. */
  update(
    resource: Resource,
    ref: ObjectRef,
    change: (current: KubeObject) => Draft,
    options: UpdateOptions = {},
  ): KubeObject {
    const { part, onUnknown, ownership, dryRun } = options;
    const before = this.get(resource, ref);
    const wished = change(before);
    this.#assertSame(resource, before, wished, options);
    const draft = { ...shapedDraft(resource, wished, onUnknown) };
    const metadata = updatedMetadata(draft.metadata, before.metadata);
    const mixed: KubeObject =
      part === "status"
        ? {
            ...before,
            status: draft["status"],
            metadata: { ...before.metadata, managedFields: metadata.managedFields ?? [] },
          }
        : asObject(resource, { ...draft, ...keptStatus(resource, before), metadata });
    const revised = rulesFor(resource).revise?.(mixed, before, this.#around()) ?? mixed;
    const next = withGeneration(resource, compact(revised), before);
    this.#judge(resource, next, before);
    const owned = withOwnership(next, ownership?.(before, next));
    const isSame = isDeepStrictEqual(unowned(owned), unowned(before));
    if (isSame && isSameOwnership(owned.metadata.managedFields, before.metadata.managedFields)) return before; // O4
    return this.#commit(resource, before, owned, dryRun);
  }

  delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}, dryRun = false): Deletion {
    const before = this.get(resource, ref);
    assertPreconditions(resource, before, options);
    const { graceSeconds, isHeld } = rulesFor(resource);
    const grace = graceSeconds?.(before, options.gracePeriodSeconds) ?? 0;
    const finalizers = withPropagation(before.metadata.finalizers ?? [], options);
    if (finalizers.length > 0 || grace > 0 || isHeld?.(before) === true) {
      return { object: this.#mark(resource, before, this.#marked(before, finalizers, grace), dryRun), isGone: false };
    }
    return { object: dryRun ? before : this.#remove(resource, before), isGone: true };
  }

  // oxlint-disable-next-line max-params -- one object before and after, as in every commit
  #mark(resource: Resource, before: KubeObject, marked: KubeObject, dryRun: boolean): KubeObject {
    const revised = rulesFor(resource).revise?.(marked, before, this.#around()) ?? marked;
    return isDeepStrictEqual(revised, before) ? before : this.#commit(resource, before, revised, dryRun);
  }

  /** O5: the mark of deletion. A second one can only hasten the first. */
  #marked(before: KubeObject, finalizers: readonly string[], grace: number): KubeObject {
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, generation } = before.metadata;
    const isMarked = deletionTimestamp !== undefined;
    if (isMarked && grace >= deletionGracePeriodSeconds) {
      return { ...before, metadata: { ...before.metadata, ...(finalizers.length > 0 && { finalizers }) } };
    }
    const metadata: ObjectMeta = {
      ...before.metadata,
      deletionTimestamp: toTime(new Date(this.#clock.now().getTime() + grace * 1000)),
      deletionGracePeriodSeconds: grace,
      ...(generation !== undefined && !isMarked && { generation: generation + 1 }),
      ...(finalizers.length > 0 && { finalizers }),
    };
    return { ...before, metadata };
  }

  #commit(resource: Resource, before: KubeObject | undefined, object: KubeObject, dryRun = false): KubeObject {
    if (dryRun) return object;
    if (JSON.stringify(object).length > mostBytes) throw unclassified("etcdserver: request is too large");
    return this.#isReleased(resource, object)
      ? this.#remove(resource, object)
      : this.#store.put(resourceId(resource), object);
  }

  /** O5: marked, and nothing holds it any more. */
  #isReleased(resource: Resource, object: KubeObject): boolean {
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
    if (deletionTimestamp === undefined || finalizers.length > 0) return false;
    return deletionGracePeriodSeconds === 0 && rulesFor(resource).isHeld?.(object) !== true;
  }

  #remove(resource: Resource, object: KubeObject): KubeObject {
    return this.#store.remove(resourceId(resource), object);
  }

  #judge(resource: Resource, object: KubeObject, before: KubeObject | undefined): void {
    const rules: KindRules = rulesFor(resource);
    const causes: readonly Cause[] = [
      ...metadataCauses(resource, object.metadata, before?.metadata),
      ...(rules.judge?.(object, before) ?? []),
    ];
    const all = judged(resource, object, before, causes);
    if (all.length > 0) throw invalid(resource, object.metadata.name, all);
  }

  /** O1. */
  #assertSame(resource: Resource, before: KubeObject, wished: Draft, { needsVersion }: UpdateOptions): void {
    const { name, resourceVersion, uid } = wished.metadata;
    const ours = before.metadata;
    if (name !== ours.name) {
      throw badRequest(`the name of the object (${name ?? ""}) does not match the name on the URL (${ours.name})`);
    }
    if (!resourceVersion && needsVersion && resource.schema) {
      const message = "Invalid value: 0: must be specified for an update";
      const cause = { reason: "FieldValueInvalid", message, field: "metadata.resourceVersion" };
      throw invalid({ group: "", kind: resourceId(resource) }, ours.name, [cause]);
    }
    if (resourceVersion && resourceVersion !== ours.resourceVersion) throw conflict(resource, ours.name);
    if (uid && uid !== ours.uid) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${ours.uid}`;
      throw conflict(resource, ours.name, why);
    }
  }

  #assertOpen(resource: Resource, { name, namespace = "" }: ObjectMeta): void {
    const namespaces = builtin("namespaces");
    const home = this.#store.get("namespaces", { name: namespace });
    if (!home) throw notFound(namespaces, namespace);
    if (!home.metadata.deletionTimestamp) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const message = `namespace ${namespace} is being terminated`;
    throw forbidden(resource, name, why, [{ reason: "NamespaceTerminating", message, field: "metadata.namespace" }]);
  }

  #around(): Surroundings {
    const store = this.#store;
    return {
      get: (id, ref) => store.get(id, ref),
      list: (id, namespace) => store.list(id, namespace),
      time: this.#time(),
    };
  }

  #time(): string {
    return toTime(this.#clock.now());
  }
}

function asObject(resource: Resource, draft: Draft & { readonly metadata: ObjectMeta }): KubeObject {
  return { ...draft, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: draft.metadata };
}

/** O2, at birth: whoever creates has no say about the status. */
function withoutStatus({ subresources }: Resource, draft: Draft): Draft {
  return subresources.includes("status") ? { ...without(draft, "status"), metadata: draft.metadata } : draft;
}

/** O2. */
function keptStatus({ subresources }: Resource, before: KubeObject): object {
  if (!subresources.includes("status")) return {};
  return { status: before["status"] };
}

/** O3. */
function withGeneration(resource: Resource, next: KubeObject, before: KubeObject): KubeObject {
  if (!resource.hasGeneration) return next;
  const hasStatus = resource.subresources.includes("status");
  const wish = (object: KubeObject): object => without(hasStatus ? without(object, "status") : object, "metadata");
  if (isDeepStrictEqual(wish(next), wish(before))) return next;
  return { ...next, metadata: { ...next.metadata, generation: (before.metadata.generation ?? 0) + 1 } };
}

function compact(object: KubeObject): KubeObject {
  const members = Object.entries(object).filter(([, value]) => value !== undefined);
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([, value]) => value !== undefined));
  return { ...(Object.fromEntries(members) as KubeObject), metadata: metadata as unknown as ObjectMeta }; // less, never other
}

function unowned({ metadata, ...object }: KubeObject): object {
  return { ...object, metadata: without(plain(metadata), "managedFields") };
}

function withOwnership(object: KubeObject, managedFields: readonly object[] | undefined): KubeObject {
  return managedFields ? { ...object, metadata: { ...object.metadata, managedFields } } : object;
}

function withPropagation(finalizers: readonly string[], { propagationPolicy }: DeleteOptions): readonly string[] {
  const wanted = { Orphan: "orphan", Foreground: "foregroundDeletion", Background: undefined }[
    propagationPolicy ?? "Background"
  ];
  return wanted === undefined || finalizers.includes(wanted) ? finalizers : [...finalizers, wanted];
}

/** O1. */
/** @throws {Refusal} Conflict, if the object is another than, or not as, the options say. */
export function assertPreconditions(
  resource: Resource,
  { metadata }: KubeObject,
  { uid, resourceVersion }: DeleteOptions,
): void {
  const named = { ...resource, plural: resource.kind };
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict(named, metadata.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw conflict(named, metadata.name, why);
  }
}
