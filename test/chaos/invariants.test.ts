// Each rule is shown a history that keeps it and one that breaks it: a checker that sees nothing is green too.
import { describe, expect, test } from "vitest";

import { aHistory, anAttempt, aNode, aPod, aRun } from "./fabricated.ts";
import type { Entry, History, OperatorEnd } from "./history.ts";
import { violations } from "./invariants/all.ts";
import { endAsTold } from "./invariants/endings.ts";
import { operatorsStand } from "./invariants/operators.ts";
import {
  acknowledgedIsKept,
  attemptsDoNotOverlap,
  attemptsWorkOnce,
  podsHaveAPurpose,
  processesDoNotOverlap,
  runningHasAPod,
} from "./invariants/pods.ts";
import {
  attemptsAreARecord,
  budgetsDoNotMix,
  cancelIsHeeded,
  cancelReachesChildren,
  everyRunEnds,
  keysAreUsedOnce,
  terminalStaysTerminal,
} from "./invariants/runs.ts";
import type { Submission } from "./plan.ts";

const failed = anAttempt(1, "TaskError");
const lost = anAttempt(1, "NodeLost");
const succeeded = aRun({ phase: "Succeeded", attempts: [anAttempt(1, "Succeeded", { report: "digest" })] });
const running = aRun({ phase: "Running", attempts: [anAttempt(1)] });

test("a run that lives and ends well breaks no rule", () => {
  const changes = [
    aNode(true),
    aRun(),
    aRun({ attempts: [anAttempt(1)] }),
    aPod(1),
    running,
    succeeded,
    aPod(1, { state: "terminated" }),
  ];
  const ledger: Entry[] = [
    { kind: "started", run: "run-0", attempt: 1, podName: "run-0-1", pid: 7, atMs: 4000, beside: [] },
    { kind: "acknowledged", run: "run-0", attempt: 1, podName: "run-0-1", pid: 7, atMs: 5500, state: "succeeded" },
  ];

  expect(violations(aHistory({ changes, ledger }), { submissions: [] })).toEqual([]);
});

describe("a terminal run", () => {
  test("may say more of its tree (S148, S156)", () => {
    const stats = { at: "2026-01-01T00:00:00Z", totalRuns: 2, runsByPhase: { Succeeded: 2 }, computeSeconds: 1 };
    const sums = { progress: [{ label: "", total: 2, done: 2 }], summed: { at: "2026-01-01T00:00:00Z", own: [] } };
    const told = { ...succeeded, status: { ...succeeded.status, stats, ...sums } };

    expect(terminalStaysTerminal(aHistory({ changes: [succeeded, told] }))).toEqual([]);
  });

  test("that changes is found (S154)", () => {
    expect(terminalStaysTerminal(aHistory({ changes: [running, succeeded, succeeded] }))).toEqual([]);
    expect(terminalStaysTerminal(aHistory({ changes: [succeeded, aRun({ phase: "Canceled" })] }))[0]).toContain(
      "was Succeeded and became Canceled",
    );
    expect(terminalStaysTerminal(aHistory({ changes: [succeeded, aRun({ phase: "Succeeded" })] }))[0]).toContain(
      "became Succeeded",
    );
  });
});

describe("attempts", () => {
  test("with a gap, uncounted, forgotten or changed are found (S101)", () => {
    const two = aRun({ attempts: [failed, anAttempt(2)] });
    expect(attemptsAreARecord(aHistory({ changes: [aRun({ attempts: [failed] }), two] }))).toEqual([]);

    expect(attemptsAreARecord(aHistory({ changes: [aRun({ attempts: [failed, anAttempt(3)] })] }))[0]).toContain(
      "has attempts 1,3",
    );
    expect(
      attemptsAreARecord(aHistory({ changes: [aRun({ attempts: [failed], status: { attemptCount: 2 } })] }))[0],
    ).toContain("counts 2");
    expect(attemptsAreARecord(aHistory({ changes: [two, aRun({ attempts: [failed] })] }))[0]).toContain(
      "has forgotten an attempt",
    );
    expect(attemptsAreARecord(aHistory({ changes: [two, aRun({ attempts: [lost, anAttempt(2)] })] }))[0]).toContain(
      "has changed attempt 1, which had ended",
    );
    expect(attemptsAreARecord(aHistory({ changes: [aRun({ attempts: [anAttempt(1), anAttempt(2)] })] }))[0]).toContain(
      "has not ended attempt 1",
    );
  });

  test("that the wrong budget pays for, or none, are found (S94)", () => {
    const after = (first: typeof failed, status: object = {}) =>
      aHistory({ changes: [aRun({ attempts: [first, anAttempt(2)], status })] });
    expect(budgetsDoNotMix(after(failed))).toEqual([]);
    expect(budgetsDoNotMix(after(lost))).toEqual([]);

    expect(budgetsDoNotMix(after(lost, { userRetries: 1, infrastructureRetries: 0 }))[0]).toContain(
      "has spent 1 of Infinity (User), its attempts cost 0",
    );
    expect(budgetsDoNotMix(after(failed, { resolved: { retry: { maxRetries: 0 } } }))[0]).toContain(
      "has spent 1 of 0 (User)",
    );
    expect(budgetsDoNotMix(after(anAttempt(1, "Succeeded")))[0]).toContain(
      "has an attempt after attempt 1, which ended Succeeded",
    );
  });
});

describe("a cancel", () => {
  const asked = aRun({ phase: "Running", spec: { cancel: true } });
  const parent = { ownerReferences: [{ kind: "TaskRun", name: "run-0" }] };
  const child = (phase: string) => aRun({ name: "child", phase, metadata: parent });

  test("that something else comes of is found (S164)", () => {
    expect(cancelIsHeeded(aHistory({ changes: [asked, aRun({ phase: "Canceled", spec: { cancel: true } })] }))).toEqual(
      [],
    );
    expect(
      cancelIsHeeded(aHistory({ changes: [succeeded, aRun({ phase: "Succeeded", spec: { cancel: true } })] })),
    ).toEqual([]);

    expect(
      cancelIsHeeded(aHistory({ changes: [asked, aRun({ phase: "Succeeded", spec: { cancel: true } })] }))[0],
    ).toContain("was to be canceled and is Succeeded");
  });

  test("that a child outlives is found (S165)", () => {
    const canceled = aRun({ phase: "Canceled" });
    expect(cancelReachesChildren(aHistory({ changes: [child("Succeeded"), canceled] }))).toEqual([]);
    expect(cancelReachesChildren(aHistory({ changes: [child("Running"), canceled, child("Canceled")] }))).toEqual([]);

    expect(cancelReachesChildren(aHistory({ changes: [child("Running"), canceled, child("Succeeded")] }))[0]).toContain(
      "child is Succeeded after its parent run-0 was canceled",
    );
  });

  test("is not what ends two children of one key well: that is found (S120)", () => {
    const keyed = (name: string) =>
      aRun({ name, phase: "Succeeded", metadata: { ...parent, annotations: { "stint.dev/key": "a" } } });
    expect(keysAreUsedOnce(aHistory({ changes: [keyed("child")] }))).toEqual([]);

    expect(keysAreUsedOnce(aHistory({ changes: [keyed("child"), keyed("other")] }))[0]).toContain(
      "2 children of run-0/a have succeeded",
    );
  });
});

describe("a run", () => {
  test("that does not end is found", () => {
    expect(everyRunEnds(aHistory({ changes: [running, succeeded] }))).toEqual([]);
    expect(everyRunEnds(aHistory({ changes: [running, { gone: running }] }))).toEqual([]);

    expect(everyRunEnds(aHistory({ changes: [running] }))[0]).toContain("run-0 is still Running");
  });

  test("that is Running without a pod for longer than a replacement takes is found (S98)", () => {
    const gone = [running, aPod(1), { gone: aPod(1) }];
    expect(runningHasAPod(aHistory({ changes: gone, endedAtMs: 30_000 }))).toEqual([]);
    expect(runningHasAPod(aHistory({ changes: [running, aPod(1)], endedAtMs: 60_000 }))).toEqual([]);

    expect(runningHasAPod(aHistory({ changes: gone, endedAtMs: 30_001 }))[0]).toContain(
      "run-0 was Running without a pod",
    );
  });

  test("that ends other than its story, unbefallen, is found", () => {
    const told = (ends: Submission["story"]["ends"]): Submission[] => [
      { name: "run-0", atMs: 0, story: { task: "square", input: [2], ends } },
    ];
    const four = aHistory({ changes: [aRun({ phase: "Succeeded", status: { result: 4 } })] });
    const killed = aHistory({ changes: [aRun({ phase: "Failed", attempts: [anAttempt(1, "Killed")] })] });
    const hopeless = aHistory({ changes: [aRun({ phase: "Failed", attempts: [anAttempt(1, "TaskError")] })] });

    const cutShort = (spec: object) =>
      aHistory({ changes: [aRun({ phase: "Failed", attempts: [anAttempt(1, "NodeLost")], spec })] });

    expect(endAsTold(told({ phase: "Succeeded", result: 4 }), four)).toEqual([]);
    expect(endAsTold(told({ phase: "Succeeded", result: 4 }), killed)).toEqual([]);
    expect(endAsTold(told({ phase: "Failed", reason: "TaskError" }), hopeless)).toEqual([]);
    expect(endAsTold(told({ phase: "Succeeded", result: 5 }), four)).toHaveLength(1);
    expect(endAsTold(told({ phase: "Succeeded", result: 4 }), hopeless)).toHaveLength(1);
    expect(endAsTold(told({ phase: "Canceled" }), four)).toHaveLength(1);
    expect(endAsTold(told({ phase: "Failed", reason: "DeadlineExceeded" }), cutShort({ deadlineSeconds: 9 }))).toEqual(
      [],
    );
    expect(endAsTold(told({ phase: "Failed", reason: "DeadlineExceeded" }), cutShort({}))).toHaveLength(1);
  });
});

describe("two attempts", () => {
  const first = aRun({ phase: "Running", attempts: [anAttempt(1)] });
  const second = aRun({ attempts: [lost, anAttempt(2)] });

  test("whose pods overlap are found, unless the older is declared lost (S98)", () => {
    expect(
      attemptsDoNotOverlap(
        aHistory({ changes: [aNode(true), first, aPod(1), aPod(1, { state: "terminated" }), second, aPod(2)] }),
      ),
    ).toEqual([]);
    expect(
      attemptsDoNotOverlap(aHistory({ changes: [aNode(true), first, aPod(1), { gone: aPod(1) }, second, aPod(2)] })),
    ).toEqual([]);
    expect(
      attemptsDoNotOverlap(
        aHistory({ changes: [aNode(true), first, aPod(1), aNode(false), aPod(1, { deleted: true }), second, aPod(2)] }),
      ),
    ).toEqual([]);

    const alive = "pod run-0-2 was made while run-0-1 lived";
    expect(attemptsDoNotOverlap(aHistory({ changes: [aNode(true), first, aPod(1), second, aPod(2)] }))[0]).toContain(
      alive,
    );
    expect(
      attemptsDoNotOverlap(aHistory({ changes: [aNode(true), first, aPod(1, { deleted: true }), second, aPod(2)] }))[0],
    ).toContain(alive);
    expect(attemptsDoNotOverlap(aHistory({ changes: [first, aPod(1), aNode(false), second, aPod(2)] }))[0]).toContain(
      alive,
    );
  });

  test("of which the older comes late do no harm, unless it works", () => {
    const changes = [aNode(true), first, aPod(1), { gone: aPod(1) }, second, aPod(2), { gone: aPod(2) }];
    const late = aHistory({ changes: [...changes, { ...aPod(1), metadata: { ...aPod(1).metadata, uid: "another" } }] });
    const worked: Entry = {
      kind: "started",
      run: "run-0",
      attempt: 1,
      podName: "run-0-1",
      pid: 7,
      atMs: 8000,
      beside: [],
    };

    expect(attemptsDoNotOverlap(late)).toEqual([]);
    expect(attemptsDoNotOverlap({ ...late, ledger: [worked] })[0]).toContain(
      "pod run-0-1 came after its attempt and ran",
    );
  });

  test("whose processes overlap are found, unless the older is declared lost (S98)", () => {
    const beside: Entry = {
      kind: "started",
      run: "run-0",
      attempt: 2,
      podName: "run-0-2",
      pid: 8,
      atMs: 9000,
      beside: ["run-0-1"],
    };
    const changes = [aNode(true), first, aPod(1), aNode(false), aPod(1, { deleted: true }), second, aPod(2)];
    expect(processesDoNotOverlap(aHistory({ changes, ledger: [beside] }))).toEqual([]);

    expect(
      processesDoNotOverlap(aHistory({ changes: [aNode(true), first, aPod(1), second, aPod(2)], ledger: [beside] }))[0],
    ).toContain("while the process of run-0-1 lived");
  });

  test("with one number are found, unless nobody was left who knew of the first (S98)", () => {
    const started = (pid: number, atMs: number): Entry => ({
      kind: "started",
      run: "run-0",
      attempt: 1,
      podName: "run-0-1",
      pid,
      atMs,
      beside: [],
    });
    const again = { ...aPod(1), metadata: { ...aPod(1).metadata, uid: "another" } };
    const vanished = [aRun({ attempts: [anAttempt(1)] }), aPod(1), { gone: aPod(1) }, again];
    const told = [aRun({ attempts: [anAttempt(1, undefined, { podUid: "uid" })] }), ...vanished];
    const ledger = [started(7, 1500), started(8, 4500)];
    const operators = [{ name: "operator-0", atMs: 2500, end: "SIGKILL", byItself: false, errors: [] }];
    const problem = "run-0-1 began to work 2 times";

    expect(attemptsWorkOnce(aHistory({ ledger: ledger.slice(1) }))).toEqual([]);
    expect(attemptsWorkOnce(aHistory({ changes: vanished, ledger, operators }))).toEqual([]);
    expect(attemptsWorkOnce(aHistory({ changes: vanished, ledger }))).toEqual([problem]);
    expect(attemptsWorkOnce(aHistory({ changes: told, ledger, operators }))).toEqual([problem]);
    expect(attemptsWorkOnce(aHistory({ changes: [aPod(1)], ledger, operators }))).toEqual([problem]);
  });
});

describe("an acknowledged report", () => {
  const acknowledged = (atMs: number, state: "succeeded" | "failed" = "succeeded"): Entry[] => [
    { kind: "acknowledged", run: "run-0", attempt: 1, podName: "run-0-1", pid: 7, atMs, state },
  ];

  test("that was not written, not yet, or is not the outcome is found (S52)", () => {
    const changes = [running, succeeded];
    expect(acknowledgedIsKept(aHistory({ changes, ledger: acknowledged(1000) }))).toEqual([]);
    const reported = anAttempt(1, "TaskError", { report: "digest" });
    expect(
      acknowledgedIsKept(aHistory({ changes: [aRun({ attempts: [reported] })], ledger: acknowledged(0, "failed") })),
    ).toEqual([]);

    expect(acknowledgedIsKept(aHistory({ changes, ledger: acknowledged(999) }))[0]).toContain(
      "was acknowledged and not written",
    );
    expect(
      acknowledgedIsKept(aHistory({ changes: [aRun({ attempts: [lost] })], ledger: acknowledged(0, "failed") }))[0],
    ).toContain("was acknowledged and not written");
    const overruled = aRun({ phase: "Failed", attempts: [anAttempt(1, "NodeLost", { report: "digest" })] });
    expect(acknowledgedIsKept(aHistory({ changes: [overruled], ledger: acknowledged(0) }))[0]).toContain(
      "acknowledged as succeeded, and the run is Failed",
    );
  });
});

describe("a pod", () => {
  test("that lives and works for nobody is found (S300, S168)", () => {
    expect(podsHaveAPurpose(aHistory({ changes: [running, aPod(1)] }))).toEqual([]);
    expect(podsHaveAPurpose(aHistory({ changes: [succeeded, aPod(1, { state: "terminated" })] }))).toEqual([]);

    expect(podsHaveAPurpose(aHistory({ changes: [succeeded, aPod(1)] }))[0]).toContain(
      "pod run-0-1 lives and its run is Succeeded",
    );
    expect(podsHaveAPurpose(aHistory({ changes: [aPod(1, { run: "nobody" })] }))[0]).toContain(
      "pod nobody-1 lives and has no run",
    );
  });
});

describe("an operator", () => {
  const end = (more: Partial<OperatorEnd>): History =>
    aHistory({ operators: [{ name: "operator-0", atMs: 0, end: 1, byItself: true, errors: [], ...more }] });

  test("that ends by itself, or finds what is not known to happen, is found", () => {
    expect(operatorsStand(end({ end: "SIGKILL", byItself: false }))).toEqual([]);
    expect(operatorsStand(end({ errors: ["the lease is lost"] }))).toEqual([]);

    expect(operatorsStand(end({}))[0]).toContain("operator-0 ended by itself (1)");
    expect(operatorsStand(end({ byItself: false, errors: ["a bug of ours: no rule covers it"] }))[0]).toContain(
      "operator-0 said: a bug of ours",
    );
  });
});
