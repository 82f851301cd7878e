// Facts about hand-overs that the rows of `decide` take as given.
import { annotation, label } from "@stint/crds/labels";
import { describe, expect, test } from "vitest";

import { decide } from "../../src/core/decide.ts";
import { handOverOf, submittedBy } from "../../src/core/hand-over.ts";
import type { Situation } from "../../src/core/status.ts";
import type { ObservedRun } from "../../src/core/world.ts";
import { after, anAcceptedRun, anAttempt, aPod, aSuccess, aTaskRun, aWorld, received, stamp } from "../builders.ts";

const t = after(10);
const submitted = (attempt = 1, more: Parameters<typeof aTaskRun>[0] = {}) =>
  aTaskRun({ ...more, metadata: { labels: { [label.handedOver]: String(attempt) } } });
const live = (number = 1) => anAcceptedRun([anAttempt(number)], { status: { attemptCount: number } });
const failure: Situation = { kind: "Failed", reason: "SubtaskFailed", message: "subtask x is Failed" };
const ended = (situation: Situation, { optional, handedOver = 1 }: { optional?: boolean; handedOver?: number } = {}) =>
  anAcceptedRun(
    [anAttempt(1, { finishedAt: stamp(5) })],
    { spec: { optional }, status: { finishedAt: stamp(5), subtasks: { attempt: handedOver, count: 1 } } },
    situation,
  );
const waiting = (spec: ObservedRun["spec"] | object = {}) =>
  anAcceptedRun(
    [anAttempt(1, { finishedAt: stamp(5) })],
    { spec, status: { subtasks: { attempt: 1, count: 1 } } },
    { kind: "Running", reason: "WaitingForSubtasks" },
  );

describe("a submission", () => {
  test("is known by its label, and a called child by none", () => {
    expect(submittedBy(submitted(3))).toBe(3);
    expect(submittedBy(aTaskRun({ metadata: { annotations: { [annotation.parentAttempt]: "3" } } }))).toBeUndefined();
  });

  test.each<[string, number, readonly ObservedRun[], string]>([
    ["the attempt is live", 1, [live()], "Open"],
    ["the attempt has handed over", 1, [waiting()], "Made"],
    ["the parent has ended after that", 1, [ended(failure)], "Made"],
    ["the attempt has failed", 1, [anAcceptedRun([anAttempt(1, { finishedAt: stamp(5) })])], "Dropped"],
    ["another attempt is live", 1, [live(2)], "Dropped"],
    ["another attempt has handed over", 1, [ended(failure, { handedOver: 2 })], "Dropped"],
    ["the parent is gone", 1, [], "Dropped"],
  ])("when %s: %#", (_, attempt, above, state) => {
    expect(handOverOf(submitted(attempt), above).state).toBe(state);
  });
});

describe("a failure above a run that has not begun", () => {
  const failureOf = (...above: readonly ObservedRun[]) => handOverOf(submitted(), above).failure;

  test("is the tree's, however far up it is (S139)", () => {
    expect(failureOf(waiting(), waiting())).toBeUndefined();
    expect(failureOf(ended(failure), waiting())).toBe("TreeFailed");
    expect(failureOf(waiting(), ended(failure))).toBe("TreeFailed");
  });

  test("goes no further than an optional run (S140)", () => {
    expect(failureOf(ended(failure), waiting({ optional: true }), waiting())).toBe("OptionalBranchFailed");
    expect(failureOf(ended(failure, { optional: true }), waiting())).toBe("OptionalBranchFailed");
    expect(failureOf(ended(failure, { optional: true }), ended(failure))).toBe("TreeFailed");
  });

  test("is forgiven by a rerun that came after it (S170)", () => {
    const run = submitted(1, { status: { rerunAt: stamp(8), rerunGeneration: 1 } });

    expect(handOverOf(run, [ended(failure)]).failure).toBeUndefined();
  });
});

test("the function's result and its submissions are written at once, and no second attempt begins (S135, S136)", () => {
  const run = anAcceptedRun([anAttempt(1)], {}, { kind: "Running", reason: "AttemptRunning" });
  const world = aWorld({ report: received(aSuccess(16, 2)) });

  const { status, reportTaken, actions } = decide(run, [aPod()], world, t);

  expect(status).toMatchObject({ result: 16, subtasks: { attempt: 1, count: 2 }, attempts: [{ reason: "Succeeded" }] });
  expect([reportTaken, actions]).toEqual([true, []]);
  expect(status.finishedAt).toBeUndefined();
  const admitted = status.conditions?.find(({ type }) => type === "Admitted");
  expect(admitted?.status).toBe("False");
});

test("the attempt that succeeded stays so when a subtask fails (S139)", () => {
  const subtasks = { live: 0, missing: 0, toRerun: [], failed: { name: "a", phase: "Failed" } as const };

  const { status } = decide(waiting(), [], aWorld({ subtasks }), t);

  expect(status.error).toMatchObject({ name: "SubtaskFailed", message: "subtask a is Failed" });
  expect(status.attempts?.[0]?.reason).toBeUndefined();
  expect(status.subtasks).toBeDefined();
});

describe("an optional run (S140)", () => {
  const toleratedOf = (situation: "Failed" | "Skipped" | "ParentCanceled" | "TreeFailed" | "Succeeded") => {
    const run = aTaskRun({ spec: { optional: true, ...(situation === "Failed" && { task: "math/cube" }) } });
    const failed = { name: "a", phase: "Failed" } as const;
    const upstream = { name: "a", exists: true, isReachable: true, isOver: true, allowFailure: false, isBeside: false };
    const worlds = {
      Failed: {},
      Succeeded: {},
      Skipped: { upstreams: [{ ...upstream, failed }] },
      ParentCanceled: { parent: { metadata: { name: "p", uid: "p" }, canceling: true, finished: false } },
      TreeFailed: { handOver: { state: "Made", branch: "TreeFailed", failure: "TreeFailed" } },
    } as const;
    return decide(run, [], aWorld(worlds[situation]), t).status.tolerated;
  };

  test.each(["Failed", "Skipped"] as const)("that is %s is tolerated", (situation) => {
    expect(toleratedOf(situation)).toBe(true);
  });

  test.each(["ParentCanceled", "TreeFailed", "Succeeded"] as const)(
    "is not for %s: others decided that",
    (situation) => {
      expect(toleratedOf(situation)).toBeUndefined();
    },
  );
});

test("a tree that is done again keeps its pins, its result's attempt and its subtasks (S171)", () => {
  const run = anAcceptedRun(
    [anAttempt(1, { reason: "Succeeded", finishedAt: stamp(5) })],
    {
      spec: { rerun: { generation: 1, revision: "Latest" }, optional: true },
      status: {
        finishedAt: stamp(6),
        subtasks: { attempt: 1, count: 2 },
        tolerated: true,
        error: { name: "SubtaskFailed", message: "m" },
      },
    },
    failure,
  );

  const { status } = decide(run, [], aWorld(), t);

  expect(status).toMatchObject({
    revision: 1,
    rerunGeneration: 1,
    subtasks: { attempt: 1, count: 2 },
    attemptCount: 1,
  });
  for (const gone of ["error", "tolerated", "finishedAt"]) expect(status).not.toHaveProperty(gone);
});
