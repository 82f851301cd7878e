// The judge sees what must not be: each thing that is done twice, or not at all, is found.
import { expect, test } from "vitest";

import { aHistory, anAttempt, aPod, aRun } from "../fabricated.ts";
import type { Entry } from "../history.ts";
import { attemptsAreAsTold, attemptsAreMadeOnce } from "./judge.ts";

const retried = aRun({ phase: "Succeeded", attempts: [anAttempt(1, "TaskError"), anAttempt(2, "Succeeded")] });
const reported = aRun({ phase: "Succeeded", attempts: [anAttempt(1, "Succeeded", { report: "digest" })] });

const by = { atMs: 0, pid: 7, podName: "run-0-1" };
const process: Entry = { kind: "process", ...by };
const call: Entry = { kind: "started", run: "run-0", attempt: 1, beside: [], ...by };
const answer: Entry = { kind: "acknowledged", run: "run-0", attempt: 1, state: "succeeded", ...by };

test("a run, an attempt or a reason that the story does not tell of is found", () => {
  const history = aHistory({ changes: [retried, aRun({ name: "run-1" })] });

  expect(attemptsAreAsTold(history, { attempts: ["square: ", "square: TaskError, Succeeded"] })).toEqual([]);
  expect(attemptsAreAsTold(history, { attempts: ["square: TaskError, Succeeded"] })).toEqual([
    "there were square: ; square: TaskError, Succeeded, not square: TaskError, Succeeded",
  ]);
});

test.each([
  { given: "all of it once", ledger: [process, call, answer], problems: [] },
  {
    given: "a second process",
    ledger: [process, process, call, answer],
    problems: ["attempt 1 of run-0 had 1 pods, 2 processes, 1 calls, 1 answers"],
  },
  {
    given: "a second call of the function",
    ledger: [process, call, call, answer],
    problems: ["attempt 1 of run-0 had 1 pods, 1 processes, 2 calls, 1 answers"],
  },
  {
    given: "no answer to a report",
    ledger: [process, call],
    problems: ["attempt 1 of run-0 had 1 pods, 1 processes, 1 calls, 0 answers"],
  },
])("of an attempt with $given", ({ ledger, problems }) => {
  expect(attemptsAreMadeOnce(aHistory({ changes: [reported, aPod(1)], ledger }))).toEqual(problems);
});

test("a second pod of an attempt is found", () => {
  const again = { ...aPod(1), metadata: { ...aPod(1).metadata, uid: "another" } };

  expect(
    attemptsAreMadeOnce(aHistory({ changes: [reported, aPod(1), again], ledger: [process, call, answer] })),
  ).toEqual(["attempt 1 of run-0 had 2 pods, 1 processes, 1 calls, 1 answers"]);
});
