// The port to Kubernetes: what the operator may ask of a cluster, in our types and our errors.
//
//   C1. Objects are plain JSON and pass through untouched: a field that we do not know survives.
//   C2. What fails is an ApiError, or the reason of the caller's own signal. Absence is `notFound`, never undefined.
//   C3. `unavailable` on a write means that it may have been carried out.
//   C4. Nothing is deleted by name alone: a namesake is another object.
import type { KubernetesObject } from "@stint/crds/kubernetes";

export type { KubernetesObject } from "@stint/crds/kubernetes";

/** A kind of object and where the API server serves it. `T` is the shape of its objects. */
export interface Resource<T extends KubernetesObject = KubernetesObject> {
  /** "" for Kubernetes' core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: it only ties the resource to the type of its objects. */
  readonly object?: T;
}

/** Where an object is; cluster-scoped ones have no namespace. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}

/** An object in the version that was read: a write against it fails as `conflict` once it has changed. */
export interface VersionedRef extends ObjectRef {
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Which objects. No namespace means all of them. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selection, CallOptions {
  /** Objects a page; absent means all in one. */
  readonly limit?: number;
  /** Where the page before ended. An old one is `gone`. */
  readonly continue?: string;
  /** Leaves out all but the metadata: for objects that are large, of which only names and annotations matter. */
  readonly metadataOnly?: boolean;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  /** The version of the whole list: a watch begins here. */
  readonly resourceVersion: string;
  /** Set if there is another page. */
  readonly continue?: string;
}

export interface WatchOptions extends Selection {
  /** Events after this version. One too old is `gone`. */
  readonly resourceVersion: string;
  /** The API server ends the watch after this long. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  /** Everything up to this version has been sent. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export interface DeleteOptions extends CallOptions {
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

export interface DeleteCollectionOptions extends CallOptions {
  readonly labelSelector: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

/** The operator's whole view of Kubernetes. One adapter speaks HTTP, one fake serves the component tests. */
export interface Cluster {
  /** The object as it is now, past every cache. */
  get<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef, options?: CallOptions): Promise<T>;

  /** One page of the objects, as they are now. */
  list<T extends KubernetesObject>(resource: Resource<T>, options: ListOptions): Promise<ListPage<T>>;

  /**
   * What happens to the objects after a version, bookmarks among it. Ends when the API server ends it; throws what the
   * API server reports in the stream, `gone` for a version too old.
   */
  watch<T extends KubernetesObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;

  /**
   * Creates the object `body`, plain JSON with a `metadata` in it; `apiVersion` and `kind` follow from the resource.
   * Answers it as stored. `alreadyExists` may mean our own earlier try: look at the controller reference.
   */
  create<T extends KubernetesObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    body: object,
    options?: CallOptions,
  ): Promise<T>;

  /** Writes the whole object against its resourceVersion. A status in it is ignored where status is a subresource. */
  replace<T extends KubernetesObject>(resource: Resource<T>, object: T, options?: CallOptions): Promise<T>;

  /**
   * Writes the status and nothing else, against the version that was read. Whole, by PUT: a merge patch would drop
   * every null in a user's result.
   */
  replaceStatus<T extends KubernetesObject>(
    resource: Resource<T>,
    target: VersionedRef,
    status: object,
    options?: CallOptions,
  ): Promise<T>;

  /** Resolves when the object with this uid is going or gone, a namesake under another uid included. */
  delete(resource: Resource, ref: ObjectRef, options: DeleteOptions): Promise<void>;

  /** Deletes what a selector finds. Knows no uid: only for terminal pods of ours, in which nothing can be harmed. */
  deleteCollection(resource: Resource, namespace: string, options: DeleteCollectionOptions): Promise<void>;
}
