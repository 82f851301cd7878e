// Rows of `decide`: runs that somebody has done again, or paused.
import {
  aBundle,
  anAcceptedRun,
  anAttempt,
  aPod,
  aRunStub,
  aTaskRun,
  after,
  resolvedSettings,
  stamp,
} from "../builders.ts";
import { awaiting, begunAnew, failed, type Row } from "./decide-row.ts";

const paused = { kind: "Suspended", reason: "SuspendRequested" } as const;

export const rowsByHand: readonly Row[] = [
  // Done again by hand
  {
    given: "a rerun of a run that failed (S170)",
    run: failed({ spec: { rerun: { generation: 1 } } }),
    then: "reopening",
    status: "Pending Starting",
  },
  {
    given: "a rerun of a run that was canceled, whose cancel is taken back (S170)",
    run: failed({ spec: { rerun: { generation: 1 } } }, { kind: "Canceled", reason: "Canceled" }),
    then: "reopening",
    status: "Pending Starting",
  },
  {
    given: "a rerun of a run that has succeeded, past the API server (S170)",
    run: failed({ spec: { rerun: { generation: 1 } } }, { kind: "Succeeded", reason: "Completed" }),
    then: "finished",
    status: "Succeeded Completed",
  },
  {
    given: "a rerun that has been carried out, and has failed again",
    run: failed({ spec: { rerun: { generation: 1 } }, status: { rerunGeneration: 1, finishedAt: stamp(5) } }),
    then: "finished",
    status: "Failed TaskError",
  },
  {
    given: "a run that has begun anew (S170)",
    run: begunAnew(),
    then: "starting",
    status: "Pending Starting",
    does: ["createPod 2"],
  },
  {
    given: "a run that has begun anew while its last pod still lives (S98)",
    run: begunAnew(),
    pods: [aPod()],
    then: "waitingForRetry",
    status: "Pending Starting",
  },
  {
    given: "a run that has begun anew and is over its new deadline (S71)",
    run: begunAnew({}, { deadlineAt: stamp(40), resolved: resolvedSettings({ deadlineSeconds: 20 }) }),
    now: after(40),
    then: "overDeadline",
    status: "Failed DeadlineExceeded",
    does: ["event DeadlineExceeded"],
    message: "run exceeded its deadline of 20 second(s)",
  },
  {
    given: "a run that has begun anew, whose bundle was deleted (S249)",
    run: begunAnew(),
    world: { bundle: undefined, revision: undefined },
    then: "orphaned",
    status: "Failed RevisionNotFound",
    does: ["event RevisionNotFound"],
    message: "bundle math was deleted",
  },
  {
    given: "a run that has begun anew after its canceled parent had ended (S165)",
    run: begunAnew(),
    world: { parent: aRunStub("top", { canceling: true, finished: true, cancelEndedAt: after(19) }) },
    then: "starting",
    status: "Pending Starting",
    does: ["createPod 2"],
  },
  {
    given: "a run that had begun anew before its parent was canceled (S165)",
    run: begunAnew(),
    world: { parent: aRunStub("top", { canceling: true, finished: true, cancelEndedAt: after(21) }) },
    then: "canceling",
    status: "Canceled ParentCanceled",
  },
  {
    given: "a run that has begun anew while its parent is still being canceled (S165)",
    run: begunAnew(),
    world: { parent: aRunStub("top", { canceling: true }) },
    then: "canceling",
    status: "Canceled ParentCanceled",
  },
  {
    given: "a run whose rerun on Latest asked for no revision that it named before (S172)",
    run: aTaskRun({
      spec: { task: "math/square:7", rerun: { generation: 1, revision: "Latest" } },
      status: { rerunAt: stamp(5), rerunGeneration: 1 },
    }),
    world: { bundle: aBundle({ readyRevision: undefined }), revision: undefined },
    then: "unresolved",
    status: "Pending BundleNotReady",
    message: "bundle math has no Ready revision yet",
  },
  // Paused
  {
    given: "a pause before anything (S173)",
    run: aTaskRun({ spec: { suspend: true } }),
    then: "suspended",
    status: "Suspended SuspendRequested",
  },
  {
    given: "a pause above (S173)",
    world: { parent: aRunStub("top", { suspendedBy: "top" }) },
    then: "suspended",
    status: "Suspended SuspendRequested",
    message: "run top above it is paused",
  },
  {
    given: "a pause while a retry is waited for (S173)",
    run: awaiting({ spec: { suspend: true } }),
    then: "suspended",
    status: "Suspended SuspendRequested",
  },
  {
    given: "a pause while the pod of the last attempt still lives (S173)",
    run: awaiting({ spec: { suspend: true } }),
    pods: [aPod()],
    then: "suspended",
    status: "Pending AwaitingRetry",
  },
  {
    given: "a pause before an attempt has its pod (S173)",
    run: anAcceptedRun([anAttempt(1, { podUid: undefined })], { spec: { suspend: true } }),
    then: "suspended",
    status: "Suspended SuspendRequested",
  },
  {
    given: "a pause that is over before an attempt has its pod (S173)",
    run: anAcceptedRun([anAttempt(1, { podUid: undefined })], {}, paused),
    then: "creating",
    status: "Pending Starting",
    does: ["createPod 1"],
  },
  {
    given: "a pause that is over before the wait for a retry is (S173)",
    run: anAcceptedRun(
      [
        anAttempt(1, {
          class: "User",
          reason: "TaskError",
          error: { name: "Error", message: "bad" },
          finishedAt: stamp(5),
        }),
      ],
      { status: { nextRetryAt: stamp(60) } },
      paused,
    ),
    then: "waitingForRetry",
    status: "Pending AwaitingRetry",
    message: "TaskError: bad",
  },
  {
    given: "a pause that is over after the wait for a retry (S173)",
    run: anAcceptedRun(
      [anAttempt(1, { class: "User", reason: "TaskError", finishedAt: stamp(5) })],
      { status: { nextRetryAt: stamp(6) } },
      paused,
    ),
    then: "starting",
    status: "Pending Starting",
    does: ["createPod 2"],
  },
  {
    given: "a deadline that passes during a pause (S71, S173)",
    run: anAcceptedRun([], { spec: { suspend: true }, status: { deadlineAt: stamp(8) } }, paused),
    then: "overDeadline",
    status: "Failed DeadlineExceeded",
    does: ["event DeadlineExceeded"],
  },
  {
    given: "a cancel of a paused run (S162)",
    run: anAcceptedRun([], { spec: { suspend: true, cancel: true } }, paused),
    then: "canceling",
    status: "Canceled Canceled",
  },
];
