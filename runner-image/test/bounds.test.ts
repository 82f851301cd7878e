import { expect, test } from "vitest";

import { firstBound } from "../src/bounds.ts";
import { anAssignment } from "./builders.ts";

const startMs = Date.parse("2030-01-01T00:00:00.000Z");

test.each([
  { given: "no deadline", deadlineAt: undefined, atMs: startMs + 60_000, reason: "TimedOut" },
  { given: "a later deadline", deadlineAt: "2030-01-01T00:01:00.001Z", atMs: startMs + 60_000, reason: "TimedOut" },
  {
    given: "an earlier one",
    deadlineAt: "2030-01-01T00:00:30.000Z",
    atMs: startMs + 30_000,
    reason: "DeadlineExceeded",
  },
])("with $given an attempt ends as $reason", ({ deadlineAt, atMs, reason }) => {
  const assignment = anAssignment({ timeoutSeconds: 60, ...(deadlineAt && { deadlineAt }) });

  expect(firstBound(assignment, startMs)).toMatchObject({ atMs, notice: { reason } });
});
