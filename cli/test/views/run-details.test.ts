import { expect, test } from "vitest";

import { runDetails } from "../../src/views/run-details.ts";
import { aFailure, anAttempt, aRun, ended } from "../builders.ts";

const now = new Date("2027-01-01T00:10:00Z");

test("a run shows where it stands, its attempts and its value", () => {
  const last = anAttempt(2, { finishedAt: "2027-01-01T00:02:02Z", reason: "Succeeded" });
  const status = ended("Succeeded", "Completed", {
    attempts: [aFailure(1, "no such width"), last],
    attemptCount: 2,
    revision: 7,
    instanceType: "starter",
    resources: { cpu: "500m", memory: "512Mi" },
    result: { width: 640, tags: [] },
    root: { name: "square-4", uid: "uid-square-4" },
  });

  expect(`\n${runDetails(aRun("square-4", status), now, 80)}\n`).toMatchInlineSnapshot(`
    "
    name      square-4
    task      math/square, revision 7
    phase     Succeeded, Completed
    type      starter (cpu 500m, memory 512Mi)
    age       10m
    duration  2s

    ATTEMPT  REASON     CLASS  TYPE     NODE  POD             DURATION
          1  TaskError  User   starter  n1    square-k3f9a-1        2s
          2  Succeeded         starter  n1    square-k3f9a-2        1s

    attempt 1  RangeError: no such width

    result
      {
        "width": 640,
        "tags": []
      }
    "
  `);
});

test("a failed run shows its error with its stack, what can be done, and who started it", () => {
  const status = ended("Failed", "TaskError", {
    message: "failed after 1 attempt(s): bad",
    error: {
      name: "RangeError",
      message: "bad",
      stack: "RangeError: \u001b[31mbad\n    at square (tasks.ts:3:9)",
      hint: "Look into the log.",
    },
    parent: { name: "sum", uid: "uid-sum", attempt: 2 },
    root: { name: "sum", uid: "uid-sum" },
  });

  expect(`\n${runDetails(aRun("square-4", status), now, 60)}\n`).toMatchInlineSnapshot(`
    "
    name      square-4
    task      math/square
    phase     Failed, TaskError
    message   failed after 1 attempt(s): bad
    age       10m
    duration  2s
    parent    sum, attempt 2
    root      sum

    error
      RangeError: bad
          at square (tasks.ts:3:9)

    hint  Look into the log.
    "
  `);
});

test("a run that nobody has looked at yet is Pending", () => {
  expect(`\n${runDetails(aRun("square-4"), now, 60)}\n`).toMatchInlineSnapshot(`
    "
    name   square-4
    task   math/square
    phase  Pending
    age    10m
    "
  `);
});
