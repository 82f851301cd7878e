// Rows of `decide`: runs that are handed over, and runs that wait for them.
import type { HandOver, Subtasks } from "../../src/core/world.ts";
import {
  aFailure,
  after,
  anAcceptedRun,
  anAttempt,
  aPod,
  aRunStub,
  aSuccess,
  aTaskRun,
  received,
  stamp,
} from "../builders.ts";
import { awaiting, failed, running, type Row } from "./decide-row.ts";

const handOver = (more: Partial<HandOver> = {}): HandOver => ({ state: "Made", branch: "TreeFailed", ...more });
const subtasks = (more: Partial<Subtasks> = {}): Subtasks => ({ live: 0, missing: 0, toRerun: [], ...more });
const upstream = (more: object) => ({
  name: "beside",
  exists: true,
  isReachable: true,
  isOver: true,
  allowFailure: false,
  isBeside: true,
  ...more,
});
const beside = upstream({ failed: { name: "beside", phase: "Failed" } });
const below = upstream({ failed: { name: "below", phase: "Failed" } });
const submitting = aSuccess(16, 2);

/** A run whose function has handed over two subtasks. */
const waiting = (overrides: Parameters<typeof anAcceptedRun>[1] = {}) =>
  anAcceptedRun(
    [anAttempt(1, { reason: "Succeeded", finishedAt: stamp(5) })],
    { ...overrides, status: { subtasks: { attempt: 1, count: 2 }, startedAt: stamp(1), ...overrides.status } },
    { kind: "Running", reason: "WaitingForSubtasks" },
  );
const paused = anAcceptedRun(
  [anAttempt(1, { reason: "Succeeded", finishedAt: stamp(5) })],
  { status: { subtasks: { attempt: 1, count: 2 } } },
  { kind: "Suspended", reason: "SuspendRequested" },
);
const doneAgain = failed(
  {
    spec: { rerun: { generation: 1 } },
    status: { subtasks: { attempt: 1, count: 2 }, tolerated: true },
  },
  { kind: "Failed", reason: "SubtaskFailed", message: "subtask a is Failed" },
);

export const subtaskRows: readonly Row[] = [
  // Handed over
  {
    given: "a submission whose attempt is not over (S135)",
    world: { handOver: handOver({ state: "Open" }) },
    then: "notHandedOver",
    status: "undefined undefined",
  },
  {
    given: "a submission of an attempt that came to nothing (S135)",
    world: { handOver: handOver({ state: "Dropped" }) },
    then: "notHandedOver",
    status: "undefined undefined",
    does: ["deleteRun"],
  },
  {
    given: "a submission that came to nothing, of a run that is canceled",
    world: { handOver: handOver({ state: "Dropped" }), parent: aRunStub("parent", { canceling: true }) },
    then: "notHandedOver",
    status: "undefined undefined",
    does: ["deleteRun"],
  },
  {
    given: "a submission that was handed over",
    world: { handOver: handOver() },
    then: "starting",
    status: "Pending Starting",
    does: ["createPod 1"],
  },
  {
    given: "a tree that has failed, and a run of it that has not begun (S139)",
    world: { handOver: handOver({ failure: "TreeFailed" }), upstreams: [upstream({ isOver: false })] },
    then: "treeFailed",
    status: "Canceled TreeFailed",
  },
  {
    given: "an optional branch that has failed, and a run of it that has not begun (S140)",
    world: { handOver: handOver({ failure: "OptionalBranchFailed", branch: "OptionalBranchFailed" }) },
    then: "treeFailed",
    status: "Skipped OptionalBranchFailed",
    message: "an optional run above it has failed",
  },
  {
    given: "a subtask that has failed, and one that depends on it (S139)",
    world: { handOver: handOver(), upstreams: [beside] },
    then: "treeFailed",
    status: "Canceled TreeFailed",
  },
  {
    given: "the same inside an optional branch (S140)",
    world: { handOver: handOver({ branch: "OptionalBranchFailed" }), upstreams: [beside] },
    then: "treeFailed",
    status: "Skipped OptionalBranchFailed",
  },
  {
    given: "a run that a subtask called, without awaiting it, and that has failed (S138)",
    world: { handOver: handOver(), upstreams: [below] },
    then: "skipped",
    status: "Skipped UpstreamFailed",
    message: "upstream run below is Failed",
  },
  {
    given: "a tree that has failed, and a run of it that runs (S139)",
    run: running(),
    pods: [aPod()],
    world: { handOver: handOver({ failure: "TreeFailed" }) },
    then: "active",
    status: "Running AttemptRunning",
  },
  {
    given: "a tree that has failed, and a run of it between two attempts",
    run: awaiting({}, { nextRetryAt: after(5).toISOString() }),
    world: { handOver: handOver({ failure: "TreeFailed" }) },
    then: "starting",
    status: "Pending Starting",
    does: ["createPod 2"],
  },
  // Handing over
  {
    given: "a success with submissions (S136)",
    run: running(),
    pods: [aPod()],
    world: { report: received(submitting) },
    then: "succeeded",
    status: "Running WaitingForSubtasks",
  },
  {
    given: "a success with submissions, in a tree that has failed (S139)",
    run: running(),
    pods: [aPod()],
    world: { report: received(submitting), handOver: handOver({ failure: "TreeFailed" }) },
    then: "succeeded",
    status: "Succeeded Completed",
  },
  {
    given: "a hand-over that the tree has no room for (S127)",
    run: running(),
    pods: [aPod()],
    world: {
      report: received(
        aFailure({
          reason: "TreeLimitExceeded",
          error: { name: "ClientError", message: "run tree of top has reached its depth limit of 32" },
        }),
      ),
    },
    then: "exhausted",
    status: "Failed TreeLimitExceeded",
    does: ["event TreeLimitExceeded"],
    message: "failed after 1 attempt(s): run tree of top has reached its depth limit of 32",
  },
  {
    given: "subtasks of which one is live (S136)",
    run: waiting(),
    pods: [aPod(1, "Succeeded")],
    world: { subtasks: subtasks({ live: 1 }) },
    then: "waitingForSubtasks",
    status: "Running WaitingForSubtasks",
  },
  {
    given: "subtasks of which nothing is known yet",
    run: waiting(),
    then: "waitingForSubtasks",
    status: "Running WaitingForSubtasks",
  },
  {
    given: "subtasks that are all done (S136)",
    run: waiting(),
    world: { subtasks: subtasks() },
    then: "subtasksDone",
    status: "Succeeded Completed",
  },
  {
    given: "a subtask that has failed, and one that is live (S139)",
    run: waiting(),
    world: { subtasks: subtasks({ live: 1, failed: { name: "a", phase: "Failed" } }) },
    then: "subtaskFailed",
    status: "Failed SubtaskFailed",
    does: ["event SubtaskFailed"],
    message: "subtask a is Failed",
  },
  {
    given: "a subtask that was deleted (S168)",
    run: waiting(),
    world: { subtasks: subtasks({ missing: 1 }) },
    then: "subtaskFailed",
    status: "Failed SubtaskFailed",
    does: ["event SubtaskFailed"],
    message: "1 subtask(s) were deleted",
  },
  {
    given: "a cancel while subtasks are waited for (S162)",
    run: waiting({ spec: { cancel: true } }),
    world: { subtasks: subtasks({ live: 1 }) },
    then: "canceling",
    status: "Canceled Canceled",
  },
  {
    given: "a deadline that passes while subtasks are waited for (S71)",
    run: waiting({ status: { deadlineAt: after(5).toISOString() } }),
    world: { subtasks: subtasks({ live: 1 }) },
    then: "overDeadline",
    status: "Failed DeadlineExceeded",
    does: ["event DeadlineExceeded"],
  },
  {
    given: "a pause while subtasks are waited for (S173)",
    run: waiting({ spec: { suspend: true } }),
    world: { subtasks: subtasks({ live: 1 }) },
    then: "suspended",
    status: "Suspended SuspendRequested",
  },
  {
    given: "the end of that pause: the run waits on (S173)",
    run: paused,
    world: { subtasks: subtasks({ live: 1 }) },
    then: "waitingForSubtasks",
    status: "Running WaitingForSubtasks",
  },
  {
    given: "a pause, and subtasks that are all done",
    run: waiting({ spec: { suspend: true } }),
    world: { subtasks: subtasks() },
    then: "subtasksDone",
    status: "Succeeded Completed",
  },
  {
    given: "a pause, and a tree that has failed",
    run: aTaskRun({ spec: { suspend: true } }),
    world: { handOver: handOver({ failure: "TreeFailed" }) },
    then: "treeFailed",
    status: "Canceled TreeFailed",
  },
  // Done again
  {
    given: "a tree that is to be done again, of which the function has succeeded (S171)",
    run: doneAgain,
    then: "reopening",
    status: "Running WaitingForSubtasks",
  },
  {
    given: "a tree that is done again, with what had not ended well (S171)",
    run: waiting({ spec: { rerun: { generation: 1 } }, status: { rerunGeneration: 1, rerunAt: stamp(8) } }),
    world: {
      subtasks: subtasks({
        toRerun: [
          { name: "a", uid: "a" },
          { name: "b", uid: "b" },
        ],
      }),
    },
    then: "waitingForSubtasks",
    status: "Running WaitingForSubtasks",
    does: ["rerun a", "rerun b"],
  },
  {
    given: "a rerun of a run that another one has replaced under its key (S118)",
    run: failed({ spec: { rerun: { generation: 1 } } }),
    world: { replacedBy: "newer" },
    then: "replaced",
    status: "Failed TaskError",
    does: ["event RerunRefused"],
  },
];
