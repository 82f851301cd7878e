// The `Cluster` in memory. It keeps the API server's law (object-store.ts), and can be acted upon by other hands than the
// operator's: a person's, a kubelet's.
import type {
  CallOptions,
  Cluster,
  DeleteCollectionOptions,
  DeleteOptions,
  KubernetesObject,
  ListOptions,
  ListPage,
  ObjectRef,
  Resource,
  VersionedRef,
  WatchEvent,
  WatchOptions,
} from "@stint/operator/effects/cluster";

import { Channel } from "./channel.ts";
import type { ObjectStore } from "./object-store.ts";

export type Verb = Exclude<keyof Cluster, symbol>;

/** What is called, as far as it is known before the answer. */
export interface Call {
  readonly verb: Verb;
  readonly resource: Resource;
  readonly ref: Partial<ObjectRef>;
  readonly signal: AbortSignal | undefined;
}

export class MemoryCluster implements Cluster {
  readonly store: ObjectStore;
  readonly #watches = new Map<Channel<WatchEvent<KubernetesObject>>, Resource>();

  /** Two clusters on one store are two processes before one API server. */
  constructor(store: ObjectStore) {
    this.store = store;
  }

  // What the operator sees.

  get<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef, { signal }: CallOptions = {}): Promise<T> {
    return this.#call({ verb: "get", resource, ref, signal }, () => asked(resource, this.store.get(resource, ref)));
  }

  list<T extends KubernetesObject>(resource: Resource<T>, options: ListOptions): Promise<ListPage<T>> {
    return this.#call({ verb: "list", resource, ref: {}, signal: options.signal }, () => {
      const page = this.store.list(resource, options, options.limit, options.continue);
      const shown = (item: KubernetesObject): KubernetesObject => {
        const { apiVersion, kind, metadata } = item;
        return options.metadataOnly ? { apiVersion, kind, metadata } : item;
      };
      return { ...page, items: page.items.map((item) => asked(resource, shown(item))) };
    });
  }

  async *watch<T extends KubernetesObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const { signal, resourceVersion } = options;
    const channel = new Channel<WatchEvent<KubernetesObject>>();
    const stop = await this.#call({ verb: "watch", resource, ref: {}, signal }, () =>
      this.store.watch(resource, options, resourceVersion, (event) => this.show(resource, () => channel.push(event))),
    );
    const abort = () => channel.fail(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.#watches.set(channel, resource);
    try {
      for await (const event of channel) {
        yield event.type === "BOOKMARK" ? event : { type: event.type, object: asked(resource, event.object) };
      }
    } finally {
      this.#watches.delete(channel);
      signal.removeEventListener("abort", abort);
      stop();
    }
  }

  create<T extends KubernetesObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    body: object,
    { signal }: CallOptions = {},
  ): Promise<T> {
    const ref = { ...(namespace === undefined ? {} : { namespace }), name: nameIn(body) };
    return this.#call({ verb: "create", resource, ref, signal }, () =>
      asked(resource, this.store.create(resource, namespace, body)),
    );
  }

  replace<T extends KubernetesObject>(resource: Resource<T>, object: T, { signal }: CallOptions = {}): Promise<T> {
    return this.#call({ verb: "replace", resource, ref: object.metadata, signal }, () =>
      asked(resource, this.store.replace(resource, object)),
    );
  }

  replaceStatus<T extends KubernetesObject>(
    resource: Resource<T>,
    target: VersionedRef,
    status: object,
    { signal }: CallOptions = {},
  ): Promise<T> {
    return this.#call({ verb: "replaceStatus", resource, ref: target, signal }, () =>
      asked(resource, this.store.replaceStatus(resource, target, status)),
    );
  }

  delete(resource: Resource, ref: ObjectRef, options: DeleteOptions): Promise<void> {
    return this.#call({ verb: "delete", resource, ref, signal: options.signal }, () => {
      const stored = this.store.find(resource, ref);
      if (stored?.metadata.uid === options.uid) this.store.delete(resource, ref, options);
    });
  }

  deleteCollection(resource: Resource, namespace: string, options: DeleteCollectionOptions): Promise<void> {
    const { labelSelector, gracePeriodSeconds, signal } = options;
    return this.#call({ verb: "deleteCollection", resource, ref: { namespace }, signal }, () => {
      for (const { metadata } of this.store.all(resource, { namespace, labelSelector })) {
        this.store.delete(resource, metadata, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
      }
    });
  }

  // What others do.

  /** Puts an object in as it is, uid and status included, by another hand than the operator's. */
  seed<T extends KubernetesObject>(resource: Resource<T>, object: object): T {
    return asked(resource, this.store.seed(resource, object));
  }

  /** The object as it is now, without a call. */
  peek<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef): T | undefined {
    const found = this.store.find(resource, ref);
    return found && asked(resource, found);
  }

  /** All objects of a resource, by name, without a call. */
  peekAll<T extends KubernetesObject>(resource: Resource<T>): readonly T[] {
    return this.store.all(resource).map((object) => asked(resource, object));
  }

  /** A change by another hand, a user's for instance; never a conflict. A changed status is ignored. */
  edit<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef, change: (object: T) => object): T {
    return asked(resource, this.store.replace(resource, change(asked(resource, this.store.get(resource, ref)))));
  }

  /** A status written by another hand, the kubelet's for instance; never a conflict. */
  setStatus<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef, status: object): T {
    return asked(resource, this.store.replaceStatus(resource, this.store.get(resource, ref).metadata, status));
  }

  /** A delete by another hand: a live pod on a node keeps its grace period, until {@link remove}. */
  deleteByHand(resource: Resource, ref: ObjectRef): void {
    this.store.delete(resource, ref, {});
  }

  /** Gone at once, as after the kubelet's last word or with a lost etcd entry. */
  remove(resource: Resource, ref: ObjectRef): void {
    this.store.remove(resource, ref);
  }

  /** Tells every watcher how far it is. */
  sendBookmarks(): void {
    const { resourceVersion } = this.store;
    for (const [watch, resource] of this.#watches) {
      this.show(resource, () => watch.push({ type: "BOOKMARK", resourceVersion }));
    }
  }

  /** Ends every open watch, cleanly or with an error. */
  endWatches(error?: unknown): void {
    for (const watch of this.#watches.keys()) {
      if (error === undefined) watch.end();
      else watch.fail(error);
    }
  }

  /** How many watches are open: a stopped component leaves none behind. */
  get watches(): number {
    return this.#watches.size;
  }

  /** A call comes in. For a fake that counts. */
  protected begin(_call: Call): void {}

  /** Carries a call out. For a fake that fails on command. */
  protected async answer<R>(_call: Call, carryOut: () => R): Promise<R> {
    return carryOut();
  }

  /** Shows a watch something of a resource. For a fake that keeps it back. */
  protected show(_resource: Resource, show: () => void): void {
    show();
  }

  async #call<R>(call: Call, carryOut: () => R): Promise<R> {
    this.begin(call);
    await Promise.resolve(); // no call answers before its caller has gone on
    call.signal?.throwIfAborted();
    return this.answer(call, carryOut);
  }
}

function nameIn(body: object): string {
  const { metadata }: { metadata?: { name?: string } } = body;
  return metadata?.name ?? "";
}

/** What the store holds has the shape that the test put in, as JSON off the wire has the shape that its sender gave it. */
function asked<T extends KubernetesObject>(_resource: Resource<T>, object: KubernetesObject): T {
  return object as T; // see above
}
