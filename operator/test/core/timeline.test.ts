// What Stint does with a run, moment by moment, as a reviewer reads it: the instant, the rule that spoke, where the run stands
// then, and what is done in the cluster.
import type { Report } from "@stint/crds/attempt";
import { expect, test } from "vitest";

import type { Decision } from "../../src/core/decision.ts";
import { conditionOf } from "../../src/core/status.ts";
import { aFailure, aSuccess, aTaskRun, aWorld, resolvedSettings, t0 } from "../builders.ts";
import { inWords } from "./decide-row.ts";
import * as box from "./world-in-a-box.ts";
import { aBox, type Box } from "./world-in-a-box.ts";

/** What becomes of a pod: its container starts a second after its creation, and ends so long after that. */
interface Fate {
  readonly afterMs: number;
  readonly ends: (b: Box) => void;
}

const exits = (afterMs: number): Fate => ({ afterMs, ends: (b) => box.end(b, "Failed", 1) });
const isLost = (afterMs: number): Fate => ({ afterMs, ends: (b) => box.vanish(b) });
const runsOutOfMemory = (afterMs: number): Fate => ({ afterMs, ends: (b) => box.end(b, "Failed", 137, "OOMKilled") });
const throws = (afterMs: number): Fate => ({ afterMs, ends: (b) => reports(b, aFailure()) });
const succeeds = (afterMs: number): Fate => ({ afterMs, ends: (b) => reports(b, aSuccess()) });

/** The runner exits once its report is taken. */
function reports(b: Box, report: Report): void {
  box.report(b, report);
  box.end(b, report.kind === "succeeded" ? "Succeeded" : "Failed", report.kind === "succeeded" ? 0 : 1);
}

interface Event {
  readonly atMs: number;
  readonly happens: (b: Box) => void;
}

/** Plays a run's pods one after the other, and writes down every look that changed something. */
function transcript(b: Box, fates: readonly Fate[], others: readonly Event[] = []): string {
  const lines: string[] = [];
  const decide = b.decide;
  const watched: Box = Object.assign(b, {
    decide: (...given: Parameters<typeof decide>) => {
      const decision = decide(...given);
      if (isNews(decision, b)) lines.push(line(decision, b));
      return decision;
    },
  });
  let events = [...others];
  let attempts = 0;
  for (let guard = 0; guard < 200; guard++) {
    const { requeueAt } = box.settle(watched);
    for (; attempts < (b.run.status?.attemptCount ?? 0); attempts++) events.push(...lifeOf(fates[attempts], b));
    const nextMs = Math.min(requeueAt?.getTime() ?? Infinity, ...events.map(({ atMs }) => t0.getTime() + atMs));
    if (nextMs === Infinity || b.run.status?.finishedAt !== undefined) return lines.join("\n");
    b.now = new Date(nextMs);
    const due = events.filter(({ atMs }) => t0.getTime() + atMs <= nextMs);
    events = events.filter((event) => !due.includes(event));
    for (const { happens } of due) happens(watched);
  }
  throw new Error("the run does not end");
}

function lifeOf(fate: Fate | undefined, b: Box): Event[] {
  const startMs = b.now.getTime() - t0.getTime() + 1000;
  const start = { atMs: startMs, happens: (then: Box) => box.start(then) };
  return fate ? [start, { atMs: startMs + fate.afterMs, happens: fate.ends }] : [start];
}

function isNews({ status, actions }: Decision, { run }: Box): boolean {
  return actions.length > 0 || JSON.stringify(status) !== JSON.stringify(run.status ?? {});
}

function line({ rule, status, actions }: Decision, { now }: Box): string {
  const seconds = ((now.getTime() - t0.getTime()) / 1000).toFixed(1).padStart(6);
  const standing = `${status.phase} ${conditionOf(status.conditions, "Succeeded")?.reason}`;
  return `${seconds} s  ${rule.padEnd(14)} ${standing.padEnd(26)} ${actions.map(inWords).join(", ") || "-"}`;
}

test("a task that fails twice and then succeeds", () => {
  expect(transcript(aBox(), [exits(4000), throws(4000), succeeds(19_000)])).toMatchInlineSnapshot(`
    "   0.0 s  starting       Pending Starting           createPod 1
       1.5 s  active         Running AttemptRunning     -
       5.0 s  awaitingRetry  Pending AwaitingRetry      event ExitedWithoutReport
       6.0 s  starting       Pending Starting           createPod 2
       7.5 s  active         Running Retrying           -
      11.0 s  awaitingRetry  Pending AwaitingRetry      event TaskError
      13.0 s  starting       Pending Starting           createPod 3
      14.5 s  active         Running Retrying           -
      33.0 s  succeeded      Succeeded Completed        -"
  `);
});

test("a task that is over before it would be written as Running", () => {
  expect(transcript(aBox(), [succeeds(300)])).toMatchInlineSnapshot(`
    "   0.0 s  starting       Pending Starting           createPod 1
       1.3 s  succeeded      Succeeded Completed        -"
  `);
});

test("a task that fails until its retries are spent", () => {
  const run = aTaskRun({ spec: { retry: { maxRetries: 1, delaysSeconds: [60] } } });

  expect(transcript(aBox(run), [throws(4000), throws(4000)])).toMatchInlineSnapshot(`
    "   0.0 s  starting       Pending Starting           createPod 1
       1.5 s  active         Running AttemptRunning     -
       5.0 s  awaitingRetry  Pending AwaitingRetry      event TaskError
      65.0 s  starting       Pending Starting           createPod 2
      66.5 s  active         Running Retrying           -
      70.0 s  exhausted      Failed TaskError           event TaskError"
  `);
});

test("a pod that the cluster loses costs the user nothing", () => {
  const run = aTaskRun({ spec: { retry: { maxRetries: 0 } } });

  expect(transcript(aBox(run), [isLost(4000), isLost(4000), succeeds(4000)])).toMatchInlineSnapshot(`
    "   0.0 s  starting       Pending Starting           createPod 1
       1.5 s  active         Running AttemptRunning     -
       5.0 s  awaitingRetry  Pending AwaitingRetry      event PodDeleted
       6.0 s  starting       Pending Starting           createPod 2
       7.5 s  active         Running Retrying           -
      11.0 s  awaitingRetry  Pending AwaitingRetry      event PodDeleted
      13.0 s  starting       Pending Starting           createPod 3
      14.5 s  active         Running Retrying           -
      18.0 s  succeeded      Succeeded Completed        -"
  `);
});

test("a task that runs out of memory and has more of it the next time", () => {
  const retry = { ...resolvedSettings().retry, outOfMemory: { instanceType: "pro" } };
  const b = aBox(aTaskRun({ spec: { retry } }));

  expect(transcript(b, [runsOutOfMemory(4000), succeeds(4000)])).toMatchInlineSnapshot(`
    "   0.0 s  starting       Pending Starting           createPod 1
       1.5 s  active         Running AttemptRunning     -
       5.0 s  awaitingRetry  Pending AwaitingRetry      event OutOfMemory
       6.0 s  starting       Pending Starting           createPod 2
       7.5 s  active         Running Retrying           -
      11.0 s  succeeded      Succeeded Completed        -"
  `);
  expect(b.run.status?.attempts?.map(({ instanceType }) => instanceType)).toEqual(["standard", "pro"]);
});

test("a task that overstays its timeout", () => {
  const run = aTaskRun({ spec: { timeoutSeconds: 60, retry: { maxRetries: 0 } } });
  const killed = [{ atMs: 80_000, happens: (b: Box) => box.end(b, "Failed", 143) }];

  expect(transcript(aBox(run), [], killed)).toMatchInlineSnapshot(`
    "   0.0 s  starting       Pending Starting           createPod 1
       1.5 s  active         Running AttemptRunning     -
      76.0 s  overdue        Running AttemptRunning     deletePod 1
      80.0 s  exhausted      Failed TimedOut            event TimedOut"
  `);
});

test("a run that is canceled while it runs", () => {
  const others = [
    { atMs: 5000, happens: (b: Box) => box.cancel(b) },
    { atMs: 7000, happens: (b: Box) => box.reap(b) },
  ];

  expect(transcript(aBox(), [], others)).toMatchInlineSnapshot(`
    "   0.0 s  starting       Pending Starting           createPod 1
       1.5 s  active         Running AttemptRunning     -
       5.0 s  canceling      Running Canceling          deletePod 1
       7.0 s  canceling      Canceled Canceled          -"
  `);
});

test("a run whose deadline passes between two attempts", () => {
  const run = aTaskRun({ spec: { deadlineSeconds: 40, retry: { delaysSeconds: [30] } } });

  expect(transcript(aBox(run), [throws(4000), throws(4000)])).toMatchInlineSnapshot(`
    "   0.0 s  starting       Pending Starting           createPod 1
       1.5 s  active         Running AttemptRunning     -
       5.0 s  awaitingRetry  Pending AwaitingRetry      event TaskError
      35.0 s  starting       Pending Starting           createPod 2
      36.5 s  active         Running Retrying           -
      40.0 s  exhausted      Failed DeadlineExceeded    event DeadlineExceeded"
  `);
});

test("a run that waits for its bundle, and is delayed on top of it", () => {
  const run = aTaskRun({ spec: { startAt: new Date(t0.getTime() + 10_000).toISOString() } });
  const world = aWorld({ bundle: undefined, revision: undefined });
  const others = [{ atMs: 20_000, happens: (b: Box) => void (b.world = aWorld()) }];

  expect(transcript(aBox(run, world), [succeeds(4000)], others)).toMatchInlineSnapshot(`
    "   0.0 s  delayed        Pending Delayed            -
      10.0 s  unresolved     Pending BundleNotFound     -
      20.0 s  starting       Pending Starting           createPod 1
      21.5 s  active         Running AttemptRunning     -
      25.0 s  succeeded      Succeeded Completed        -"
  `);
});
