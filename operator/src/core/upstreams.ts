// What a run depends on, and when a run that others depend on has ended well enough for them (S130 to S133, S138, S140).
import { ConditionType } from "@stint/crds/conditions";
import type { Dependency } from "@stint/crds/dependency";
import { annotation } from "@stint/crds/labels";
import { isRerunDue } from "@stint/crds/rerun";

import { isFinished } from "./look.ts";
import { isTrue } from "./status.ts";
import type { ObservedRun } from "./world.ts";

/** One run that another depends on, in all the places where it is named. */
export interface Demand {
  readonly run: string;
  readonly scope: NonNullable<Dependency["scope"]>;
  readonly allowFailure: boolean;
  /** Named in `dependsOn`, and not only where its result goes (S130). */
  readonly isListed: boolean;
}

/** Each run that a spec depends on, once: of what is said twice the stricter holds. */
export function demandsOf({ dependsOn = [], inputRefs = [] }: ObservedRun["spec"]): readonly Demand[] {
  const demands = new Map<string, Demand>();
  for (const { run, scope = "Run", allowFailure = false } of dependsOn) {
    const before = demands.get(run);
    demands.set(run, {
      run,
      scope: before?.scope === "Subtree" ? "Subtree" : scope,
      allowFailure: allowFailure && before?.allowFailure !== false,
      isListed: true,
    });
  }
  for (const { run } of inputRefs) {
    if (!demands.has(run)) demands.set(run, { run, scope: "Run", allowFailure: false, isListed: false });
  }
  return [...demands.values()];
}

/** `namespace/name` of each run that a live run depends on, which wakes it when it ends. */
export function upstreamKeysOf(run: ObservedRun): readonly string[] {
  return isOver(run) ? [] : demandsOf(run.spec).map(({ run: name }) => `${run.metadata.namespace}/${name}`);
}

/** Whether the run has not been given an attempt yet: afterwards it waits for nobody any more. */
export function isUnstarted(run: ObservedRun): boolean {
  return !isOver(run) && (run.status?.attempts ?? []).length === 0;
}

/** It has ended, and is not about to be done again (S170). */
export function isOver(run: ObservedRun): boolean {
  return isFinished(run) && !isRerunDue(run);
}

/** It has Succeeded, or its failure is tolerated (S140). */
export function hasEndedWell(run: ObservedRun): boolean {
  return isOver(run) && (isTrue(run.status, ConditionType.Succeeded) || run.status?.tolerated === true);
}

/** The key under which a run was started, and where it stands among those of that key (S120). */
export function keyed({ metadata: { annotations = {} } }: ObservedRun): { key: string; ordinal: number } | undefined {
  const key = annotations[annotation.key];
  return key === undefined ? undefined : { key, ordinal: Number(annotations[annotation.ordinal] ?? 1) };
}

/**
 * The children that count, of a parent's list: one that a later attempt or a later start of its key has replaced does not
 * (S119, S120).
 */
export function standingChildren(children: readonly ObservedRun[], parent: ObservedRun): readonly ObservedRun[] {
  const newest = new Map<string, number>();
  for (const { key, ordinal } of children.map(keyed).filter((each) => each !== undefined)) {
    newest.set(key, Math.max(newest.get(key) ?? 0, ordinal));
  }
  const lastAttempt = parent.status?.attemptCount ?? 1;
  return children.filter((child) => {
    const own = keyed(child);
    if (own) return own.ordinal === newest.get(own.key);
    return Number(child.metadata.annotations?.[annotation.parentAttempt] ?? lastAttempt) === lastAttempt;
  });
}
