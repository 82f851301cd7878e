// One look at a run: what was observed, put in order once, so that every rule reads the same facts.
import { ConditionType } from "@stint/crds/conditions";
import { label } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import type { Attempt, TaskRunStatus } from "@stint/crds/taskrun";

import { lastAttempt, liveAttempt, podOf } from "./attempts.ts";
import type { Action, Verdict } from "./decision.ts";
import { isDeclaredLost, isEnded, outcomeOf, type Outcome } from "./outcome.ts";
import { isTolerable, isTrue, withSituation, type Situation } from "./status.ts";
import type { NodeState, ObservedRun, OwnedPod, ReceivedReport, World } from "./world.ts";

export interface Look {
  readonly run: ObservedRun;
  readonly pods: readonly OwnedPod[];
  readonly world: World;
  readonly now: Date;
  /** The status before this look. */
  readonly status: TaskRunStatus;
  /** The newest attempt, and it again if it is live. */
  readonly last: Attempt | undefined;
  readonly attempt: Attempt | undefined;
  /** The live attempt's pod; the last that was seen of it, if it is gone. */
  readonly pod: OwnedPod | undefined;
  /** What the live attempt's runner has just reported, if it counts: not after a stop or a cancel (S164), nor from another pod. */
  readonly report: ReceivedReport | undefined;
  /** How the live attempt ended, if it has. */
  readonly outcome: Outcome | undefined;
  /** When the run has to be over: its own deadline, or its live parent's if that is earlier (S71, S72). */
  readonly deadlineAt: Date | undefined;
}

/** A live run is looked at again after this long even if nothing changes (S97). */
export const lookAgainMs = 30_000;

export function gather(run: ObservedRun, pods: readonly OwnedPod[], world: World, now: Date): Look {
  const attempt = liveAttempt(run);
  const present = attempt && podOf(attempt, pods);
  const pod = present ?? (attempt && world.gonePod && podOf(attempt, [world.gonePod]));
  const report = attempt && reportFor(attempt, run, world);
  const outcome = attempt && observeOutcome(attempt, { pod, podGone: pod !== present }, report, { run, world, now });
  const status = run.status ?? {};
  return {
    run,
    pods,
    world,
    now,
    status,
    last: lastAttempt(run),
    attempt,
    pod,
    report,
    outcome,
    deadlineAt: deadlineOf(run, world),
  };
}

export function isFinished(run: ObservedRun): boolean {
  return isTrue(run.status, ConditionType.Finished);
}

/** Whether nobody has started the run. */
export function isRoot({ metadata: { labels = {}, uid } }: ObservedRun): boolean {
  return labels[label.rootUid] === undefined || labels[label.rootUid] === uid;
}

/** When the run began to count: its creation or its last rerun, or `startAt` if that is later (S71). */
export function beginning({ metadata, spec, status }: ObservedRun): Date {
  const began = Date.parse(status?.rerunAt ?? metadata.creationTimestamp);
  return new Date(spec.startAt === undefined ? began : Math.max(began, Date.parse(spec.startAt)));
}

function nodeOf(pod: OwnedPod | undefined, world: World): NodeState | undefined {
  return pod?.spec.nodeName === undefined ? undefined : world.nodes.get(pod.spec.nodeName);
}

/** Pods in which something may still run: neither ended nor declared lost (S98). */
export function holdingPods({ pods, world }: Look): OwnedPod[] {
  return pods.filter((pod) => !isEnded(pod) && !isDeclaredLost(pod, nodeOf(pod, world)));
}

type PodDeletion = Extract<Action, { readonly kind: "deletePod" }>;

/** Deletions of those that nobody deletes yet. */
export function deletions(pods: readonly OwnedPod[], why: string): PodDeletion[] {
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata: { name, namespace = "", uid } }) => ({ kind: "deletePod", pod: { name, namespace, uid }, why }));
}

/**
 * The same of pods that hold on although their work is over, and only as they were seen: a cache that was cut off shows some
 * that have ended since, and those keep their logs.
 */
export function deletionsAsSeen(pods: readonly OwnedPod[], why: string): PodDeletion[] {
  return pods.flatMap((pod) => {
    const { resourceVersion } = pod.metadata;
    return deletions([pod], why).map((deletion) => ({ ...deletion, pod: { ...deletion.pod, resourceVersion } }));
  });
}

/** The verdict, and another look at this instant at the latest. */
export function lookingAgainAt(verdict: Verdict, due: Date): Verdict {
  return { ...verdict, requeueAt: earliest(verdict.requeueAt, due) ?? due };
}

/** A verdict that leaves the status as it is. */
export function unchanged({ status }: Look, rest: Partial<Verdict> = {}): Verdict {
  return { status, reportTaken: false, actions: [], ...rest };
}

/** A verdict that puts the run into a situation, with changed fields beside it. */
export function settle(look: Look, situation: Situation, { changes = {}, ...rest }: Settlement = {}): Verdict {
  const tolerated = look.run.spec.optional === true && isTolerable(situation) && { tolerated: true };
  const status = withSituation({ ...look.status, ...changes, ...tolerated }, situation, {
    now: look.now,
    generation: look.run.metadata.generation,
  });
  return { status, reportTaken: false, actions: [], ...rest };
}

interface Settlement extends Partial<Omit<Verdict, "status">> {
  readonly changes?: Partial<TaskRunStatus>;
}

/** The earliest of some instants. */
export function earliest(...instants: readonly (Date | undefined)[]): Date | undefined {
  const known = instants.filter((instant) => instant !== undefined);
  return known.length === 0 ? undefined : new Date(Math.min(...known.map((instant) => instant.getTime())));
}

export function after(instant: Date, ms: number): Date {
  return new Date(instant.getTime() + ms);
}

/** When a run of that many seconds has to be over, whoever its parent is (S71). */
export function ownDeadline(run: ObservedRun, seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : after(beginning(run), seconds * 1000);
}

/** The deadline in force: the run's own, pinned or not yet, or its live parent's if that is earlier (S72). */
export function deadlineOf(run: ObservedRun, world: Pick<World, "parent">): Date | undefined {
  const pinned = run.status?.deadlineAt;
  const own = pinned === undefined ? ownDeadline(run, run.spec.deadlineSeconds) : new Date(pinned);
  const inherited = world.parent?.finished === false ? world.parent.deadlineAt : undefined;
  return earliest(own, inherited);
}

function observeOutcome(
  attempt: Attempt,
  { pod, podGone }: { readonly pod: OwnedPod | undefined; readonly podGone: boolean },
  received: ReceivedReport | undefined,
  { run, world, now }: Pick<Look, "run" | "world" | "now">,
): Outcome | undefined {
  if (!pod && !received && attempt.podUid === undefined) return undefined; // the create is due (S98)
  const node = nodeOf(pod, world);
  return outcomeOf(attempt, pod, {
    podGone,
    now,
    cancelStored: run.spec.cancel === true,
    timeoutSeconds: run.status?.resolved?.timeoutSeconds ?? limits.timeoutSeconds.default,
    ...(node && { node }),
    ...(received && { report: received.report }),
  });
}

function reportFor(attempt: Attempt, run: ObservedRun, { report }: World): ReceivedReport | undefined {
  if (attempt.stop !== undefined || run.spec.cancel === true) return undefined;
  const about = report?.podName === attempt.podName && report.podUid === (attempt.podUid ?? report.podUid);
  return about ? report : undefined;
}
