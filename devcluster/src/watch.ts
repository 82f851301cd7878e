// A watch as its reader sees it: first what has happened since its version, then what happens, until its time is over.
//
//   W1. An object that comes into the selection is ADDED, one that leaves it DELETED, with the state it had before and
//       the version of the event: a reader holds exactly what a list would give.
//   W2. A version that is no longer remembered ends in one ERROR event with code 410.
//   W3. Bookmarks say how far the reader is, at least once a minute, and before the end.
import type { KubeObject } from "./api.ts";
import type { Clock } from "./clock.ts";
import type { EventLog, LogEvent } from "./log.ts";
import { expired, type Status } from "./refusal.ts";
import type { Selects } from "./selectors.ts";

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: object }
  | { readonly type: "ERROR"; readonly object: Status };

export interface WatchOptions {
  readonly resource: string;
  readonly selects: Selects;
  /** Events after this version; undefined: first everything that there is, as ADDED. */
  readonly since: number | undefined;
  readonly initial: readonly KubeObject[];
  readonly timeoutMs: number;
  /** What a bookmark bears besides its version; undefined: none are wanted. */
  readonly bookmark: { readonly apiVersion: string; readonly kind: string } | undefined;
  /** The caller wants a bookmark once the initial objects are told. */
  readonly announcesInitialEnd: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly version: () => number;
}

const bookmarkEveryMs = 60_000;

/** Tells `send` of every event until the time is over or the signal is aborted. */
export async function watch(log: EventLog, options: WatchOptions, send: (event: WatchEvent) => void): Promise<void> {
  const { since, initial, resource, selects, announcesInitialEnd } = options;
  const tell = (event: LogEvent): void => {
    const seen = event.resource === resource ? eventFor(event, selects) : undefined;
    if (seen) send(seen);
  };
  const past = since === undefined ? [] : log.since(since);
  if (past === undefined) {
    const why = `too old resource version: ${since ?? 0} (${options.version()})`;
    return send({ type: "ERROR", object: expired(why).toStatus() }); // W2
  }
  for (const object of initial) send({ type: "ADDED", object });
  past.forEach(tell);
  if (announcesInitialEnd) sendBookmark(options, send, { "k8s.io/initial-events-end": "true" });
  const unsubscribe = log.subscribe(tell);
  try {
    await untilOver(options, send);
  } finally {
    unsubscribe();
  }
}

async function untilOver(options: WatchOptions, send: (event: WatchEvent) => void): Promise<void> {
  const { clock, signal, timeoutMs } = options;
  for (let leftMs = timeoutMs; leftMs > 0 && !signal.aborted; leftMs -= bookmarkEveryMs) {
    await clock.sleep(Math.min(leftMs, bookmarkEveryMs), signal).catch(() => undefined); // aborted: seen by the loop
    if (!signal.aborted) sendBookmark(options, send); // W3
  }
}

function sendBookmark(
  { bookmark, version }: WatchOptions,
  send: (event: WatchEvent) => void,
  annotations?: object,
): void {
  if (!bookmark) return;
  const metadata = { resourceVersion: String(version()), creationTimestamp: null, ...(annotations && { annotations }) };
  send({ type: "BOOKMARK", object: { ...bookmark, metadata } });
}

/** W1. */
function eventFor({ type, object, before }: LogEvent, selects: Selects): WatchEvent | undefined {
  const wasIn = before !== undefined && selects(before);
  const isIn = type !== "DELETED" && selects(object);
  if (isIn) return { type: wasIn ? "MODIFIED" : "ADDED", object };
  if (!wasIn) return undefined;
  const { resourceVersion } = object.metadata;
  const last = type === "DELETED" ? object : before;
  return { type: "DELETED", object: { ...last, metadata: { ...last.metadata, resourceVersion } } };
}
