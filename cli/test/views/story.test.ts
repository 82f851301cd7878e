import type { TaskRun } from "@stint/crds/taskrun";
import fc from "fast-check";
import { expect, test } from "vitest";

import { storyOf } from "../../src/views/story.ts";
import { aFailure, anAttempt, aRun, ended, live } from "../builders.ts";

const success = anAttempt(2, { finishedAt: "2027-01-01T00:02:02Z", reason: "Succeeded" });
const states: readonly TaskRun[] = [
  aRun("r"),
  aRun("r", live("Pending", "Starting", { attempts: [anAttempt(1)] })),
  aRun("r", live("Running", "AttemptRunning", { attempts: [anAttempt(1)] })),
  aRun("r", live("Pending", "AwaitingRetry", { attempts: [aFailure(1)], nextRetryAt: "2027-01-01T00:01:04Z" })),
  aRun("r", live("Pending", "Starting", { attempts: [aFailure(1), anAttempt(2)] })),
  aRun("r", live("Running", "Retrying", { attempts: [aFailure(1), anAttempt(2)] })),
  aRun("r", ended("Succeeded", "Completed", { attempts: [aFailure(1), success], attemptCount: 2, result: { n: 4 } })),
];

function tell(seen: readonly TaskRun[]): string[] {
  return seen.flatMap((state, at) => storyOf(seen[at - 1], state).map(({ text, tone }) => `${tone}: ${text}`));
}

test("a run that fails and then succeeds", () => {
  expect(`\n${tell(states).join("\n")}\n`).toMatchInlineSnapshot(`
    "
    plain: attempt 1 started
    bad: attempt 1 failed after 2s: TaskError: RangeError: bad; attempt 2 follows after 1s
    plain: attempt 2 started
    good: Succeeded after 2 attempts in 2s: {"n":4}
    "
  `);
});

test.each<{ given: string; before?: TaskRun; run: TaskRun; lines: readonly string[] }>([
  {
    given: "the last failure and the run's end are one line",
    before: aRun("r", live("Running", "AttemptRunning", { attempts: [anAttempt(1)] })),
    run: aRun(
      "r",
      ended("Failed", "TaskError", { attempts: [aFailure(1)], message: "failed after 1 attempt(s): bad" }),
    ),
    lines: ["bad: attempt 1 failed after 2s: TaskError: RangeError: bad; Failed after 1 attempt in 2s"],
  },
  {
    given: "a run that ends for a reason of its own says which",
    run: aRun("r", ended("Failed", "DeadlineExceeded", { attempts: [aFailure(1)], message: "out of time" })),
    lines: ["bad: attempt 1 failed after 2s: TaskError: RangeError: bad; Failed: DeadlineExceeded: out of time"],
  },
  {
    given: "a run that fails before it has an attempt",
    run: aRun("r", ended("Failed", "InvalidInput", { message: "n is missing" })),
    lines: ["bad: Failed: InvalidInput: n is missing"],
  },
  {
    given: "a wait for something",
    run: aRun("r", live("Pending", "BundleNotReady")),
    lines: ["plain: Pending: BundleNotReady"],
  },
  {
    given: "a cancel that the attempt has not obeyed yet",
    before: aRun("r", live("Running", "AttemptRunning", { attempts: [anAttempt(1)] })),
    run: aRun("r", live("Running", "Canceling", { attempts: [anAttempt(1)] })),
    lines: ["plain: is being canceled"],
  },
  { given: "a cancel", run: aRun("r", ended("Canceled", "Canceled")), lines: ["plain: Canceled: Canceled"] },
  {
    given: "a function that has handed subtasks over (S136)",
    before: aRun("r", live("Running", "AttemptRunning", { attempts: [anAttempt(1)] })),
    run: aRun("r", live("Running", "WaitingForSubtasks", { attempts: [anAttempt(1)] })),
    lines: ["plain: waits for its subtasks"],
  },
  {
    given: "an upstream that has failed (S132)",
    run: aRun("r", ended("Skipped", "UpstreamFailed", { message: "upstream run a is Failed" })),
    lines: ["plain: Skipped: UpstreamFailed: upstream run a is Failed"],
  },
  {
    given: "progress is not told of",
    before: aRun("r", live("Running", "AttemptRunning", { attempts: [anAttempt(1)] })),
    run: aRun(
      "r",
      live("Running", "AttemptRunning", {
        attempts: [anAttempt(1)],
        progress: [{ label: "rows", total: 10, done: 3 }],
      }),
    ),
    lines: [],
  },
  {
    given: "a long result is cut",
    run: aRun("r", ended("Succeeded", "Completed", { result: "x".repeat(500) })),
    lines: [`good: Succeeded after 1 attempt in 2s: "${"x".repeat(118)}…`],
  },
  {
    given: "nothing that would move the cursor gets through",
    run: aRun("r", ended("Failed", "TaskError", { message: "bad\n\u001b[2Jworse" })),
    lines: ["bad: Failed: TaskError: bad worse"],
  },
])("$given", ({ before, run, lines }) => {
  expect(storyOf(before, run).map(({ text, tone }) => `${tone}: ${text}`)).toEqual(lines);
});

test("law: whatever states were missed, a failure and the end are told of once, and a state seen twice has no line", () => {
  const seen = fc.subarray(states.slice(0, -1)).map((some) => [...some, ...states.slice(-1)]);
  fc.assert(
    fc.property(seen, (seen) => {
      const lines = tell(seen.flatMap((state) => [state, structuredClone(state)]));

      expect(lines.filter((line) => line.includes("attempt 1 failed"))).toHaveLength(1);
      expect(lines.filter((line) => line.includes("Succeeded"))).toHaveLength(1);
      expect(new Set(lines).size).toBe(lines.length);
    }),
  );
});
