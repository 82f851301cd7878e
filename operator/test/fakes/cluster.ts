// The `Cluster` in memory, for component tests. It keeps the API server's law (test/fakes/object-store.ts) and fails
// on command: before a write, after it, or by saying nothing.
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
} from "../../src/effects/cluster.ts";
import { ApiError, type ApiErrorOptions, type ApiReason } from "../../src/errors.ts";
import { Channel } from "./channel.ts";
import { ObjectStore } from "./object-store.ts";

export type Verb = Exclude<keyof Cluster, symbol>;

export interface Call {
  readonly verb: Verb;
  readonly resource: string;
  /** `namespace/name`, as far as the call names an object. */
  readonly key: string;
}

type Fault = (carryOut: () => unknown, signal: AbortSignal | undefined) => Promise<unknown>;

const reads: readonly Verb[] = ["get", "list", "watch"];

/** The API server's no, as the adapter reports it. */
export function apiError(reason: ApiReason, options: Omit<ApiErrorOptions, "reason"> = {}): ApiError {
  return new ApiError(`scripted: ${reason}`, { reason, ...options });
}

export class FakeCluster implements Cluster {
  readonly store: ObjectStore;
  /** Every call, in order. */
  readonly calls: Call[] = [];
  readonly #faults: { readonly verb: Verb; readonly resource: Resource; readonly fault: Fault }[] = [];
  readonly #watches = new Map<Channel<WatchEvent<KubernetesObject>>, Resource>();
  /** By resource, what its watches are not shown yet. */
  readonly #heldBack = new Map<string, (() => void)[]>();
  #partition: Fault | undefined;

  /** Two fakes on one store are two processes before one API server. */
  constructor(options: { readonly now: () => Date } | { readonly store: ObjectStore }) {
    this.store = "store" in options ? options.store : new ObjectStore(options.now);
  }

  // What the operator sees.

  get<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef, { signal }: CallOptions = {}): Promise<T> {
    return this.#call("get", resource, ref, signal, () => asked(resource, this.store.get(resource, ref)));
  }

  list<T extends KubernetesObject>(resource: Resource<T>, options: ListOptions): Promise<ListPage<T>> {
    return this.#call("list", resource, {}, options.signal, () => {
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
    const stop = await this.#call("watch", resource, {}, signal, () =>
      this.store.watch(resource, options, resourceVersion, (event) => this.#show(channel, resource, event)),
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
    return this.#call("create", resource, ref, signal, () =>
      asked(resource, this.store.create(resource, namespace, body)),
    );
  }

  replace<T extends KubernetesObject>(resource: Resource<T>, object: T, { signal }: CallOptions = {}): Promise<T> {
    return this.#call("replace", resource, object.metadata, signal, () =>
      asked(resource, this.store.replace(resource, object)),
    );
  }

  replaceStatus<T extends KubernetesObject>(
    resource: Resource<T>,
    target: VersionedRef,
    status: object,
    { signal }: CallOptions = {},
  ): Promise<T> {
    return this.#call("replaceStatus", resource, target, signal, () =>
      asked(resource, this.store.replaceStatus(resource, target, status)),
    );
  }

  delete(resource: Resource, ref: ObjectRef, options: DeleteOptions): Promise<void> {
    return this.#call("delete", resource, ref, options.signal, () => {
      const stored = this.store.find(resource, ref);
      if (stored?.metadata.uid === options.uid) this.store.delete(resource, ref, options);
    });
  }

  deleteCollection(resource: Resource, namespace: string, options: DeleteCollectionOptions): Promise<void> {
    const { labelSelector, gracePeriodSeconds, signal } = options;
    return this.#call("deleteCollection", resource, { namespace }, signal, () => {
      for (const { metadata } of this.store.all(resource, { namespace, labelSelector })) {
        this.store.delete(resource, metadata, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
      }
    });
  }

  // What a test does to it.

  /** The calls that change something, in order. */
  get writes(): readonly Call[] {
    return this.calls.filter(({ verb }) => !reads.includes(verb));
  }

  /** How many watches are open: a stopped component leaves none behind. */
  get watches(): number {
    return this.#watches.size;
  }

  /** The next such call fails, and nothing is written. */
  failNext(verb: Verb, resource: Resource, error: unknown): void {
    this.#script(verb, resource, () => Promise.reject(error));
  }

  /** The next such call is carried out, and its answer is lost. */
  commitThenFailNext(verb: Verb, resource: Resource, error: unknown = apiError("unavailable")): void {
    this.#script(verb, resource, async (carryOut) => {
      carryOut();
      throw error;
    });
  }

  /** The next such call gets no answer until its signal is aborted. Nothing is written. */
  hangNext(verb: Verb, resource: Resource): void {
    this.#script(verb, resource, (_, signal) => aborted(signal));
  }

  /** The next such call is carried out, and gets no answer until its signal is aborted. */
  commitThenHangNext(verb: Verb, resource: Resource): void {
    this.#script(verb, resource, (carryOut, signal) => {
      carryOut();
      return aborted(signal);
    });
  }

  /** The next such call is carried out when the function returned is called, unless its signal is aborted before. */
  holdNext(verb: Verb, resource: Resource): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#script(verb, resource, async (carryOut, signal) => {
      await (signal ? Promise.race([promise, aborted(signal)]) : promise);
      return carryOut();
    });
    return resolve;
  }

  /** Something happens in the cluster just before the next such call is carried out: the seam of a race. */
  beforeNext(verb: Verb, resource: Resource, happens: () => void): void {
    this.#script(verb, resource, async (carryOut) => {
      happens();
      return carryOut();
    });
  }

  /** Cuts this process off: every call is refused, or hangs until its signal is aborted. */
  partition(how: "refused" | "silent"): void {
    this.#partition =
      how === "refused" ? () => Promise.reject(apiError("unavailable")) : (_, signal) => aborted(signal);
    for (const watch of this.#watches.keys()) if (how === "refused") watch.fail(apiError("unavailable"));
  }

  heal(): void {
    this.#partition = undefined;
  }

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
    for (const [watch, resource] of this.#watches) this.#show(watch, resource, { type: "BOOKMARK", resourceVersion });
  }

  /** From now on this process sees nothing of what happens to a resource, until the function returned is called. */
  holdBack(resource: Resource): () => void {
    const heldBack: (() => void)[] = [];
    this.#heldBack.set(resource.plural, heldBack);
    return () => {
      this.#heldBack.delete(resource.plural);
      for (const show of heldBack) show();
    };
  }

  /** Ends every open watch, cleanly or with an error. */
  endWatches(error?: unknown): void {
    for (const watch of this.#watches.keys()) {
      if (error === undefined) watch.end();
      else watch.fail(error);
    }
  }

  #show(watch: Channel<WatchEvent<KubernetesObject>>, resource: Resource, event: WatchEvent<KubernetesObject>): void {
    const heldBack = this.#heldBack.get(resource.plural);
    if (heldBack) heldBack.push(() => watch.push(event));
    else watch.push(event);
  }

  #script(verb: Verb, resource: Resource, fault: Fault): void {
    this.#faults.push({ verb, resource, fault });
  }

  async #call<R>(
    verb: Verb,
    resource: Resource,
    ref: Partial<ObjectRef>,
    signal: AbortSignal | undefined,
    carryOut: () => R,
  ): Promise<R> {
    this.calls.push({ verb, resource: resource.plural, key: [ref.namespace, ref.name].filter(Boolean).join("/") });
    await Promise.resolve(); // no call answers before its caller has gone on
    signal?.throwIfAborted();
    const index = this.#faults.findIndex((one) => one.verb === verb && one.resource.plural === resource.plural);
    const fault = this.#partition ?? (index < 0 ? undefined : this.#faults.splice(index, 1)[0]?.fault);
    if (fault === undefined) return carryOut();
    return (await fault(carryOut, signal)) as R; // a fault throws, or returns what carryOut did
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  if (!signal) return Promise.reject(new Error("a call without a signal would hang for ever"));
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

function nameIn(body: object): string {
  const { metadata }: { metadata?: { name?: string } } = body;
  return metadata?.name ?? "";
}

/** What the store holds has the shape that the test put in, as JSON off the wire has the shape that its sender gave it. */
function asked<T extends KubernetesObject>(_resource: Resource<T>, object: KubernetesObject): T {
  return object as T; // see above
}
