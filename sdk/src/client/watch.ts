// Waiting for one run to end.
//
//   W1. Every look starts from the present state: a watch that ended, for whatever reason, is followed by a list. Events
//       get lost; a list of one object is cheap.
//   W2. A watch that fails six times in a row without bringing anything is given up (S284).
import type { RunOutcome } from "@stint/crds/attempt";
import type { TaskRun } from "@stint/crds/taskrun";

import { ClientError } from "../errors.ts";
import { outcomeOf } from "./outcome.ts";
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
  for (let failures = 0; ; failures++) {
    const { outcome, resourceVersion } = await list(transport, run, signal);
    if (outcome) return outcome;

    const watched = await watch(transport, run, { resourceVersion, signal });
    if (watched.outcome) return watched.outcome;
    if (watched.sawEvents) failures = 0;
    if (watched.error !== undefined && failures >= patience) throw watched.error; // W2
    await transport.sleep(backoffMs(watched.error === undefined ? 0 : failures), signal);
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
  if (!found) throw notFound(run);
  return { outcome: outcomeOf(found), resourceVersion: metadata.resourceVersion };
}

interface Watched {
  readonly outcome?: RunOutcome;
  readonly sawEvents: boolean;
  readonly error?: unknown;
}

/** Until the run ends, or the watch does. */
async function watch(
  transport: Transport,
  run: RunPlace,
  { resourceVersion, signal }: { readonly resourceVersion: string; readonly signal: AbortSignal },
): Promise<Watched> {
  const query = `${selecting(run)}&watch=true&timeoutSeconds=${watchSeconds}&resourceVersion=${resourceVersion}`;
  let sawEvents = false;
  try {
    const lines = transport.lines({
      method: "GET",
      path: `${run.path}?${query}`,
      what: `watch run ${run.name}`,
      signal,
    });
    for await (const line of lines) {
      const event = JSON.parse(line) as WatchEvent; // the API server's own format
      if (event.type === "ERROR") break; // too old to go on from: the next list is not
      sawEvents = true;
      const outcome = outcomeOf(event.object);
      if (outcome) return { outcome, sawEvents };
      if (event.type === "DELETED") throw notFound(run);
    }
    return { sawEvents };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ClientError && !isPassing(error) && error.statusCode !== 410) throw error;
    return { sawEvents, error };
  }
}

interface RunList {
  readonly items: readonly TaskRun[];
  readonly metadata: { readonly resourceVersion: string };
}

type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: TaskRun }
  | { readonly type: "ERROR"; readonly object: unknown };

function selecting({ name }: RunPlace): string {
  return `fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
}

export function notFound({ name }: RunPlace): ClientError {
  return new ClientError(`task run not found: ${name}`, { statusCode: 404, code: "NotFound" });
}
