import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  lastAttempt,
  liveAttempt,
  podOf,
  recordsEndOf,
  withAttempt,
  withLastAttempt,
} from "../../src/core/attempts.ts";
import { anAcceptedRun, anAttempt, aPod, aTaskRun, stamp } from "../builders.ts";

const over = { finishedAt: stamp(5), reason: "TaskError" } as const;

function grown(count: number): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  return numbers
    .reduce<ReturnType<typeof withAttempt>>((list, n) => withAttempt(list, anAttempt(n)), [])
    .map(({ number }) => number);
}

describe("the list of attempts (S101)", () => {
  test("keeps all of fifty", () => {
    expect(grown(50)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  test("keeps the first ten and the last forty of more", () => {
    const first = Array.from({ length: 10 }, (_, index) => index + 1);

    expect(grown(51)).toEqual([...first, ...Array.from({ length: 40 }, (_, index) => index + 12)]);
    expect(grown(201)).toEqual([...first, ...Array.from({ length: 40 }, (_, index) => index + 162)]);
  });

  test("ends with the newest attempt, in order and without repetition, however long it grew", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (count) => {
        const numbers = grown(count);

        expect(numbers.at(-1)).toBe(count);
        expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
        expect(numbers.length).toBe(Math.min(count, 50));
      }),
      { numRuns: 30 },
    );
  });

  test("changes in its newest member alone, and leaves the list that was given", () => {
    const before = [anAttempt(1), anAttempt(2)];

    const changed = withLastAttempt(before, { reason: "TaskError" });

    expect(changed.map(({ reason }) => reason)).toEqual([undefined, "TaskError"]);
    expect(before[1]).not.toHaveProperty("reason");
    expect(withLastAttempt([], { reason: "TaskError" })).toEqual([]);
  });
});

describe("the live attempt", () => {
  test("is the newest, as long as it has no end", () => {
    const ended = anAttempt(1, over);

    expect(liveAttempt(anAcceptedRun([ended, anAttempt(2)]))?.number).toBe(2);
    expect(liveAttempt(anAcceptedRun([ended]))).toBeUndefined();
    expect(lastAttempt(anAcceptedRun([ended]))?.number).toBe(1);
    expect(lastAttempt(aTaskRun())).toBeUndefined();
  });
});

describe("the pod of an attempt (S98)", () => {
  test("has its name, whatever its uid, while none is recorded", () => {
    expect(podOf(anAttempt(1, { podUid: undefined }), [aPod(2), aPod(1)])).toEqual(aPod(1));
  });

  test("has the recorded uid: another pod of the name is another pod", () => {
    const again = aPod(1, "Running", { metadata: { uid: "again" } });

    expect(podOf(anAttempt(1), [again])).toBeUndefined();
    expect(podOf(anAttempt(1), [again, aPod(1)])).toEqual(aPod(1));
  });
});

describe("a run tells of the end of a pod's attempt", () => {
  const running = { kind: "Running", reason: "AttemptRunning" } as const;

  test.each([
    ["when that attempt has ended", anAcceptedRun([anAttempt(1, over)]), true],
    ["when a later one has begun", anAcceptedRun([anAttempt(2)]), true],
    ["when it is over itself, as a stub", aTaskRun({ status: { conditions: finished() } }), true],
    ["not while that attempt lives", anAcceptedRun([anAttempt(1)], {}, running), false],
    ["not while only an earlier one is on record", anAcceptedRun([anAttempt(0, over)]), false],
    ["not before it has any", aTaskRun(), false],
  ])("%s", (_, run, tells) => {
    expect(recordsEndOf(run, aPod(1, "Failed"))).toBe(tells);
  });
});

function finished() {
  const condition = { type: "Finished", status: "True", reason: "Completed", message: "" } as const;
  return [{ ...condition, lastTransitionTime: stamp(5) }];
}
