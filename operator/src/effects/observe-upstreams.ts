// The runs that a run depends on, and those that depend on it, as the cache has them.

import { submittedBy } from "../core/hand-over.ts";
import { phaseOf } from "../core/status.ts";
import { demandsOf, hasEndedWell, isOver, isUnstarted, standingChildren, type Demand } from "../core/upstreams.ts";
import type { ObservedRun, Upstream } from "../core/world.ts";
import { indexNames, type Cache } from "./caches.ts";
import { keyOf } from "./key.ts";
import { controllerUid, rootUidOf } from "./reading.ts";
import { highestTree } from "./relatives.ts";

type Runs = Cache<ObservedRun>;

/** What {@link run} waits for before its first attempt; `undefined` if it depends on nobody, or has begun. */
export function upstreamsOf(run: ObservedRun, runs: Runs): readonly Upstream[] | undefined {
  if (!isUnstarted(run)) return undefined;
  const demands = demandsOf(run.spec);
  return demands.length === 0 ? undefined : demands.map((demand) => upstreamOf(demand, run, runs));
}

function upstreamOf({ run: name, scope, allowFailure, isListed }: Demand, run: ObservedRun, runs: Runs): Upstream {
  const found = runs.get(keyBeside(run, name));
  if (!found) return { name, allowFailure, isBeside: false, exists: false, isOver: false, isReachable: true };
  const isReachable = isListed || rootUidOf(found) === rootUidOf(run);
  const below = scope === "Subtree" && isOver(found) ? descendantsOf(found, runs) : [];
  const failed = scope === "Subtree" ? failureIn(found, runs) : failureOf(found);
  return {
    name,
    allowFailure,
    isBeside: isBeside(found, run),
    exists: true,
    isReachable,
    isOver: [found, ...below].every((each) => isOver(each)),
    ...(failed && { failed: { name: failed.metadata.name, phase: phaseOf(failed.status?.conditions ?? []) } }),
  };
}

function failureOf(run: ObservedRun): ObservedRun | undefined {
  return isOver(run) && !hasEndedWell(run) ? run : undefined;
}

/** The first that failed of a run and all below it. Below one whose failure is tolerated nothing matters any more (S140). */
function failureIn(run: ObservedRun, runs: Runs, levels = highestTree): ObservedRun | undefined {
  const own = failureOf(run);
  if (own || !isOver(run) || run.status?.tolerated === true || levels === 0) return own;
  const children = standingChildren(runs.by(indexNames.owner, run.metadata.uid), run);
  for (const child of children) {
    const failed = failureIn(child, runs, levels - 1);
    if (failed) return failed;
  }
  return undefined;
}

/** All that stands below a run and counts. Nobody checks owner references, so a circle of them is cut. */
function descendantsOf(run: ObservedRun, runs: Runs, seen = new Set([run.metadata.uid])): readonly ObservedRun[] {
  const children = standingChildren(runs.by(indexNames.owner, run.metadata.uid), run);
  return children.flatMap((child) => {
    if (seen.has(child.metadata.uid)) return [];
    seen.add(child.metadata.uid);
    return [child, ...descendantsOf(child, runs, seen)];
  });
}

/** Whether the run would have to wait for itself, directly or around a circle (S132). */
export function waitsForItself(run: ObservedRun, runs: Runs): boolean {
  const seen = new Set<string>();
  const ahead = awaitedBy(run, runs);
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    const { uid } = next.metadata;
    if (uid === run.metadata.uid) return true;
    if (seen.has(uid)) continue;
    seen.add(uid);
    ahead.push(...awaitedBy(next, runs));
  }
  return false;
}

/** The live runs that have to end before an unstarted run may begin. */
function awaitedBy(run: ObservedRun, runs: Runs): ObservedRun[] {
  if (!isUnstarted(run)) return [];
  return demandsOf(run.spec).flatMap(({ run: name, scope }) => {
    const upstream = runs.get(keyBeside(run, name));
    if (!upstream) return [];
    const awaited = scope === "Subtree" ? [upstream, ...descendantsOf(upstream, runs)] : [upstream];
    return awaited.filter((each) => !isOver(each));
  });
}

/** Whether no live run depends on this one: until then it is not removed, since its result may still be asked for (S160). */
export function dependentsFinished({ metadata }: ObservedRun, runs: Runs): boolean {
  return runs.by(indexNames.upstream, keyOf(metadata)).length === 0;
}

/** Whether one run has handed over both. */
function isBeside(upstream: ObservedRun, run: ObservedRun): boolean {
  const attempt = submittedBy(run);
  return attempt !== undefined && attempt === submittedBy(upstream) && controllerUid(run) === controllerUid(upstream);
}

function keyBeside({ metadata: { namespace } }: ObservedRun, name: string): string {
  return `${namespace}/${name}`;
}
