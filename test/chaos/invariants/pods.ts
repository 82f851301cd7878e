// What has to hold between a run and its pods.
import type { TaskRun } from "@stint/crds/taskrun";

import {
  attemptOf,
  conditionOf,
  type Entry,
  type History,
  isEnded,
  isFinished,
  type Node,
  type Pod,
  type RunChange,
  type Seen,
  versionsByRun,
} from "../history.ts";
import { said } from "./runs.ts";

/** What the cluster looked like at an instant. */
class State {
  readonly runs = new Map<string, TaskRun>();
  readonly pods = new Map<string, Pod>();
  readonly readyNodes = new Set<string>();
  /** Uids of pods that were declared lost at some time: deleted, on a node that is not Ready or gone. */
  readonly lost = new Set<string>();

  take(change: Seen): void {
    const { kind, type, object } = change;
    if (kind === "node") this.#takeNode(object, type === "DELETED");
    else if (kind === "run") this.runs.set(object.metadata.name, object);
    else if (type === "DELETED") this.pods.delete(object.metadata.uid);
    else this.pods.set(object.metadata.uid, object);
    for (const pod of this.pods.values()) if (this.#isLost(pod)) this.lost.add(pod.metadata.uid);
  }

  othersOf({ metadata }: Pod, run: string): readonly Pod[] {
    return [...this.pods.values()].filter(
      (other) => other.metadata.uid !== metadata.uid && attemptOf(other)?.run === run,
    );
  }

  #takeNode({ metadata: { name }, status }: Node, isGone: boolean): void {
    const isReady = !isGone && conditionOf(status?.conditions, "Ready")?.status === "True";
    if (isReady) this.readyNodes.add(name);
    else this.readyNodes.delete(name);
  }

  #isLost({ metadata: { deletionTimestamp }, spec: { nodeName } }: Pod): boolean {
    return deletionTimestamp !== undefined && nodeName !== undefined && !this.readyNodes.has(nodeName);
  }
}

/** A pod is made only when those before it have ended or are declared lost (S98). */
export function attemptsDoNotOverlap({ changes, ledger }: History): readonly string[] {
  const state = new State();
  const late = new Set<string>();
  return changes.flatMap((change) => {
    state.take(change);
    const attempt = change.kind === "pod" && change.type === "ADDED" ? attemptOf(change.object) : undefined;
    if (change.kind !== "pod" || !attempt) return [];
    const { uid, name } = change.object.metadata;
    if (isOver(state.runs.get(attempt.run), attempt.number)) {
      // An earlier leader's create that came late: the gateway lets it do nothing, and it is deleted.
      late.add(uid);
      const worked = ledger.some(
        (entry) => entry.kind === "started" && entry.podName === name && entry.atMs > change.atMs,
      );
      return worked ? [`pod ${name} came after its attempt and ran`] : [];
    }
    const beside = state
      .othersOf(change.object, attempt.run)
      .filter((pod) => !late.has(pod.metadata.uid) && !isEnded(pod) && !state.lost.has(pod.metadata.uid));
    return beside.map((pod) => `pod ${name} was made while ${pod.metadata.name} lived`);
  });
}

function isOver(run: TaskRun | undefined, number: number): boolean {
  const attempt = run?.status?.attempts?.find((one) => one.number === number);
  return run !== undefined && (isFinished(run) || attempt?.finishedAt !== undefined);
}

/** User's code of two attempts runs side by side only where the cluster could not end the older one (S98). */
export function processesDoNotOverlap({ changes, ledger }: History): readonly string[] {
  return ledger.flatMap((entry) => {
    if (entry.kind !== "started" || entry.beside.length === 0) return [];
    const state = new State();
    for (const change of changes) if (change.atMs <= entry.atMs) state.take(change);
    const lostNames = new Set(
      changes.flatMap(({ kind, object }) =>
        kind === "pod" && state.lost.has(object.metadata.uid) ? [object.metadata.name] : [],
      ),
    );
    return entry.beside
      .filter((podName) => !lostNames.has(podName))
      .map((podName) => `${entry.podName} began to work while the process of ${podName} lived`);
  });
}

/**
 * User's code of one attempt begins once (S98).
 *
 * Unless its pod vanished before any status told of it, and with it whoever knew: then it is made again under its name.
 */
export function attemptsWorkOnce({ changes, ledger, operators }: History): readonly string[] {
  const started = ledger.filter((entry) => entry.kind === "started");
  return [...Map.groupBy(started, ({ podName }) => podName)].flatMap(([podName, [first, ...more]]) => {
    const made = changes.filter(
      ({ kind, type, object }) => kind === "pod" && type === "ADDED" && object.metadata.name === podName,
    );
    const isForgotten = more.every(({ atMs }, index) => {
      const again = made[index + 1];
      const wasTold = changes.some(
        (change) => again && change.kind === "run" && change.atMs < again.atMs && tellsOf(change.object, podName),
      );
      return (
        again !== undefined && again.atMs < atMs && !wasTold && operators.some((end) => first && end.atMs > first.atMs)
      );
    });
    return isForgotten ? [] : [`${podName} began to work ${more.length + 1} times`];
  });
}

function tellsOf({ status }: TaskRun, podName: string): boolean {
  return status?.attempts?.some((attempt) => attempt.podName === podName && attempt.podUid !== undefined) ?? false;
}

/** What was acknowledged is in the run by then, and what succeeded stays the run's outcome (S52). */
export function acknowledgedIsKept(history: History): readonly string[] {
  const versions = versionsByRun(history);
  return history.ledger.flatMap((entry) =>
    entry.kind === "acknowledged" ? acknowledgementProblem(entry, versions.get(entry.run) ?? []) : [],
  );
}

function acknowledgementProblem(
  { run, attempt, state, atMs }: Extract<Entry, { kind: "acknowledged" }>,
  versions: readonly RunChange[],
): readonly string[] {
  const then = recordOf(attempt, versions.findLast((version) => version.atMs <= atMs)?.object);
  if (then?.report === undefined || then.finishedAt === undefined)
    return [`${run}: the report of attempt ${attempt} was acknowledged and not written`];
  const last = versions.at(-1)?.object;
  const isKept = last?.status?.phase === "Succeeded" || recordOf(attempt, last)?.reason === "ResultTooLarge";
  if (state === "failed" || isKept) return [];
  return [`${run}: attempt ${attempt} was acknowledged as succeeded, and the run is ${said(last)}`];
}

function recordOf(number: number, run: TaskRun | undefined) {
  return run?.status?.attempts?.find((attempt) => attempt.number === number);
}

/** At the end no pod is left that works for nobody (S300, S168). */
export function podsHaveAPurpose({ changes }: History): readonly string[] {
  const state = new State();
  for (const change of changes) state.take(change);
  return [...state.pods.values()].flatMap((pod) => {
    const attempt = attemptOf(pod);
    if (!attempt || isEnded(pod)) return [];
    const run = state.runs.get(attempt.run);
    const { name } = pod.metadata;
    if (!run || run.metadata.uid !== pod.metadata.ownerReferences?.[0]?.uid)
      return [`pod ${name} lives and has no run`];
    return isFinished(run) ? [`pod ${name} lives and its run is ${said(run)}`] : [];
  });
}

/** From the loss of a pod to its replacement at the cluster's own timings (S98), after a watch that fell silent (informer.ts). */
const replacedMs = 100_000 + 180_000;

/** No run is Running for long without a pod, once nobody takes pods away (S98). */
export function runningHasAPod({ changes, healedAtMs, endedAtMs, speed }: History): readonly string[] {
  const state = new State();
  const sinceMs = new Map<string, number>();
  const problems = new Set<string>();
  const look = (atMs: number): void => {
    for (const run of state.runs.values()) {
      const { name } = run.metadata;
      if (!isRunningWithoutPod(run, state)) sinceMs.delete(name);
      else if (!sinceMs.has(name)) sinceMs.set(name, atMs);
      const longMs = (atMs - Math.max(sinceMs.get(name) ?? atMs, healedAtMs)) * speed;
      if (longMs > replacedMs) problems.add(`${name} was Running without a pod for more than ${replacedMs / 1000} s`);
    }
  };
  for (const change of changes) {
    look(change.atMs);
    state.take(change);
    look(change.atMs);
  }
  look(endedAtMs);
  return [...problems];
}

function isRunningWithoutPod({ status, metadata }: TaskRun, { pods }: State): boolean {
  if (conditionOf(status?.conditions, "Running")?.status !== "True") return false;
  const last = status?.attempts?.at(-1);
  return ![...pods.values()].some(
    (pod) => attemptOf(pod)?.run === metadata.name && pod.metadata.name === last?.podName,
  );
}
