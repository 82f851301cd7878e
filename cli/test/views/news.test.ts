import type { Attempt, TaskRun } from "@stint/crds/taskrun";
import fc from "fast-check";
import { expect, test } from "vitest";

import { newsOf } from "../../src/views/news.ts";
import { aFailure, anAttempt, aRun, ended, live } from "../builders.ts";

/** Two failures and a success, state by state, as a person could see it. */
const success = anAttempt(3, { finishedAt: "2027-01-01T00:03:02Z", reason: "Succeeded" });
const wait = { nextRetryAt: "2027-01-01T00:02:05Z" };
const story: readonly TaskRun[] = [
  aRun("r"),
  aRun("r", live("Pending", "Starting", { attempts: [anAttempt(1)] })),
  aRun("r", live("Running", "AttemptRunning", { attempts: [anAttempt(1)] })),
  aRun(
    "r",
    live("Pending", "AwaitingRetry", { attempts: [aFailure(1, "first")], nextRetryAt: "2027-01-01T00:01:04Z" }),
  ),
  aRun("r", live("Running", "Retrying", { attempts: [aFailure(1, "first"), anAttempt(2)] })),
  aRun("r", live("Pending", "AwaitingRetry", { attempts: [aFailure(1, "first"), aFailure(2, "second")], ...wait })),
  aRun(
    "r",
    ended("Succeeded", "Completed", {
      attempts: [aFailure(1, "first"), aFailure(2, "second"), success],
      attemptCount: 3,
      durationSeconds: 121,
    }),
  ),
];

function tell(states: readonly TaskRun[]): string[] {
  return states.flatMap((state, at) => newsOf(states[at - 1], state));
}

test("a run that fails twice and then succeeds", () => {
  expect(`\n${tell(story).join("\n")}\n`).toMatchInlineSnapshot(`
    "
    Pending
    Pending: Starting
    Running: attempt 1 on n1
    attempt 1 failed after 2s: TaskError: RangeError: first
    Pending: AwaitingRetry: attempt 2 follows after 1s
    Running: attempt 2 on n1
    attempt 2 failed after 2s: TaskError: RangeError: second
    Pending: AwaitingRetry: attempt 3 follows after 2s
    Succeeded after 3 attempts in 2m1s
    "
  `);
});

test.each<{ given: string; run: TaskRun; line: string }>([
  {
    given: "a node that has no room",
    run: aRun("r", live("Pending", "Unschedulable")),
    line: "Pending: Unschedulable",
  },
  {
    given: "progress",
    run: aRun(
      "r",
      live("Running", "AttemptRunning", {
        attempts: [anAttempt(1)],
        progress: [{ label: "rows", total: 10, done: 3 }],
      }),
    ),
    line: "Running: attempt 1 on n1, rows 3 of 10",
  },
  {
    given: "a cancel that the pod has not obeyed yet",
    run: aRun("r", live("Running", "Canceling", { attempts: [anAttempt(1)] })),
    line: "Running: Canceling: attempt 1 on n1",
  },
  {
    given: "a cancel from above",
    run: aRun("r", ended("Canceled", "ParentCanceled")),
    line: "Canceled: ParentCanceled",
  },
  {
    given: "subtasks that are waited for (S136)",
    run: aRun("r", live("Running", "WaitingForSubtasks", { attempts: [anAttempt(1)] })),
    line: "Running: WaitingForSubtasks",
  },
  {
    given: "an upstream that has failed (S132)",
    run: aRun("r", ended("Skipped", "UpstreamFailed", { message: "upstream run a is Failed" })),
    line: "Skipped: UpstreamFailed: upstream run a is Failed",
  },
  {
    given: "a message of two lines",
    run: aRun("r", ended("Failed", "TaskError", { message: "bad\nworse" })),
    line: "Failed: TaskError: bad worse",
  },
])("$given is one line", ({ run, line }) => {
  expect(newsOf(undefined, run)).toEqual([line]);
});

test("law: each failed attempt is told of once, whatever states were missed", () => {
  const missed = fc.subarray(story.slice(0, -1)).map((seen) => [...seen, ...story.slice(-1)]);
  fc.assert(
    fc.property(missed, (seen) => {
      const failures = tell(seen).filter((line) => line.startsWith("attempt "));

      expect(failures).toEqual([expect.stringContaining("first"), expect.stringContaining("second")]);
    }),
  );
});

test("a failure is told of though the run stands where it stood", () => {
  const before = aRun("r", live("Pending", "Starting", { attempts: [anAttempt(1)] }));
  const after = aRun("r", live("Pending", "Starting", { attempts: [aFailure(1), anAttempt(2)] }));

  expect(newsOf(before, after)).toEqual(["attempt 1 failed after 2s: TaskError: RangeError: bad"]);
});

test("law: a state seen twice is no news", () => {
  const attempts: Attempt[] = [aFailure(1), anAttempt(2)];
  for (const state of [...story, aRun("r", live("Running", "Retrying", { attempts }))]) {
    expect(newsOf(state, structuredClone(state))).toEqual([]);
  }
});
