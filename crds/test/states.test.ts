import { describe, expect, test } from "vitest";

import {
  EndReason,
  FinalReason,
  InfrastructureReason,
  LiveReason,
  NotStartedReason,
  UserReason,
} from "../src/conditions.ts";
import { stateRowOf, stateRows } from "../src/states.ts";

describe("the names of a state elsewhere (S155)", () => {
  test("every reason of a live run has a row, and it stands in one only", () => {
    const listed = stateRows.flatMap(({ reasons }) => reasons);

    expect(Object.values(LiveReason).filter((reason) => !listed.includes(reason))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });

  test.each([...Object.values(EndReason), ...Object.values(NotStartedReason)])(
    "a run that ended %s has a row",
    (reason) => {
      expect(stateRows.filter(({ reasons }) => reasons.includes(reason))).toHaveLength(1);
    },
  );

  test.each<[reason: string, prefect: string]>([
    [UserReason.TaskError, "Failed"],
    [UserReason.OutOfMemory, "Failed"],
    [FinalReason.DeadlineExceeded, "Failed"],
    [UserReason.TimedOut, "TimedOut"],
    [FinalReason.ImagePullFailed, "Crashed"],
    ...Object.values(InfrastructureReason).map((reason): [string, string] => [reason, "Crashed"]),
  ])("a failure for %s is Prefect's %s", (reason, prefect) => {
    expect(stateRowOf("Failed", reason)?.prefect).toBe(prefect);
  });

  test("a failure that is tolerated has names of its own, whatever its reason", () => {
    expect(stateRowOf("Failed", "NodeLost", true)?.tilebox).toBe("FAILED_OPTIONAL");
  });

  test("what is not produced has none", () => {
    expect(stateRowOf("Succeeded", "RolledBack")).toBeUndefined();
    expect(stateRowOf("Pending", "Delayed")).not.toHaveProperty("render");
  });
});
