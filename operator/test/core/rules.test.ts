// Facts about `decide` that were found missing once: each names the failure that it pins.
import { describe, expect, test } from "vitest";

import { decide } from "../../src/core/decide.ts";
import { conditionOf } from "../../src/core/status.ts";
import {
  aFailure,
  after,
  anAcceptedRun,
  anAttempt,
  aPod,
  aRunStub,
  aSuccess,
  aTaskRun,
  aWorld,
  received,
} from "../builders.ts";

const t = after(10);

function reasonAfter(...given: Parameters<typeof decide>): string | undefined {
  return conditionOf(decide(...given).status.conditions, "Succeeded")?.reason;
}

describe("a deadline", () => {
  test("counts from the creation when the instant to start at lies in the past (S71, S73)", () => {
    const run = aTaskRun({ spec: { startAt: after(-86_400).toISOString(), deadlineSeconds: 3600 } });

    const { rule, status } = decide(run, [], aWorld(), t);

    expect(rule).toBe("starting");
    expect(status.deadlineAt).toBe(after(3600).toISOString());
  });

  test("of a parent is not pinned: it ends with the parent (S72)", () => {
    const parent = aRunStub("parent", { deadlineAt: after(60) });

    const { status } = decide(aTaskRun(), [], aWorld({ parent }), t);
    const orphan = decide(anAcceptedRun([anAttempt(1)]), [aPod()], aWorld(), after(100));

    expect(status.deadlineAt).toBeUndefined();
    expect(orphan.rule).toBe("active");
  });

  test("that passes while the failure is reported is the reason, whoever wrote first (S71)", () => {
    const run = anAcceptedRun([anAttempt(1)], { status: { deadlineAt: after(10).toISOString() } });
    const world = aWorld({ report: received(aFailure()) });

    expect(reasonAfter(run, [aPod()], world, t)).toBe("DeadlineExceeded");
    expect(reasonAfter(run, [aPod()], aWorld({ report: received(aSuccess()) }), t)).toBe("Completed");
  });
});

describe("a pod that waits", () => {
  const unscheduled = aPod(1, "Pending", {
    status: {
      containerStatuses: [],
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no node fits" }],
    },
  });
  const run = anAcceptedRun([anAttempt(1, { podUid: undefined })]);

  test("is recorded with what it waits for, so that it is not made again once it is gone (S101)", () => {
    const told = decide(run, [unscheduled], aWorld(), t);
    const gone = decide({ ...run, status: told.status }, [], aWorld(), t);

    expect(told.status.attempts).toMatchObject([{ podUid: unscheduled.metadata.uid }]);
    expect(gone.rule).toBe("awaitingRetry");
    expect(gone.status.attempts).toMatchObject([{ reason: "PodDeleted", class: "Infrastructure" }]);
  });

  test("for nothing that has a name costs no write (S299)", () => {
    const { status } = decide(run, [aPod(1, "Pending")], aWorld(), t);

    expect(status).toEqual(run.status);
  });
});

describe("a bundle that is deleted", () => {
  test("between an attempt's intent and its pod ends the run (S249)", () => {
    const run = anAcceptedRun([anAttempt(1, { podUid: undefined })]);
    const world = aWorld({ bundle: undefined, revision: undefined });

    const decision = decide(run, [], world, t);

    expect(decision.rule).toBe("creating");
    expect(decision.status.error?.message).toBe("bundle math was deleted");
  });

  test("does not touch an attempt whose pod lives", () => {
    const run = anAcceptedRun([anAttempt(1)]);

    const { rule } = decide(run, [aPod()], aWorld({ bundle: undefined, revision: undefined }), t);

    expect(rule).toBe("active");
  });
});

describe("a pod that outlives its attempt", () => {
  const first = anAttempt(1, { class: "User", reason: "TaskError", finishedAt: after(5).toISOString() });
  const run = anAcceptedRun([first, anAttempt(2)], { status: { attemptCount: 2, userRetries: 1 } });
  // Its task container has ended, and an injected sidecar keeps it Running.
  const kept = aPod(1, "Running", { container: { terminated: { exitCode: 1, reason: "Error" } } });

  test("is deleted after 45 s while the next attempt runs (S300)", () => {
    const early = decide(run, [kept, aPod(2)], aWorld(), after(49));
    const due = decide(run, [kept, aPod(2)], aWorld(), after(50));

    expect(early.actions).toEqual([]);
    expect(early.requeueAt?.getTime()).toBeLessThanOrEqual(after(50).getTime());
    expect(due.actions).toMatchObject([{ kind: "deletePod", pod: { name: kept.metadata.name } }]);
  });
});

test("a retry that the deadline cuts off speaks of the attempts, and of no budget (S71)", () => {
  const run = anAcceptedRun([anAttempt(1)], { status: { deadlineAt: after(10.5).toISOString() } });

  const { status } = decide(run, [], aWorld(), t);

  expect(conditionOf(status.conditions, "Succeeded")?.message).toMatch(/^failed after 1 attempt\(s\): pod .* is gone$/);
});
