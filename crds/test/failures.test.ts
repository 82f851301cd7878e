import { describe, expect, test } from "vitest";

import { FinalReason, InfrastructureReason, UserReason } from "../src/conditions.ts";
import { classOf, failureNotes } from "../src/failures.ts";
import { limits } from "../src/limits.ts";

describe("what can be done about a failure", () => {
  test("every reason has a note, and there is none besides", () => {
    const reasons = [UserReason, InfrastructureReason, FinalReason].flatMap(Object.keys);

    expect(Object.keys(failureNotes).toSorted()).toEqual(reasons.toSorted());
  });

  test.each(Object.entries(failureNotes))("the hint of %s is a sentence that fits into a status", (_, { hint }) => {
    expect(hint).toMatch(/^[A-Z].*\.$/);
    expect(hint.length).toBeLessThanOrEqual(limits.hintLength);
  });
});

test("the class of a reason follows from its table", () => {
  expect([classOf("OutOfMemory"), classOf("NodeLost"), classOf("PodRejected")]).toEqual([
    "User",
    "Infrastructure",
    "Final",
  ]);
});
