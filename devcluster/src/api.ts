// The API as the parts of devcluster inside this process see it: the kubelet, the scheduler, garbage collection. What goes
// through here has the same defaults, versions, refusals and watch events as what comes by HTTP.
//
//   A1. Everything is synchronous but signing a token: the store is in memory, and a write is seen by the next line.
//   A2. Objects handed out are shared and never changed in place: whoever wants to change one copies it first.
//   A3. A listener is told after the commit, in the order of the commits, and must not throw.
// oxlint-disable typescript/no-unnecessary-type-parameters -- the type argument is the caller's word for what a resource holds

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  /** RFC 3339 with whole seconds, as everywhere in metadata. */
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly object[];
}

/** Any object of the cluster: plain JSON. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [member: string]: unknown;
}

/** An object on its way in: what the server fills in may be absent. */
export interface Draft {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Partial<ObjectMeta>;
  readonly [member: string]: unknown;
}

export interface ObjectRef {
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string;
  readonly name: string;
}

export interface StoreEvent<T extends KubeObject = KubeObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** For DELETED the last state, with the resourceVersion of the deletion. */
  readonly object: T;
}

export interface DeleteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Seconds; absent means the object's own (pods: 30). 0 removes the object at once, whatever its kubelet says. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

/** What a token is asked for: as TokenRequest, whose audiences default to the API server itself. */
export interface TokenOptions {
  readonly audiences?: readonly string[];
  /** Seconds; default 3600, at least 600. */
  readonly expirationSeconds?: number;
  /** Pod to which the token is bound; it must exist. */
  readonly pod?: { readonly name: string; readonly uid: string };
}

/**
 * Resources are named by plural and group: `pods`, `configmaps`, `leases.coordination.k8s.io`.
 *
 * The type argument is the caller's word for what the resource holds; nothing checks it.
 * @throws {Refusal} from every write that the API server would refuse over HTTP, and for a resource that it does not serve.
 */
export interface Api {
  get<T extends KubeObject = KubeObject>(resource: string, ref: ObjectRef): T | undefined;
  /** All of a namespace, or of all namespaces, by key. */
  list<T extends KubeObject = KubeObject>(resource: string, namespace?: string): readonly T[];
  /** Tells of every object there is as ADDED, before it returns, and then of every change. Returns what ends it. */
  watch<T extends KubeObject = KubeObject>(resource: string, listener: (event: StoreEvent<T>) => void): () => void;
  create<T extends KubeObject = KubeObject>(resource: string, object: Draft): T;
  /** Replaces all but the status. With `metadata.resourceVersion` it is refused as a Conflict if that is not current. */
  update<T extends KubeObject = KubeObject>(resource: string, object: Draft): T;
  /** Replaces the status alone. */
  updateStatus<T extends KubeObject = KubeObject>(resource: string, object: Draft): T;
  /** The object as it is afterwards: gone, or with a deletionTimestamp and waiting for its finalizers or its kubelet. */
  delete(resource: string, ref: ObjectRef, options?: DeleteOptions): KubeObject;
  /** A signed token of a ServiceAccount. */
  createToken(serviceAccount: ObjectRef, options?: TokenOptions): Promise<string>;
}
