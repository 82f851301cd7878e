// What has happened, so that a watch can begin in the past.
//
//   L1. Every commit has a version of its own, higher than all before it; an event bears the version of its commit.
//   L2. Only the last events are remembered. Who asks for older ones is told so (410), and lists again: a watch with a
//       hole in it would be believed.
import type { KubeObject } from "./api.ts";

/** One commit. */
export interface LogEvent {
  readonly version: number;
  /** As `resourceId` names it. */
  readonly resource: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  /** What stood there before: a selector that it met and the new state does not makes of this event a deletion. */
  readonly before?: KubeObject;
}

export class EventLog {
  readonly #capacity: number;
  #events: LogEvent[] = [];
  /** The version up to which events are forgotten. */
  #forgotten = 0;
  readonly #listeners = new Set<(event: LogEvent) => void>();

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  append(event: LogEvent): void {
    this.#events.push(event);
    if (this.#events.length > 2 * this.#capacity) this.forget(this.#capacity); // in one go: a shift is linear
    for (const listener of this.#listeners) listener(event);
  }

  /** What came after a version; undefined if some of it is forgotten (L2). */
  since(version: number): readonly LogEvent[] | undefined {
    if (version < this.#forgotten) return undefined;
    return this.#events.filter((event) => event.version > version);
  }

  /** Forgets all but the last events: what compaction does to an etcd. */
  forget(keep = 0): void {
    const kept = keep === 0 ? [] : this.#events.slice(-keep);
    this.#forgotten = this.#events[this.#events.length - kept.length - 1]?.version ?? this.#forgotten;
    this.#events = kept;
  }

  /** From a version on nothing is known: of a store that was read from a file. */
  beginAt(version: number): void {
    this.#forgotten = version;
  }

  subscribe(listener: (event: LogEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
