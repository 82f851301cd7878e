import type { Condition } from "@stint/crds/kubernetes";
import type { TaskRunStatus } from "@stint/crds/taskrun";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  attemptError,
  conditionOf,
  errorRecord,
  isTrue,
  phaseOf,
  withSituation,
  type Situation,
} from "../../src/core/status.ts";
import { after, anAttempt, frozen, stamp, t0 } from "../builders.ts";

type Value = Condition["status"];

const moment = { now: t0, generation: 3 };
const starting: Situation = { kind: "Pending", reason: "Starting" };
const running: Situation = { kind: "Running", reason: "AttemptRunning" };
const paused: Situation = { kind: "Suspended", reason: "SuspendRequested" };
const completed: Situation = { kind: "Succeeded", reason: "Completed" };
const failed: Situation = { kind: "Failed", reason: "TaskError", message: "n is not a number" };
const canceled: Situation = { kind: "Canceled", reason: "ParentCanceled" };

function conditions(values: Readonly<Record<string, Value>>, reason = "Because"): Condition[] {
  return Object.entries(values).map(([type, status]) => ({
    type,
    status,
    reason,
    message: "",
    lastTransitionTime: stamp(0),
  }));
}

function inWords({ conditions: all = [] }: TaskRunStatus): string[] {
  return all.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
}

describe("the phase (S153)", () => {
  test.each<[Condition[], string]>([
    [[], "Pending"],
    [conditions({ Running: "False", Finished: "False", Succeeded: "Unknown" }), "Pending"],
    [conditions({ Running: "True", Finished: "False", Succeeded: "Unknown" }), "Running"],
    [conditions({ Running: "False", Suspended: "True", Finished: "False", Succeeded: "Unknown" }), "Suspended"],
    [conditions({ Finished: "True", Succeeded: "True" }), "Succeeded"],
    [conditions({ Suspended: "True", Finished: "True", Succeeded: "False" }, "Canceled"), "Canceled"],
    [conditions({ Finished: "True", Succeeded: "False" }, "TaskError"), "Failed"],
    [conditions({ Finished: "True", Succeeded: "False" }, "Canceled"), "Canceled"],
    [conditions({ Finished: "True", Succeeded: "False" }, "ParentCanceled"), "Canceled"],
    [conditions({ Finished: "True", Succeeded: "False" }, "TreeFailed"), "Canceled"],
    [conditions({ Finished: "True", Succeeded: "False" }, "UpstreamFailed"), "Skipped"],
    [conditions({ Finished: "True", Succeeded: "False" }, "OptionalBranchFailed"), "Skipped"],
    [conditions({ Finished: "True", Succeeded: "False" }, "FailFast"), "Skipped"],
    // What is over is over, whatever else is still said of it.
    [conditions({ Running: "True", Finished: "True", Succeeded: "True" }), "Succeeded"],
    [conditions({ Running: "False", Finished: "False", Succeeded: "Unknown" }, "Canceled"), "Pending"],
  ])("of %j is %s", (given, phase) => {
    expect(phaseOf(given)).toBe(phase);
  });
});

describe("a situation in conditions (S152)", () => {
  test("of a run that nobody has accepted yet", () => {
    const status = withSituation({}, { kind: "Pending", reason: "BundleNotFound", message: "no bundle" }, moment);

    expect(inWords(status)).toEqual([
      "Accepted False BundleNotFound",
      "Admitted False BundleNotFound",
      "Running False BundleNotFound",
      "Suspended False BundleNotFound",
      "Succeeded Unknown BundleNotFound",
      "Finished False BundleNotFound",
    ]);
    expect(conditionOf(status.conditions, "Succeeded")?.message).toBe("no bundle");
  });

  test("of a run whose attempt runs", () => {
    const status = withSituation({ revision: 1, attempts: [anAttempt()] }, running, moment);

    expect(inWords(status)).toEqual([
      "Accepted True Accepted",
      "Admitted True Admitted",
      "Running True AttemptRunning",
      "Suspended False AttemptRunning",
      "Succeeded Unknown AttemptRunning",
      "Finished False AttemptRunning",
    ]);
    expect(status).toMatchObject({ phase: "Running", observedGeneration: 3 });
  });

  test("of a run that waits for its retry: it holds no slot (S100)", () => {
    const attempts = [anAttempt(1, { finishedAt: stamp(5) })];

    const status = withSituation({ revision: 1, attempts }, { kind: "Pending", reason: "AwaitingRetry" }, moment);

    expect(inWords(status)).toContain("Admitted False AwaitingRetry");
    expect(isTrue(status, "Finished")).toBe(false);
  });

  test("of a run that is paused before its attempt has a pod: it holds no slot (S173)", () => {
    const below = { ...paused, message: "run top above it is paused" };

    const status = withSituation({ revision: 1, attempts: [anAttempt()] }, below, moment);

    expect(inWords(status)).toEqual([
      "Accepted True Accepted",
      "Admitted False SuspendRequested",
      "Running False SuspendRequested",
      "Suspended True SuspendRequested",
      "Succeeded Unknown SuspendRequested",
      "Finished False SuspendRequested",
    ]);
    expect(conditionOf(status.conditions, "Suspended")?.message).toBe("run top above it is paused");
  });

  test("of a run that has ended", () => {
    const status = withSituation({ revision: 1 }, failed, moment);

    expect(inWords(status)).toEqual([
      "Accepted True Accepted",
      "Admitted False TaskError",
      "Running False TaskError",
      "Suspended False TaskError",
      "Succeeded False TaskError",
      "Finished True TaskError",
    ]);
    expect(conditionOf(status.conditions, "Succeeded")?.message).toBe("n is not a number");
  });
});

describe("lastTransitionTime", () => {
  const times = ({ conditions: all = [] }: TaskRunStatus) =>
    Object.fromEntries(all.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]));
  const before = withSituation({ revision: 1, attempts: [anAttempt()] }, starting, moment);

  test("moves where a value changes, and nowhere else", () => {
    const status = withSituation(before, running, { now: after(2), generation: 3 });

    expect(times(status)).toEqual({ ...times(before), Running: after(2).toISOString() });
  });

  test("stays when only the reason or the message changes", () => {
    const pulling: Situation = { kind: "Pending", reason: "PullingImage", message: "back-off" };

    const status = withSituation(before, pulling, { now: after(2), generation: 3 });

    expect(times(status)).toEqual(times(before));
    expect(conditionOf(status.conditions, "Running")?.reason).toBe("PullingImage");
  });
});

describe("the end of a run", () => {
  test("is stamped, and what it waited for is forgotten", () => {
    const status = withSituation({ startedAt: stamp(0), nextRetryAt: stamp(9) }, completed, {
      now: after(7.5),
      generation: 1,
    });

    expect(status).toMatchObject({ phase: "Succeeded", finishedAt: after(7.5).toISOString(), durationSeconds: 7.5 });
    expect(status).not.toHaveProperty("nextRetryAt");
  });

  test("has no duration where nothing ever started, and none below zero where clocks differ", () => {
    expect(withSituation({}, canceled, moment)).not.toHaveProperty("durationSeconds");
    expect(withSituation({ startedAt: stamp(3) }, completed, moment).durationSeconds).toBe(0);
  });

  test("leaves everything else as it was", () => {
    const kept = { displayName: "squares", attemptCount: 2, userRetries: 1 };

    expect(withSituation(kept, failed, moment)).toMatchObject(kept);
  });
});

test("a live run has no end, and keeps the instant of its next attempt", () => {
  const status = withSituation({ nextRetryAt: stamp(9) }, { kind: "Pending", reason: "AwaitingRetry" }, moment);

  expect(status).toMatchObject({ nextRetryAt: stamp(9) });
  expect(status).not.toHaveProperty("finishedAt");
});

test("a run without a generation has observed none", () => {
  expect(withSituation({}, starting, { now: t0, generation: undefined })).not.toHaveProperty("observedGeneration");
});

test("the phase follows from the conditions, the given status stays, and saying it again changes nothing", () => {
  const situation = fc.constantFrom(starting, running, paused, completed, failed, canceled);
  const attempts = fc.constantFrom(undefined, [anAttempt()], [anAttempt(1, { finishedAt: stamp(5) })]);
  fc.assert(
    fc.property(fc.array(situation, { minLength: 1 }), attempts, (all, list) => {
      const given = frozen<TaskRunStatus>({ revision: 1, ...(list && { attempts: [...list] }) });
      const status = all.reduce((before, next) => frozen(withSituation(before, next, moment)), given);
      const last = all.at(-1) ?? starting;

      expect(status.phase).toBe(phaseOf(status.conditions ?? []));
      expect(status.conditions?.map(({ type }) => type)).toEqual([
        "Accepted",
        "Admitted",
        "Running",
        "Suspended",
        "Succeeded",
        "Finished",
      ]);
      expect(withSituation(status, last, moment)).toEqual(status);
    }),
  );
});

describe("an error on record (S77)", () => {
  const long = { name: "N".repeat(300), message: "m".repeat(5000), stack: "s".repeat(20_000) };

  test("is cut in the run, and its stack is kept", () => {
    const { name, message, stack } = errorRecord(long, "TaskError");

    expect([name.length, message.length, stack?.length]).toEqual([256, 4096, 16_384]);
  });

  test("is cut shorter in its attempt, and loses its stack", () => {
    const { name, message, ...others } = attemptError(long);

    expect([name.length, message.length]).toEqual([256, 1024]);
    expect(others).toEqual({});
  });

  test("with an empty message keeps it empty", () => {
    expect(errorRecord({ name: "Error", message: "" }, "TaskError")).toMatchObject({ name: "Error", message: "" });
  });

  test("says what can be done about it", () => {
    const { hint } = errorRecord({ name: "StartTimeout", message: "late" }, "StartTimeout");

    expect(hint).toBe("Add capacity, choose a smaller instanceType, or raise startTimeoutSeconds.");
  });

  test("of a condition is cut at its limit", () => {
    const status = withSituation({}, { ...failed, message: "x".repeat(40_000) }, moment);

    expect(conditionOf(status.conditions, "Succeeded")?.message).toHaveLength(32_768);
  });
});
