// What `decide` concludes, case by case. Each row shows the situation that is unlike a calm one, and nothing else.
import { label } from "@stint/crds/labels";
import type { Registering } from "@stint/crds/taskbundle";
import type { Report } from "@stint/crds/attempt";
import { describe, expect, test } from "vitest";

import { decide, ruleNames } from "../../src/core/decide.ts";
import type { Action, Decision } from "../../src/core/decision.ts";
import { conditionOf } from "../../src/core/status.ts";
import type { ObservedRun, OwnedPod, World } from "../../src/core/world.ts";
import {
  aBundle,
  aFailure,
  aManifestTask,
  aNode,
  anAcceptedRun,
  anAttempt,
  aPod,
  aRevision,
  aRunStub,
  aSuccess,
  aTaskRun,
  aWorld,
  after,
  received,
  resolvedSettings,
  stamp,
} from "../builders.ts";

interface Row {
  readonly given: string;
  readonly run?: ObservedRun;
  readonly pods?: readonly OwnedPod[];
  readonly world?: Partial<Record<keyof World, unknown>>;
  readonly now?: Date;
  readonly then: string;
  readonly status: string;
  readonly does?: readonly string[];
  readonly message?: string;
}

const t = after(10);

function decided({ run = aTaskRun(), pods = [], world = {}, now = t }: Row): Decision {
  return decide(run, pods, aWorld(world as Partial<World>), now);
}

function phaseAndReason({ status }: Decision): string {
  return `${status.phase} ${conditionOf(status.conditions, "Succeeded")?.reason}`;
}

function inWords(action: Action): string {
  switch (action.kind) {
    case "createPod":
      return `createPod ${action.attempt}`;
    case "deletePod":
      return `deletePod ${action.pod.name.split("-").at(-1)}`;
    case "deleteRun":
      return "deleteRun";
    case "recordEvent":
      return `event ${action.reason}`;
  }
}

const live = (overrides = {}): ObservedRun => anAcceptedRun([anAttempt(1)], overrides);
const running = (overrides = {}): ObservedRun =>
  anAcceptedRun([anAttempt(1)], overrides, { kind: "Running", reason: "AttemptRunning" });
const awaiting = (overrides = {}, status = {}): ObservedRun =>
  anAcceptedRun(
    [anAttempt(1, { class: "User", reason: "TaskError", finishedAt: after(5).toISOString() })],
    { ...overrides, status: { nextRetryAt: after(60).toISOString(), ...status } },
    { kind: "Pending", reason: "AwaitingRetry" },
  );
const ended = (status = {}): ObservedRun =>
  anAcceptedRun(
    [anAttempt(1, { finishedAt: after(5).toISOString() })],
    { status: { finishedAt: after(5).toISOString(), ...status } },
    { kind: "Succeeded", reason: "Completed" },
  );
const terminated = (exitCode: number, reason = "Error"): OwnedPod =>
  aPod(1, "Failed", { container: { terminated: { exitCode, reason } } });
const deleted = (phase: "Running" | "Pending" = "Running"): OwnedPod =>
  aPod(1, phase, { metadata: { deletionTimestamp: stamp(9) } });

const rows: readonly Row[] = [
  // Starting
  { given: "no pod yet", then: "starting", status: "Pending Starting", does: ["createPod 1"] },
  {
    given: "an instant to start at that lies ahead (S73)",
    run: aTaskRun({ spec: { startAt: after(60).toISOString() } }),
    then: "delayed",
    status: "Pending Delayed",
  },
  {
    given: "an instant to start at that has passed",
    run: aTaskRun({ spec: { startAt: after(-60).toISOString() } }),
    then: "starting",
    status: "Pending Starting",
    does: ["createPod 1"],
  },
  {
    given: "no such bundle (S255)",
    world: { bundle: undefined, revision: undefined },
    then: "unresolved",
    status: "Pending BundleNotFound",
    message: "bundle math does not exist in namespace team-a",
  },
  {
    given: "a bundle that has never been Ready",
    world: { bundle: aBundle({ readyRevision: undefined }), revision: undefined },
    then: "unresolved",
    status: "Pending BundleNotReady",
  },
  {
    given: "a revision that does not exist (S248)",
    run: aTaskRun({ spec: { task: "math/square:7" } }),
    world: { revision: undefined },
    then: "unresolved",
    status: "Failed RevisionNotFound",
    does: ["event RevisionNotFound"],
    message: "bundle math has no revision 7",
  },
  {
    given: "a revision that is registering",
    run: aTaskRun({ spec: { task: "math/square:2" } }),
    world: { revision: undefined, bundle: aBundle({ registering: aRegistration("Registering") }) },
    then: "unresolved",
    status: "Pending BundleNotReady",
  },
  {
    given: "a revision that failed to register (S248)",
    run: aTaskRun({ spec: { task: "math/square:2" } }),
    world: { revision: undefined, bundle: aBundle({ registering: aRegistration("RegistrationFailed") }) },
    then: "unresolved",
    status: "Failed RevisionNotFound",
    does: ["event RevisionNotFound"],
    message: "revision 2 of bundle math failed to register",
  },
  {
    given: "a task that the revision does not have (S124)",
    run: aTaskRun({ spec: { task: "math/cube" } }),
    then: "rejected",
    status: "Failed TaskNotFound",
    does: ["event TaskNotFound"],
    message: 'Task "cube" is not registered in bundle math revision 1',
  },
  {
    given: "too few arguments (S35)",
    run: aTaskRun({ input: { hash: "h", bytes: 2, shape: { kind: "array", length: 0 } } }),
    then: "rejected",
    status: "Failed InvalidInput",
    does: ["event InvalidInput"],
    message: "task square expected 1 argument(s), got 0",
  },
  {
    given: "an argument nobody asked for (S36)",
    run: aTaskRun({ input: { hash: "h", bytes: 9, shape: { kind: "object", members: ["n", "x"] } } }),
    then: "rejected",
    status: "Failed InvalidInput",
    does: ["event InvalidInput"],
    message: "task square got unexpected argument(s): x",
  },
  {
    given: "an input that is neither array nor object (S29)",
    run: aTaskRun({ input: { hash: "h", bytes: 1, shape: { kind: "other", type: "number" } } }),
    then: "rejected",
    status: "Failed InvalidInput",
    does: ["event InvalidInput"],
    message: "input must be a JSON array or a JSON object, got number",
  },
  {
    given: "an input over its limit (S44)",
    run: aTaskRun({ input: { hash: "h", bytes: 524_289, shape: { kind: "array", length: 1 } } }),
    then: "rejected",
    status: "Failed InputTooLarge",
    does: ["event InputTooLarge"],
    message: "input of task math/square is 524289 bytes, the limit is 524288 bytes (no payload store is configured)",
  },
  {
    given: "an unknown instance type (S57)",
    run: aTaskRun({ spec: { instanceType: "huge" } }),
    then: "rejected",
    status: "Failed UnknownInstanceType",
    does: ["event UnknownInstanceType"],
    message: 'unknown instance type "huge"; known: pro, pro-plus, standard, starter',
  },
  {
    given: "a step-up to a type that is no larger (S65)",
    run: aTaskRun({ spec: { retry: { outOfMemory: { instanceType: "starter" } } } }),
    then: "rejected",
    status: "Failed InvalidSpec",
    does: ["event InvalidSpec"],
    message: 'retry.outOfMemory.instanceType "starter" must offer more memory than "standard"',
  },
  // A live attempt
  {
    given: "a pod that waits for its node",
    run: live(),
    pods: [aPod(1, "Pending")],
    then: "active",
    status: "Pending Starting",
  },
  {
    given: "a container that has just been seen running",
    run: live(),
    pods: [aPod(1, "Running", { runningSeenAt: after(9.8) })],
    then: "active",
    status: "Pending Starting",
  },
  {
    given: "a container seen running 500 ms ago (S154)",
    run: live(),
    pods: [aPod(1, "Running", { runningSeenAt: after(9.5) })],
    then: "active",
    status: "Running AttemptRunning",
  },
  { given: "a running pod", run: running(), pods: [aPod()], then: "active", status: "Running AttemptRunning" },
  {
    given: "a pod that was deleted by somebody, and still ends (S98)",
    run: running(),
    pods: [deleted()],
    then: "active",
    status: "Running AttemptRunning",
  },
  {
    given: "a report of success",
    run: running(),
    pods: [aPod()],
    world: { report: received(aSuccess()) },
    then: "succeeded",
    status: "Succeeded Completed",
  },
  {
    given: "a report of failure",
    run: running(),
    pods: [aPod()],
    world: { report: received(aFailure()) },
    then: "awaitingRetry",
    status: "Pending AwaitingRetry",
    does: ["event TaskError"],
  },
  {
    given: "an error that is not to be retried (S91)",
    run: running(),
    pods: [aPod()],
    world: { report: received(aFailure({ reason: "NonRetryableError" })) },
    then: "exhausted",
    status: "Failed NonRetryableError",
    does: ["event NonRetryableError"],
    message: "failed after 1 attempt(s): n is not a number",
  },
  {
    given: "an ordinary error where only RetryableErrors are retried (S90)",
    run: running({
      status: { resolved: resolvedSettings({ retry: { ...resolvedSettings().retry, when: "RetryableOnly" } }) },
    }),
    pods: [aPod()],
    world: { report: received(aFailure()) },
    then: "exhausted",
    status: "Failed TaskError",
    does: ["event TaskError"],
  },
  {
    given: "an exit without a report (S76)",
    run: running(),
    pods: [terminated(0, "Completed")],
    then: "awaitingRetry",
    status: "Pending AwaitingRetry",
    does: ["event ExitedWithoutReport"],
    message: "ExitedWithoutReport: process exited with code 0 before completing the task",
  },
  {
    given: "a lost node (S98)",
    run: running(),
    pods: [deleted()],
    world: { nodes: new Map([["node-1", aNode("node-1", { ready: false })]]) },
    then: "awaitingRetry",
    status: "Pending AwaitingRetry",
    does: ["event NodeLost"],
  },
  {
    given: "a failure with both budgets spent",
    run: running({ status: { userRetries: 3, infrastructureRetries: 10 } }),
    pods: [terminated(1)],
    then: "exhausted",
    status: "Failed ExitedWithoutReport",
    does: ["event ExitedWithoutReport"],
  },
  {
    given: "a lost pod with the infrastructure's budget spent (S95)",
    run: running({ status: { infrastructureRetries: 10 } }),
    pods: [],
    then: "exhausted",
    status: "Failed PodDeleted",
    does: ["event PodDeleted"],
    message: `infrastructure retries exhausted (10 of 10): pod ${anAttempt(1).podName} is gone`,
  },
  {
    given: "a result over its limit (S49)",
    run: running(),
    pods: [aPod()],
    world: { report: received(aSuccess("x".repeat(524_287))) },
    then: "succeeded",
    status: "Failed ResultTooLarge",
    does: ["event ResultTooLarge"],
    message:
      "result of task math/square is 524289 bytes, the limit is 524288 bytes; store it elsewhere and return a reference (no payload store is configured)",
  },
  {
    given: "an attempt that has overstayed its timeout (S68)",
    run: running(),
    pods: [aPod()],
    now: after(1 + 7200 + 10 + 5),
    then: "overdue",
    status: "Running AttemptRunning",
    does: ["deletePod 1"],
  },
  {
    given: "the same, but no gateway has been ready for long enough to hear it (S68)",
    run: running(),
    pods: [aPod()],
    now: after(7300),
    world: { gatewayReadySince: after(7280) },
    then: "active",
    status: "Running AttemptRunning",
  },
  {
    given: "a report that comes after a stop (S164)",
    run: anAcceptedRun([anAttempt(1, { stop: { reason: "TimedOut", at: stamp(9) } })]),
    pods: [aPod()],
    world: { report: received(aSuccess()) },
    then: "stopping",
    status: "Pending Starting",
    does: ["deletePod 1"],
  },
  {
    given: "a stopped attempt whose pod has ended",
    run: anAcceptedRun([anAttempt(1, { stop: { reason: "TimedOut", at: stamp(9) } })]),
    pods: [terminated(143)],
    then: "awaitingRetry",
    status: "Pending AwaitingRetry",
    does: ["event TimedOut"],
    message: "TimedOut: attempt exceeded its timeout of 7200 second(s)",
  },
  {
    given: "a pod that waits longer than the start timeout (S69)",
    run: live({ status: { resolved: resolvedSettings({ startTimeoutSeconds: 5 }) } }),
    pods: [aPod(1, "Pending")],
    then: "overdue",
    status: "Pending Starting",
    does: ["deletePod 1"],
  },
  {
    given: "an image that can never be pulled (S70)",
    run: live(),
    pods: [aPod(1, "Pending", { container: { waiting: { reason: "InvalidImageName", message: "bad name" } } })],
    then: "overdue",
    status: "Pending Starting",
    does: ["deletePod 1"],
  },
  {
    given: "an input that was changed (S158)",
    run: running({ input: { hash: "other", bytes: 3, shape: { kind: "array", length: 1 } } }),
    pods: [aPod()],
    then: "altered",
    status: "Failed InvalidSpec",
    does: ["deletePod 1", "event InvalidSpec"],
    message: "spec.input changed after the run was accepted",
  },
  // The API server's no
  {
    given: "a quota (S195)",
    run: intent(),
    world: { refusal: { kind: "quota", message: "exceeded quota" } },
    then: "creating",
    status: "Pending QuotaExceeded",
  },
  {
    given: "a ServiceAccount that is not there yet (S195)",
    run: intent(),
    world: { refusal: { kind: "serviceAccount", message: "not found" } },
    then: "creating",
    status: "Pending Starting",
  },
  {
    given: "a ServiceAccount that is not there after a minute (S195)",
    run: intent(),
    now: after(60),
    world: { refusal: { kind: "serviceAccount", message: 'serviceaccount "x" not found' } },
    then: "creating",
    status: "Failed PodRejected",
    does: ["event PodRejected"],
    message: 'serviceaccount "x" not found',
  },
  {
    given: "a foreign pod under the attempt's name (S98)",
    run: intent(),
    world: { refusal: { kind: "foreign", podName: "square-4-x-1", owner: "Job other" } },
    then: "creating",
    status: "Failed PodRejected",
    does: ["event PodRejected"],
    message: "pod square-4-x-1 exists and belongs to Job other",
  },
  // Between attempts
  { given: "a wait that is not over", run: awaiting(), then: "waitingForRetry", status: "Pending AwaitingRetry" },
  {
    given: "a wait that is over",
    run: awaiting(),
    now: after(60),
    then: "starting",
    status: "Pending Starting",
    does: ["createPod 2"],
  },
  {
    given: "a wait that is over while the old pod still lives (S98)",
    run: awaiting({}, { nextRetryAt: after(6).toISOString() }),
    pods: [aPod()],
    then: "waitingForRetry",
    status: "Pending AwaitingRetry",
  },
  {
    given: "an old pod alive 45 s after its attempt's end (S300)",
    run: awaiting({}, { nextRetryAt: after(6).toISOString() }),
    pods: [aPod()],
    now: after(50),
    then: "waitingForRetry",
    status: "Pending AwaitingRetry",
    does: ["deletePod 1"],
  },
  {
    given: "a bundle that was deleted (S249)",
    run: awaiting(),
    now: after(60),
    world: { bundle: undefined, revision: undefined },
    then: "orphaned",
    status: "Failed RevisionNotFound",
    does: ["event RevisionNotFound"],
    message: "bundle math was deleted",
  },
  // Cancel and deadline
  {
    given: "a cancel before any pod (S162)",
    run: aTaskRun({ spec: { cancel: true } }),
    then: "canceling",
    status: "Canceled Canceled",
  },
  {
    given: "a cancel while running (S163)",
    run: running({ spec: { cancel: true } }),
    pods: [aPod()],
    then: "canceling",
    status: "Running Canceling",
    does: ["deletePod 1"],
  },
  {
    given: "a cancel whose pod still ends",
    run: running({ spec: { cancel: true } }),
    pods: [deleted()],
    then: "canceling",
    status: "Running Canceling",
  },
  {
    given: "a success that comes after the cancel (S164)",
    run: running({ spec: { cancel: true } }),
    pods: [deleted()],
    world: { report: received(aSuccess()) },
    then: "canceling",
    status: "Running Canceling",
  },
  {
    given: "a cancel whose pod has ended",
    run: running({ spec: { cancel: true } }),
    pods: [terminated(143)],
    then: "canceling",
    status: "Canceled Canceled",
  },
  {
    given: "a cancel between attempts (S162)",
    run: awaiting({ spec: { cancel: true } }),
    then: "canceling",
    status: "Canceled Canceled",
  },
  {
    given: "a canceled parent (S165)",
    world: { parent: aRunStub("parent", { canceling: true }) },
    then: "canceling",
    status: "Canceled ParentCanceled",
  },
  {
    given: "a deadline that passed without a pod (S71)",
    run: aTaskRun({ spec: { deadlineSeconds: 5 } }),
    then: "overDeadline",
    status: "Failed DeadlineExceeded",
    does: ["event DeadlineExceeded"],
    message: "run exceeded its deadline of 5 second(s)",
  },
  {
    given: "a deadline that passed while running",
    run: running({ spec: { deadlineSeconds: 5 } }),
    pods: [aPod()],
    then: "overDeadline",
    status: "Running AttemptRunning",
    does: ["deletePod 1"],
  },
  {
    given: "a live parent's earlier deadline (S72)",
    world: { parent: aRunStub("parent", { deadlineAt: after(5) }) },
    then: "overDeadline",
    status: "Failed DeadlineExceeded",
    does: ["event DeadlineExceeded"],
  },
  {
    given: "a retry whose wait would end after the deadline (S71)",
    run: running({ spec: { deadlineSeconds: 10.5 } }),
    pods: [terminated(1)],
    then: "exhausted",
    status: "Failed ExitedWithoutReport",
    does: ["event ExitedWithoutReport"],
  },
  // The end
  { given: "a finished run", run: ended(), pods: [terminated(0)], then: "finished", status: "Succeeded Completed" },
  {
    given: "a pod that outlives its run by 45 s (S300)",
    run: ended(),
    pods: [aPod()],
    now: after(50),
    then: "finished",
    status: "Succeeded Completed",
    does: ["deletePod 1"],
  },
  {
    given: "a finished run past its time (S160)",
    run: ended(),
    world: { rootFinished: true },
    now: after(86_405),
    then: "finished",
    status: "Succeeded Completed",
    does: ["deleteRun"],
  },
  {
    given: "a finished run past its time with live descendants (S160)",
    run: ended(),
    world: { rootFinished: true, descendantsFinished: false },
    now: after(86_405),
    then: "finished",
    status: "Succeeded Completed",
  },
  {
    given: "a run that is being deleted (S168)",
    run: running({ metadata: { deletionTimestamp: stamp(9) } }),
    pods: [aPod()],
    then: "deleting",
    status: "Running AttemptRunning",
  },
];

function aRegistration(state: "Registering" | "RegistrationFailed"): Registering {
  return { revision: 2, generation: 2, specHash: "s", state, attempt: 1, podName: "math-r2-1" };
}

function intent(): ObservedRun {
  return anAcceptedRun([anAttempt(1, { podUid: undefined })]);
}

describe("decide", () => {
  test.each(rows)("$given → $then", (row) => {
    const decision = decided(row);

    expect(decision.rule).toBe(row.then);
    expect(phaseAndReason(decision)).toBe(row.status);
    expect(decision.actions.map(inWords)).toEqual(row.does ?? []);
    if (row.message !== undefined) {
      expect(conditionOf(decision.status.conditions, "Succeeded")?.message).toBe(row.message);
    }
  });

  test("every rule speaks in some row", () => {
    const spoken = new Set(rows.map(({ then }) => then));

    expect(ruleNames.filter((name) => !spoken.has(name))).toEqual([]);
  });

  test("an intent without a pod is carried out again (S98)", () => {
    const decision = decide(intent(), [], aWorld(), t);

    expect(decision.rule).toBe("creating");
    expect(decision.actions.map(inWords)).toEqual(["createPod 1"]);
  });

  test("acceptance pins what is in force (S9, S59, S249)", () => {
    const { status } = decide(aTaskRun({ spec: { timeoutSeconds: 60 } }), [], aWorld(), t);

    expect(status).toMatchObject({
      revision: 1,
      inputHash: aTaskRun().input.hash,
      instanceType: "standard",
      resources: { cpu: "1", memory: "2Gi" },
      resolved: { timeoutSeconds: 60, gracePeriodSeconds: 10, retry: { maxRetries: 3 } },
      attemptCount: 1,
      root: { name: "square-4" },
    });
  });

  test("a child knows its parent and its root (S121)", () => {
    const run = aTaskRun({
      metadata: {
        labels: { [label.root]: "top", [label.rootUid]: "top-uid" },
        annotations: { "stint.dev/parent-attempt": "2" },
        ownerReferences: [
          { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "middle", uid: "m", controller: true },
        ],
      },
    });

    const { status } = decide(run, [], aWorld(), t);

    expect(status.parent).toEqual({ name: "middle", uid: "m", attempt: 2 });
    expect(status.root).toEqual({ name: "top", uid: "top-uid" });
  });

  test.each<[string, Report, boolean]>([
    ["a success", aSuccess(), true],
    ["a failure", aFailure(), true],
  ])("%s is taken, and its digest is kept (S98)", (_, report, taken) => {
    const heard = received(report);

    const decision = decide(running(), [aPod()], aWorld({ report: heard }), t);

    expect(decision.reportTaken).toBe(taken);
    expect(decision.status.attempts?.at(-1)?.report).toBe(heard.digest);
  });

  test("a report of another pod is not taken (S98)", () => {
    const foreign = { ...received(aSuccess()), podUid: "another" };

    const decision = decide(running(), [aPod()], aWorld({ report: foreign }), t);

    expect(decision.reportTaken).toBe(false);
    expect(decision.status.result).toBeUndefined();
  });

  test("null is a result like any other (S46)", () => {
    const decision = decide(running(), [aPod()], aWorld({ report: received(aSuccess(null)) }), t);

    expect(decision.status.result).toBeNull();
    expect(decision.status.phase).toBe("Succeeded");
  });

  test("after running out of memory the larger type stays in force (S65)", () => {
    const retry = { ...resolvedSettings().retry, outOfMemory: { instanceType: "pro" } };
    const first = anAttempt(1, { class: "User", reason: "OutOfMemory", finishedAt: after(5).toISOString() });
    const second = anAttempt(2, {
      instanceType: "pro",
      class: "User",
      reason: "TaskError",
      finishedAt: after(7).toISOString(),
    });
    const status = { resolved: resolvedSettings({ retry }), attemptCount: 1 };

    const steppedUp = decide(anAcceptedRun([first], { status }), [], aWorld(), t).status;
    const stays = decide(anAcceptedRun([first, second], { status }), [], aWorld(), t).status;

    expect(steppedUp).toMatchObject({ instanceType: "pro", resources: { memory: "4Gi" }, userRetries: 1 });
    expect(stays.attempts?.at(-1)).toMatchObject({ number: 3, instanceType: "pro" });
  });

  test("a task's own settings, the bundle's and the operator's are asked in this order (S9)", () => {
    const task = aManifestTask({ settings: { timeoutSeconds: 100 } });
    const revision = aRevision({
      manifest: [task],
      spec: { source: {}, defaults: { timeoutSeconds: 200, gracePeriodSeconds: 20 } },
    });
    const world = aWorld({
      revision,
      taskDefaults: { timeoutSeconds: 300, gracePeriodSeconds: 30, startTimeoutSeconds: 40 },
    });

    const { status } = decide(aTaskRun(), [], world, t);

    expect(status.resolved).toMatchObject({ timeoutSeconds: 100, gracePeriodSeconds: 20, startTimeoutSeconds: 40 });
  });

  test("a live run is looked at again within 30 s (S97)", () => {
    const { requeueAt } = decide(running(), [aPod()], aWorld(), t);

    expect(requeueAt?.getTime()).toBeLessThanOrEqual(t.getTime() + 30_000);
  });
});
