// A cache that follows the cluster: list, then watch, for as long as the process lives.
//
//   F1. It does not trust silence: a watch without a sign of life for 180 s, three missed bookmarks, is opened again,
//       and every 10 min the cache is compared with a new list (relist-audit.ts).
//   F2. It never gives up and never runs hot. A version too old is listed again at once, and with backoff if that does
//       not help. Any other failure resumes the watch where it was, after a backoff or when the API server says. A watch
//       that ends within a second counts as a failure, or a proxy that closes would make a loop.
//   F3. The cache first, handlers second, each by itself: one that throws stops neither the stream nor the next.
//   F4. Events are taken one at a time, in order. Handlers return nothing to wait for: they enqueue keys.
//   F5. It is synced after its first complete list, and not before.
import type { Clock } from "../clock.ts";
import type { Cluster, KubernetesObject, Resource, Selection, WatchEvent } from "../effects/cluster.ts";
import { type Key, keyOf } from "../effects/key.ts";
import { isAtLeast } from "../effects/resource-version.ts";
import { invariant, isApiError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type CacheChange, type IndexedBy, Indexer } from "./indexer.ts";
import { listAll } from "./list-all.ts";
import { Patience } from "./patience.ts";
import { differences, listedOf } from "./relist-audit.ts";
import { orAborted, pause } from "./waiting.ts";
import { Watchdog } from "./watchdog.ts";

export interface InformerOptions<T extends KubernetesObject, C extends KubernetesObject, Index extends string> {
  readonly cluster: Cluster;
  readonly resource: Resource<T>;
  /** Pods are selected by label, so that memory follows our own. Absent means all. */
  readonly selection?: Selection;
  /** What is kept of an object, before it enters the cache: managedFields are a quarter of a pod. */
  readonly keep: (object: T) => C;
  readonly indexes: Readonly<Record<Index, IndexedBy<C>>>;
  readonly clock: Clock;
  /** From 0 to 1: spreads timeouts, backoffs and audits. */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Told of changes, never of states: whoever needs the state looks into the cache. */
export interface Handlers<C> {
  add?(object: C): void;
  update?(object: C, before: C): void;
  delete?(object: C): void;
}

const idleMs = 180_000;
const briefMs = 1_000;
const auditEveryMs = 600_000;
const staleAfterMs = 300_000;
const lostAfterMs = 900_000;

const relistWanted = new Error("the cache is listed anew");

export class Informer<T extends KubernetesObject, C extends KubernetesObject, Index extends string> {
  readonly cache: Indexer<C, Index>;
  readonly #options: InformerOptions<T, C, Index>;
  readonly #selection: Selection;
  readonly #labels: { readonly resource: string };
  readonly #log: Logger;
  readonly #handlers: Handlers<C>[] = [];
  readonly #patience: Patience;
  readonly #synced = Promise.withResolvers<void>();
  #connectedSince: Date | undefined;
  #hasSynced = false;
  #resourceVersion: string | undefined;
  #listIsDue = true;
  #lastContactMs: number;
  #versionWaiters: { readonly version: string; readonly resolve: () => void }[] = [];
  /** Set while an audit runs: the keys that changed meanwhile. */
  #changedKeys: Set<Key> | undefined;
  #relist = new AbortController();

  constructor(options: InformerOptions<T, C, Index>) {
    const { resource, selection = {}, indexes, clock, random, log } = options;
    this.cache = new Indexer(indexes);
    this.#options = options;
    this.#selection = selection;
    this.#labels = { resource: resource.plural };
    this.#log = log.child(this.#labels);
    this.#patience = new Patience(random);
    this.#lastContactMs = clock.monotonicMs();
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** How far the cache is; undefined before the first list. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion;
  }

  /** Since when nothing has interrupted it; undefined while something does. */
  get connectedSince(): Date | undefined {
    return this.#connectedSince;
  }

  /**
   * Whether the API server has been heard of: `stale` after 5 min of silence, when this process is not ready, `lost`
   * after 15, when it had better start anew.
   */
  get freshness(): "fresh" | "stale" | "lost" {
    const silentMs = this.#options.clock.monotonicMs() - this.#lastContactMs;
    return silentMs < staleAfterMs ? "fresh" : silentMs < lostAfterMs ? "stale" : "lost";
  }

  /** Resolves after the first complete list; rejects with the signal's reason. */
  untilSynced(signal: AbortSignal): Promise<void> {
    return orAborted(this.#synced.promise, signal);
  }

  /** Resolves once the cache tells of this version or a newer one; rejects with the signal's reason. */
  async untilVersion(version: string, signal: AbortSignal): Promise<void> {
    if (this.#resourceVersion && isAtLeast(this.#resourceVersion, version)) return;
    const reached = Promise.withResolvers<void>();
    this.#versionWaiters.push({ version, resolve: reached.resolve });
    await orAborted(reached.promise, signal);
  }

  /** Tells of every object held, as added, and then of every change. */
  subscribe(handlers: Handlers<C>): void {
    this.#handlers.push(handlers);
    for (const object of this.cache.list()) this.#tell(handlers, { kind: "add", object });
  }

  /** Follows the cluster until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.#contact();
    const auditing = this.#auditAgainAndAgain(signal);
    while (!signal.aborted) {
      const waitMs = await this.#follow(signal);
      if (waitMs > 0) await pause(this.#options.clock, waitMs, signal);
    }
    await auditing;
  }

  /** One list, if it is due, and one watch. Answers how many milliseconds to wait before the next. */
  async #follow(signal: AbortSignal): Promise<number> {
    try {
      if (this.#listIsDue) await this.#list(signal);
      invariant(this.#resourceVersion, "a watch begins where a list ended");
      await this.#watch(this.#resourceVersion, signal);
      return 0;
    } catch (error) {
      if (signal.aborted || error === relistWanted) return 0;
      return this.#waitAfter(error);
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { cluster, resource, keep, metrics } = this.#options;
    const { items, resourceVersion } = await listAll(cluster, resource, { selection: this.#selection, keep, signal });
    this.#contact();
    metrics.informerLists.inc(this.#labels);
    this.#listIsDue = false;
    this.#accept(this.cache.replaceAll(items), resourceVersion);
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { cluster, resource, clock, random, metrics } = this.#options;
    const startMs = clock.monotonicMs();
    this.#relist = new AbortController();
    const watchdog = new Watchdog(clock, idleMs, AbortSignal.any([signal, this.#relist.signal])); // F1
    metrics.informerWatches.inc(this.#labels);
    try {
      const events = cluster.watch(resource, {
        ...this.#selection,
        resourceVersion,
        timeoutSeconds: 300 + Math.floor(random() * 301), // the server's own 30 to 60 min is too long to heal a bad stream
        signal: watchdog.signal,
      });
      for await (const event of events) {
        watchdog.sign();
        this.#take(event);
      }
      if (clock.monotonicMs() - startMs < briefMs) throw new Error("the watch ended within a second"); // F2
      this.#contact();
    } finally {
      await watchdog.stop();
      if (clock.monotonicMs() - startMs >= briefMs) this.#patience.reset();
    }
  }

  #take(event: WatchEvent<T>): void {
    const { keep, clock, metrics } = this.#options;
    this.#contact();
    metrics.informerEvents.inc({ ...this.#labels, type: event.type });
    metrics.informerLastEvent.set(this.#labels, clock.now().getTime() / 1000);
    if (event.type === "BOOKMARK") return this.#accept([], event.resourceVersion);
    const object = keep(event.object);
    const changes = event.type === "DELETED" ? this.cache.remove(object) : this.cache.put(object);
    this.#accept(changes, event.object.metadata.resourceVersion);
  }

  /** The cache is at this version now, and these are its changes. */
  #accept(changes: readonly CacheChange<C>[], version: string): void {
    const { metrics } = this.#options;
    if (!this.#resourceVersion || isAtLeast(version, this.#resourceVersion)) this.#resourceVersion = version;
    metrics.informerResourceVersion.set(this.#labels, Number(this.#resourceVersion)); // rounded: for a graph alone
    metrics.informerObjects.set(this.#labels, this.cache.size);
    for (const change of changes) {
      this.#changedKeys?.add(keyOf(change.object.metadata));
      for (const handlers of this.#handlers) this.#tell(handlers, change); // F3
    }
    const reached = this.#versionWaiters.filter((waiter) => isAtLeast(version, waiter.version));
    this.#versionWaiters = this.#versionWaiters.filter((waiter) => !reached.includes(waiter));
    for (const { resolve } of reached) resolve();
  }

  #tell(handlers: Handlers<C>, change: CacheChange<C>): void {
    try {
      if (change.kind === "add") handlers.add?.(change.object);
      else if (change.kind === "update") handlers.update?.(change.object, change.before);
      else handlers.delete?.(change.object);
    } catch (error) {
      this.#options.metrics.informerHandlerErrors.inc(this.#labels);
      this.#log.error({ key: keyOf(change.object.metadata), error }, "an event handler failed");
    }
  }

  #waitAfter(error: unknown): number {
    const { metrics } = this.#options;
    if (isApiError(error, "gone")) {
      metrics.informerExpiries.inc(this.#labels);
      this.#listIsDue = true;
      return this.#patience.afterExpiry();
    }
    const reason = isApiError(error) ? error.reason : "interrupted";
    metrics.informerErrors.inc({ ...this.#labels, reason });
    this.#log.warn({ error, reason, listIsDue: this.#listIsDue }, "the informer was interrupted");
    this.#connectedSince = undefined;
    const backoffMs = this.#patience.afterFailure();
    const askedMs = isApiError(error) ? error.retryAfterMs : undefined;
    return askedMs || backoffMs; // asked to wait for nothing, it would run hot
  }

  async #auditAgainAndAgain(signal: AbortSignal): Promise<void> {
    const { clock, random, metrics } = this.#options;
    for (;;) {
      await pause(clock, auditEveryMs * (0.9 + random() / 5), signal);
      if (signal.aborted) return;
      if (!this.#hasSynced) continue;
      try {
        await this.#audit(signal);
      } catch (error) {
        if (signal.aborted) return;
        metrics.informerErrors.inc({ ...this.#labels, reason: isApiError(error) ? error.reason : "audit" });
        this.#log.warn({ error }, "an audit of the cache failed");
      } finally {
        this.#changedKeys = undefined;
      }
    }
  }

  async #audit(signal: AbortSignal): Promise<void> {
    const { cluster, resource, metrics } = this.#options;
    const changed = (this.#changedKeys = new Set<Key>());
    const list = await listAll(cluster, resource, { selection: this.#selection, keep: listedOf, signal });
    await this.untilVersion(list.resourceVersion, signal);
    const missed = differences(list.items, this.cache.list(), changed);
    metrics.informerAudits.inc(this.#labels);
    if (missed.length === 0) return;
    metrics.informerCacheMisses.inc(this.#labels, missed.length);
    this.#log.error({ misses: missed.length, keys: missed.slice(0, 10) }, "the cache had missed changes");
    this.#listIsDue = true;
    this.#relist.abort(relistWanted);
  }

  #contact(): void {
    this.#lastContactMs = this.#options.clock.monotonicMs();
    this.#connectedSince ??= this.#options.clock.now();
  }
}
