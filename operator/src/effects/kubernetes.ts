// The Cluster over HTTP.
//
//   K1. A write is repeated only where the second one is harmless: it has a name, a version or a uid in it.
//   K2. Every try, a repeated one too, takes a token from the bucket.
//   K3. JSON goes in and comes out as it is. Lists of Kubernetes' own kinds leave `kind` and `apiVersion` out of their
//       items; they are put back, and nothing else is touched.
import { ApiError } from "../errors.ts";
import { type Call, requestOf, withKind } from "./api-call.ts";
import { refusalOf, silenceOf, type Status, streamedRefusalOf } from "./api-refusal.ts";
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
} from "./cluster.ts";
import type { Connection } from "./connection.ts";
import { jsonLines } from "./json-lines.ts";
import { repeat } from "./repeat.ts";
import { neverAborted, type Timekeeper } from "./timekeeper.ts";
import { TokenBucket, type TokenBucketOptions } from "./token-bucket.ts";
import { type Answer, type AnswerStream, Transport } from "./transport.ts";

/** What happens on the wire, for metrics. */
interface RequestObserver {
  /** How long a request waited for its token. */
  throttled(waitMs: number): void;
  /** `status` is absent where no answer came. */
  answered(request: AnsweredRequest): void;
}

export interface AnsweredRequest {
  readonly verb: string;
  readonly resource: string;
  readonly status: number | undefined;
  readonly durationMs: number;
}

export interface KubernetesClusterOptions {
  readonly connection: Connection;
  readonly time: Timekeeper;
  readonly observer: RequestObserver;
  /** From 0 to 1: spreads repetitions. */
  readonly random: () => number;
  /** `stint-operator/<version>`. */
  readonly userAgent: string;
  /** Default 8. */
  readonly connections?: number;
  /** How often a request is sent at most. Default 5; the Lease's client takes 1, since the election repeats by itself. */
  readonly tries?: number;
  /** Absent means unbounded, which is for the Lease's client alone: nothing may delay a renewal. */
  readonly rate?: TokenBucketOptions;
}

interface WireList<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  /** Null in an empty list of metadata alone: the API server's own list has been given no item. */
  readonly items: readonly T[] | null;
}

type WireEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly object: KubernetesObject }
  | { readonly type: "ERROR"; readonly object: Status };

export class KubernetesCluster implements Cluster {
  readonly #transport: Transport;
  readonly #bucket: TokenBucket | undefined;
  readonly #options: KubernetesClusterOptions;

  constructor(options: KubernetesClusterOptions) {
    const { connection, userAgent, connections = 8, rate, time } = options;
    this.#transport = new Transport(connection, { userAgent, connections });
    this.#bucket = rate && new TokenBucket(rate, time);
    this.#options = options;
  }

  /** Ends every connection. Calls and watches under way fail as `unavailable`. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  get<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef, { signal }: CallOptions = {}): Promise<T> {
    return this.#call({ verb: "get", resource, ref, harmless: true, signal });
  }

  async list<T extends KubernetesObject>(resource: Resource<T>, options: ListOptions): Promise<ListPage<T>> {
    const { signal, namespace, metadataOnly, ...query } = options;
    const call: Call = {
      verb: "list",
      resource,
      ref: scopeOf(namespace),
      query: { ...query },
      metadataOnly,
      harmless: true,
      signal,
    };
    const { metadata, items } = await this.#call<WireList<T>>(call);
    return {
      items: (items ?? []).map((item) => (item.kind && !metadataOnly ? item : withKind(resource, item))), // K3
      resourceVersion: metadata.resourceVersion,
      ...(metadata.continue ? { continue: metadata.continue } : {}),
    };
  }

  async *watch<T extends KubernetesObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const { signal, namespace, ...selection } = options;
    const query = { ...selection, watch: true, allowWatchBookmarks: true };
    const call: Call = { verb: "watch", resource, ref: scopeOf(namespace), query, harmless: true, signal };
    const stream = await this.#once(call, () => this.#open(call)); // not repeated: informers have their own patience
    try {
      for await (const event of jsonLines<WireEvent<T>>(stream.body)) yield eventOf(call, event);
    } catch (error) {
      throw silenceOf(call, error);
    }
  }

  create<T extends KubernetesObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    body: object,
    { signal }: CallOptions = {},
  ): Promise<T> {
    const name = nameIn(body);
    return this.#call({
      verb: "create",
      resource,
      ref: { ...scopeOf(namespace), ...(name === undefined ? {} : { name }) },
      // Our own schemas drop a field that they do not know, and with it, in silence, what the caller meant.
      query: { fieldValidation: resource.group === "stint.dev" ? "Strict" : undefined },
      body: withKind(resource, body),
      harmless: name !== undefined, // for a second try without one the API server would make up a second name
      signal,
    });
  }

  replace<T extends KubernetesObject>(resource: Resource<T>, object: T, { signal }: CallOptions = {}): Promise<T> {
    const body = withKind(resource, object);
    return this.#call({ verb: "replace", resource, ref: object.metadata, body, harmless: true, signal });
  }

  replaceStatus<T extends KubernetesObject>(
    resource: Resource<T>,
    target: VersionedRef,
    status: object,
    { signal }: CallOptions = {},
  ): Promise<T> {
    const { namespace, name, uid, resourceVersion } = target;
    const body = withKind(resource, { metadata: { namespace, name, uid, resourceVersion }, status });
    return this.#call({ verb: "replaceStatus", resource, ref: target, body, harmless: true, signal });
  }

  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions): Promise<void> {
    const { signal, uid, resourceVersion, ...how } = options;
    const body = { ...deleteOptions, ...how, preconditions: { uid, resourceVersion } };
    try {
      await this.#call({ verb: "delete", resource, ref, body, harmless: true, signal });
    } catch (error) {
      const reason = error instanceof ApiError ? error.reason : undefined;
      const isNamesake = reason === "conflict" && resourceVersion === undefined; // then only the uid can differ
      if (reason !== "notFound" && !isNamesake) throw error;
    }
  }

  async deleteCollection(resource: Resource, namespace: string, options: DeleteCollectionOptions): Promise<void> {
    const { signal, labelSelector, ...how } = options;
    await this.#call({
      verb: "deleteCollection",
      resource,
      ref: { namespace },
      query: { labelSelector },
      body: { ...deleteOptions, ...how },
      harmless: false, // a second one may meet what came in between; the next look deletes what is left
      signal,
    });
  }

  /** The answer has the shape that the API server gives it: `T` is the caller's word for that. */
  async #call<T>(call: Call): Promise<T> {
    const { time, random, tries = 5 } = this.#options;
    const { harmless, signal = neverAborted } = call;
    const once = () => this.#once(call, () => this.#send(call));
    const { text } = await repeat(once, { harmless, tries, time, random, signal }); // K1
    try {
      return JSON.parse(text);
    } catch (error) {
      throw silenceOf(call, error);
    }
  }

  async #send(call: Call): Promise<Answer> {
    const answer = await this.#transport.send(requestOf(call));
    if (answer.status >= 300) throw refusalOf(call, answer);
    return answer;
  }

  async #open(call: Call): Promise<AnswerStream> {
    const stream = await this.#transport.open(requestOf(call));
    if (stream.status >= 300) throw refusalOf(call, { ...stream, text: await stream.body.text() });
    return stream;
  }

  async #once<A extends Answer | AnswerStream>(call: Call, send: () => Promise<A>): Promise<A> {
    const { time, observer } = this.#options;
    observer.throttled((await this.#bucket?.take(call.signal ?? neverAborted)) ?? 0); // K2
    const startMs = time.monotonicMs();
    const report = (status: number | undefined) =>
      observer.answered({
        verb: call.verb,
        resource: call.resource.plural,
        status,
        durationMs: time.monotonicMs() - startMs,
      });
    try {
      const answer = await send();
      report(answer.status);
      return answer;
    } catch (error) {
      report(error instanceof ApiError ? error.status : undefined);
      throw silenceOf(call, error);
    }
  }
}

const deleteOptions = { apiVersion: "v1", kind: "DeleteOptions" };

function scopeOf(namespace: string | undefined): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

function nameIn(body: object): string | undefined {
  const { metadata }: { metadata?: { name?: string } } = body;
  return metadata?.name;
}

function eventOf<T>(call: Call, event: WireEvent<T>): WatchEvent<T> {
  if (event.type === "ERROR") throw streamedRefusalOf(call, event.object);
  if (event.type !== "BOOKMARK") return event;
  return { type: "BOOKMARK", resourceVersion: event.object.metadata.resourceVersion };
}
