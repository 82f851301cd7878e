// Waiting for one run to end.
//
//   W1. Every look starts from the present state: a watch that ended, for whatever reason, is followed by a list. Events
//       get lost; a list of one object is cheap.
//   W2. A watch that breaks is no failure: whatever stands between us and the API server may close a quiet connection.
//       One that cannot be opened is, and six of them in a row are the end of the wait (S284).
import type { RunOutcome } from "@stint/crds/attempt";
import type { TaskRun } from "@stint/crds/taskrun";

import { ClientError } from "../errors.ts";
import { outcomeOf } from "./outcome.ts";
import { notFound } from "./root-run.ts";
import { backoffMs, isPassing, type Transport } from "./transport.ts";

const watchSeconds = 290;
const patience = 5;

/** Where a run is found, and what people call it. */
export interface RunPlace {
  /** Of all runs of its namespace, without a query. */
  readonly path: string;
  readonly name: string;
}

/** Resolves once the run is terminal. Throws a ClientError if there is no such run, or no longer. */
export async function watchToEnd(transport: Transport, run: RunPlace, signal: AbortSignal): Promise<RunOutcome> {
  let failures = 0;
  for (;;) {
    const { outcome, resourceVersion } = await list(transport, run, signal);
    if (outcome) return outcome;
    try {
      const events = await openWatch(transport, run, { resourceVersion, signal });
      failures = 0;
      const seen = await endIn(events, run, signal);
      if (seen) return seen;
    } catch (error) {
      if (!isPassing(error) || ++failures > patience) throw error; // W2
    }
    await transport.sleep(backoffMs(Math.max(failures - 1, 0)), signal);
  }
}

async function list(
  transport: Transport,
  run: RunPlace,
  signal: AbortSignal,
): Promise<{ readonly outcome: RunOutcome | undefined; readonly resourceVersion: string }> {
  const request = {
    method: "GET",
    path: `${run.path}?${selecting(run)}`,
    what: `get run ${run.name}`,
    signal,
  } as const;
  const { items, metadata } = (await transport.send(request)) as RunList; // the API server's schema has checked it
  const [found] = items;
  if (!found) throw notFound(run.name);
  return { outcome: outcomeOf(found), resourceVersion: metadata.resourceVersion };
}

async function openWatch(
  transport: Transport,
  run: RunPlace,
  { resourceVersion, signal }: { readonly resourceVersion: string; readonly signal: AbortSignal },
): Promise<AsyncIterable<string>> {
  const options = { watch: "true", allowWatchBookmarks: "true", timeoutSeconds: `${watchSeconds}`, resourceVersion };
  const path = `${run.path}?${selecting(run)}&${new URLSearchParams(options).toString()}`;
  try {
    return await transport.open({ method: "GET", path, what: `watch run ${run.name}`, signal });
  } catch (error) {
    if (error instanceof ClientError && error.statusCode === 410) return noEvents(); // the next list is not too old
    throw error;
  }
}

/** Reads on until the run ends; `undefined` if the watch does so first. */
async function endIn(
  lines: AsyncIterable<string>,
  run: RunPlace,
  signal: AbortSignal,
): Promise<RunOutcome | undefined> {
  for await (const event of eventsIn(lines, signal)) {
    if (event.type === "ERROR") return undefined; // too old to go on from, mostly
    const outcome = outcomeOf(event.object);
    if (outcome) return outcome;
    if (event.type === "DELETED") throw notFound(run.name);
  }
  return undefined;
}

async function* eventsIn(
  lines: AsyncIterable<string>,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  try {
    for await (const line of lines) yield JSON.parse(line) as WatchEvent; // the API server's own format
  } catch {
    signal.throwIfAborted(); // else the connection broke: W2
  }
}

async function* noEvents(): AsyncGenerator<string, void, undefined> {}

interface RunList {
  readonly items: readonly TaskRun[];
  readonly metadata: { readonly resourceVersion: string };
}

type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: TaskRun }
  | { readonly type: "ERROR"; readonly object: unknown };

function selecting({ name }: RunPlace): string {
  return `fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
}
