// What a rerun by hand takes back, and what it keeps (S170 to S172).
import { expect, test } from "vitest";

import { decide } from "../../src/core/decide.ts";
import { askedRevision } from "../../src/core/rerun.ts";
import { aManifestTask, anAttempt, aRevision, aTaskRun, aWorld, after, resolvedSettings, stamp } from "../builders.ts";
import { begunAnew, failed } from "./decide-row.ts";

const now = after(100);
const ended = {
  userRetries: 3,
  infrastructureRetries: 2,
  startedAt: stamp(1),
  durationSeconds: 4,
  error: { name: "Error", message: "bad" },
  displayName: "four",
};

function reopened(revision: "Pinned" | "Latest", status = {}, generation = 1) {
  const run = failed({ spec: { rerun: { generation, revision } }, status: { ...ended, ...status } });
  return decide(run, [], aWorld(), now).status;
}

test("attempts stay, both budgets start anew, and of the end nothing is left (S170)", () => {
  const status = reopened("Pinned");

  expect(status).toMatchObject({
    rerunGeneration: 1,
    rerunAt: now.toISOString(),
    userRetries: 0,
    infrastructureRetries: 0,
    attemptCount: 1,
    attempts: [{ number: 1, reason: "TaskError" }],
    displayName: "four",
  });
  for (const member of ["finishedAt", "durationSeconds", "startedAt", "error", "nextRetryAt"])
    expect(status).not.toHaveProperty(member);
});

test("the generation that is carried out is the one asked for, however far the last one lies back (S170)", () => {
  expect(reopened("Pinned", { rerunGeneration: 3 }, 5).rerunGeneration).toBe(5);
});

test("Pinned keeps all that was pinned (S172, S250)", () => {
  const before = failed().status;

  const { revision, bundleUid, resolved, resources, instanceType } = reopened("Pinned");

  expect({ revision, bundleUid, resolved, resources, instanceType }).toEqual({
    revision: before?.revision,
    bundleUid: before?.bundleUid,
    resolved: before?.resolved,
    resources: before?.resources,
    instanceType: before?.instanceType,
  });
});

test("Latest keeps no pin but the input's, and is accepted anew (S172)", () => {
  const status = reopened("Latest");
  const newest = aRevision({ revision: 2, manifest: [aManifestTask({ settings: { timeoutSeconds: 60 } })] });
  const run = { ...failed({ spec: { rerun: { generation: 1, revision: "Latest" } } }), status };

  const next = decide(run, [], aWorld({ revision: newest }), now).status;

  for (const pin of ["revision", "bundleUid", "resolved", "resources", "instanceType", "taskKey"])
    expect(status).not.toHaveProperty(pin);
  expect(status.inputHash).toBe(run.input.hash);
  expect(next).toMatchObject({ revision: 2, resolved: { timeoutSeconds: 60 }, userRetries: 0, attemptCount: 2 });
});

test("Latest leaves a run alone whose own function has succeeded: it is for those below it (S171, S172)", () => {
  const before = failed().status;

  const status = reopened("Latest", { subtasks: { attempt: 1, count: 2 } });

  expect([status.revision, status.resolved, status.resources]).toEqual([
    before?.revision,
    before?.resolved,
    before?.resources,
  ]);
  expect(before?.revision).toBeDefined();
});

test("a deadline counts from the rerun (S71)", () => {
  const resolved = resolvedSettings({ deadlineSeconds: 60 });

  const status = reopened("Pinned", { resolved, deadlineAt: stamp(60) });

  expect(status.deadlineAt).toBe(after(160).toISOString());
});

test("the first attempt after a rerun is charged to nobody, the next one to its failure (S170)", () => {
  const first = decide(begunAnew(), [], aWorld(), now).status;
  const failedAgain = anAttempt(2, { class: "User", reason: "TaskError", finishedAt: stamp(90) });
  const attempts = [...(begunAnew().status?.attempts ?? []), failedAgain];
  const waited = begunAnew({}, { attempts, attemptCount: 2, nextRetryAt: stamp(91) });

  const second = decide(waited, [], aWorld(), now).status;

  expect([first.userRetries, first.attemptCount]).toEqual([0, 2]);
  expect([second.userRetries, second.attemptCount]).toEqual([1, 3]);
});

test("a run that is created with a generation has been asked for nothing (S170)", () => {
  const created = aTaskRun({ spec: { rerun: { generation: 4 } } });
  const refused = aTaskRun({ spec: { rerun: { generation: 4 }, instanceType: "huge" } });

  expect(decide(created, [], aWorld(), now).status.rerunGeneration).toBe(4);
  expect(decide(refused, [], aWorld(), now).status).toMatchObject({ phase: "Failed", rerunGeneration: 4 });
});

test("Latest looks past the revision in the reference, but only after a rerun (S172)", () => {
  const spec = { task: "math/square:7", rerun: { generation: 1, revision: "Latest" } } as const;

  expect(askedRevision(aTaskRun({ spec }))).toBe(7);
  expect(askedRevision(aTaskRun({ spec, status: { rerunAt: stamp(5) } }))).toBeUndefined();
  expect(askedRevision(aTaskRun({ spec: { task: "math/square:7" }, status: { rerunAt: stamp(5) } }))).toBe(7);
});

test("an input that was changed between two attempts leaves their records as they are (S158)", () => {
  const run = begunAnew({ input: { hash: "other", bytes: 3, shape: { kind: "array", length: 1 } } });

  const { status, rule } = decide(run, [], aWorld(), now);

  expect(rule).toBe("altered");
  expect(status.attempts).toEqual(run.status?.attempts);
});
