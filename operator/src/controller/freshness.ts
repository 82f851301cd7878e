// What the silence of the API server means for this process: unready after 5 min of it, and after 15 a clean start.
import type { Clock } from "../clock.ts";
import { pause } from "./waiting.ts";

/** As much of an informer as tells how far its cache can be trusted. */
export interface Followed {
  readonly hasSynced: boolean;
  readonly freshness: "fresh" | "stale" | "lost";
}

type FollowedByName<Name extends string> = Readonly<Record<Name, Followed>>;

const lookEveryMs = 30_000;

/** Names of the caches that are not to be relied on: never listed, or silent for too long. */
export function staleCaches<Name extends string>(informers: FollowedByName<Name>): readonly string[] {
  return namesOf(informers, ({ hasSynced, freshness }) => !hasSynced || freshness !== "fresh");
}

/**
 * Resolves with the names of the caches that are lost: nothing was heard of the API server for so long that a new process
 * does better than this one. With none when the signal is aborted first.
 */
export async function untilLost<Name extends string>(
  informers: FollowedByName<Name>,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly string[]> {
  while (!signal.aborted) {
    const lost = namesOf(informers, ({ freshness }) => freshness === "lost");
    if (lost.length > 0) return lost;
    await pause(clock, lookEveryMs, signal);
  }
  return [];
}

function namesOf<Name extends string>(
  informers: FollowedByName<Name>,
  isMeant: (informer: Followed) => boolean,
): readonly string[] {
  return Object.entries<Followed>(informers)
    .filter(([, informer]) => isMeant(informer))
    .map(([name]) => name);
}
