import { encodeTermination } from "@stint/crds/termination";
import { describe, expect, test } from "vitest";

import {
  isDeclaredLost,
  isEnded,
  outcomeOf,
  readableAt,
  startedAt,
  type Outcome,
  type Seen,
} from "../../src/core/outcome.ts";
import type { ContainerState, OwnedPod } from "../../src/core/world.ts";
import { after, aFailure, aNode, anAttempt, aPod, aSuccess, stamp } from "../builders.ts";

const readyNode = aNode("node-1");
const deadNode = aNode("node-1", { ready: false, noExecuteTaints: ["node.kubernetes.io/unreachable"] });
const deleted = { metadata: { deletionTimestamp: stamp(40) } };

/** A calm look: the node is well, nothing was reported, nobody canceled. */
function seen(overrides: Partial<Seen> = {}): Seen {
  return { node: readyNode, cancelStored: false, timeoutSeconds: 600, now: after(60), ...overrides };
}

const dead = seen({ node: deadNode });
const gone: Seen = { cancelStored: false, timeoutSeconds: 600, now: after(60) };

function exited(exitCode: number, reason = exitCode === 0 ? "Completed" : "Error", message = ""): ContainerState {
  return { terminated: { exitCode, reason, message, startedAt: stamp(1), finishedAt: stamp(5) } };
}

type Changes = NonNullable<Parameters<typeof aPod>[2]>;

/** A pod whose task container has ended. */
function died(exitCode: number, changes: Changes = {}): OwnedPod {
  return aPod(1, exitCode === 0 ? "Succeeded" : "Failed", { container: exited(exitCode), ...changes });
}

/** A pod with a disruption, and perhaps the kubelet's reason beside it. */
function by(cause: string, reason?: string, status = "True"): Changes {
  const conditions = [{ type: "DisruptionTarget", status, reason: cause, message: `because of ${cause}` }];
  return { status: { conditions, reason } };
}

function podReason(reason: string): Changes {
  return { status: { reason } };
}

/** A pod that the kubelet did not let in, or not in time. */
function refused(reason: string): OwnedPod {
  return aPod(1, "Failed", { status: { reason, containerStatuses: undefined, conditions: undefined } });
}

function waiting(reason: string): OwnedPod {
  return aPod(1, "Pending", { container: { waiting: { reason } } });
}

function inWords(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "live";
  return "reason" in outcome ? `${outcome.kind} ${outcome.reason}` : outcome.kind;
}

const successWords = encodeTermination({ kind: "report", report: aSuccess() });
const failureWords = encodeTermination({ kind: "report", report: aFailure() });
const lostWords = encodeTermination({ kind: "lost", call: "report" });
const heapWords =
  "<--- Last few GCs --->\nFATAL ERROR: Reached heap limit - JavaScript heap out of memory\n----- Native";

const stale = { container: { running: {} } };
const unknownEnd = { container: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } } };
const notFound = { terminated: { exitCode: 128, reason: "StartError", message: "exec: no such file" } };
const tooLateToStart = died(128, { container: notFound, ...podReason("DeadlineExceeded") });
const unscheduled = { spec: { nodeName: undefined }, status: { containerStatuses: undefined } };
const kubelet = "TerminationByKubelet";
const timedOut = aFailure({ reason: "TimedOut" });
const nonRetryable = aFailure({ reason: "NonRetryableError" });

type End = [cause: string, outcome: string, pod?: OwnedPod, seen?: Seen];

const reports: readonly End[] = [
  ["success in the termination message", "Succeeded", died(0, { container: exited(0, "Completed", successWords) })],
  ["success reported while the pod still runs", "Succeeded", aPod(), seen({ report: aSuccess() })],
  ["success reported, then the pod killed", "Succeeded", died(137), seen({ report: aSuccess() })],
  ["failure in the termination message", "User TaskError", died(1, { container: exited(1, "Error", failureWords) })],
  ["timeout reported", "User TimedOut", aPod(), seen({ report: timedOut })],
  ["final failure reported", "Final NonRetryableError", aPod(), seen({ report: nonRetryable })],
  ["no gateway answered", "Infrastructure ReportLost", died(1, { container: exited(1, "Error", lostWords) })],
];

const ownEnds: readonly End[] = [
  ["exit 0 without a report", "User ExitedWithoutReport", died(0)],
  ["exit 1 without a report", "User ExitedWithoutReport", died(1)],
  ["abort of process 1", "User ExitedWithoutReport", died(139)],
  ["V8 heap exhausted, process 1", "User OutOfMemory", died(139, { container: exited(139, "Error", heapWords) })],
  ["V8 heap exhausted, not process 1", "User OutOfMemory", died(134, { container: exited(134, "Error", heapWords) })],
  ["V8's words, but no abort", "User ExitedWithoutReport", died(1, { container: exited(1, "Error", heapWords) })],
  ["container memory limit", "User OutOfMemory", died(137, { container: exited(137, "OOMKilled") })],
  ["a child OOM-killed, no report", "User OutOfMemory", died(0, { container: exited(0, "OOMKilled") })],
  ["a child OOM-killed, a report", "User TaskError", died(1, { container: exited(1, "OOMKilled", failureWords) })],
  ["own ephemeral-storage limit", "User StorageExceeded", died(137, podReason("Evicted"))],
  ["activeDeadlineSeconds, had started", "User TimedOut", died(143, podReason("DeadlineExceeded"))],
  ["activeDeadlineSeconds, exit 0", "User TimedOut", died(0, podReason("DeadlineExceeded"))],
  ["killed from outside", "User Killed", died(137)],
  ["ended from outside", "User ExitedWithoutReport", died(143)],
];

const disruptions: readonly End[] = [
  ["preempted by the scheduler", "Infrastructure Preempted", died(143, { ...deleted, ...by("PreemptionByScheduler") })],
  [
    "NoExecute taint, kubelet alive",
    "Infrastructure Evicted",
    died(137, { ...deleted, ...by("DeletionByTaintManager") }),
  ],
  ["drain", "Infrastructure Evicted", died(143, { ...deleted, ...by("EvictionByEvictionAPI") })],
  ["drain, exit 0 without a report", "Infrastructure Evicted", died(0, { ...deleted, ...by("EvictionByEvictionAPI") })],
  ["node memory pressure", "Infrastructure Evicted", died(137, { ...unknownEnd, ...by(kubelet, "Evicted") })],
  ["node disk pressure", "Infrastructure Evicted", died(137, by(kubelet, "Evicted"))],
  ["room for a critical pod", "Infrastructure Preempted", died(137, by(kubelet, "Preempting"))],
  ["graceful node shutdown", "Infrastructure NodeShutdown", died(143, by(kubelet, "Terminated"))],
  ["node shutdown, exit 0, no report", "Infrastructure NodeShutdown", died(0, by(kubelet, "Terminated"))],
  ["node shutdown, a report", "Succeeded", died(0, by(kubelet, "Terminated")), seen({ report: aSuccess() })],
  [
    "refused for pressure by a kubelet that was started anew (S298)",
    "Infrastructure Evicted",
    died(143, { status: { reason: "Evicted", message: "Pod was rejected: The node had condition: [DiskPressure]. " } }),
  ],
  [
    "the same in the words of older kubelets",
    "Infrastructure Evicted",
    died(0, { status: { reason: "Evicted", message: "Pod The node had condition: [MemoryPressure]. " } }),
  ],
  ["refused while it ran, its device gone", "Infrastructure Evicted", died(137, podReason("UnexpectedAdmissionError"))],
  ["refused while it ran, no room any more", "Infrastructure Evicted", died(143, podReason("OutOfstint.test/gpu"))],
  ["a disruption that is new to us", "Infrastructure Evicted", died(1, by("Meteorite"))],
  [
    "a disruption that was called off",
    "User ExitedWithoutReport",
    died(1, by("EvictionByEvictionAPI", undefined, "False")),
  ],
  ["a disruption announced to a live pod", "live", aPod(1, "Running", by("EvictionByEvictionAPI"))],
];

const losses: readonly End[] = [
  ["node not Ready, before the toleration ends", "live", aPod(), dead],
  ["node not Ready, pod deleted", "Infrastructure NodeLost", aPod(1, "Running", { ...deleted, ...stale }), dead],
  ["node object deleted", "Infrastructure NodeLost", died(1, { ...deleted, ...stale, ...by("DeletionByPodGC") }), gone],
  [
    "node object deleted, still in our cache",
    "Infrastructure NodeLost",
    died(1, { ...stale, ...by("DeletionByPodGC") }),
  ],
  ["out-of-service taint", "Infrastructure NodeLost", died(1, { ...deleted, ...by("DeletionByTaintManager") }), dead],
  ["deleted by somebody, still ending", "live", aPod(1, "Running", deleted)],
  ["deleted by somebody, exit 0", "Infrastructure PodDeleted", died(0, deleted)],
  ["deleted by somebody, exit 137", "Infrastructure PodDeleted", died(137, deleted)],
  ["deleted by somebody, exit 143", "Infrastructure PodDeleted", died(143, deleted)],
  ["deleted by force, last seen running", "Infrastructure PodDeleted", aPod(), seen({ podGone: true })],
  ["deleted by force while it ended", "Infrastructure PodDeleted", died(143, deleted), seen({ podGone: true })],
  ["deleted after it had ended", "User ExitedWithoutReport", died(3), seen({ podGone: true })],
  [
    "deleted after it had been drained",
    "Infrastructure Evicted",
    died(143, by("EvictionByEvictionAPI")),
    seen({ podGone: true }),
  ],
  ["gone unseen", "Infrastructure PodDeleted"],
];

const neverStarted: readonly End[] = [
  ["activeDeadlineSeconds, never started", "Infrastructure StartTimeout", refused("DeadlineExceeded")],
  ["activeDeadlineSeconds, could not start", "Infrastructure StartTimeout", tooLateToStart],
  ["no CPU left", "Infrastructure NeverStarted", refused("OutOfcpu")],
  ["no memory left", "Infrastructure NeverStarted", refused("OutOfmemory")],
  ["too many pods", "Infrastructure NeverStarted", refused("OutOfpods")],
  ["no storage left", "Infrastructure NeverStarted", refused("OutOfephemeral-storage")],
  ["a node that does not fit", "Infrastructure NeverStarted", refused("NodeAffinity")],
  ["a node that shuts down", "Infrastructure NeverStarted", refused("NodeShutdown")],
  ["any other no of the kubelet", "Infrastructure NeverStarted", refused("UnexpectedAdmissionError")],
  ["a node under pressure", "Infrastructure NeverStarted", refused("Evicted")],
  ["deleted while Pending", "Infrastructure NeverStarted", aPod(1, "Failed", { ...deleted, ...unscheduled })],
  ["the same, in the words of a kubelet", "Infrastructure NeverStarted", died(137, { ...deleted, ...unknownEnd })],
  ["command not found", "Final ContainerConfigFailed", died(128, { container: notFound })],
  ["unschedulable", "live", aPod(1, "Pending", unscheduled), gone],
  ["image pull fails", "live", waiting("ImagePullBackOff")],
  ["image can never be pulled", "live", waiting("InvalidImageName")],
  ["config error", "live", waiting("CreateContainerConfigError")],
  ["the runtime cannot start the container", "live", waiting("RunContainerError")],
  ["volume does not mount, or no sandbox", "live", waiting("ContainerCreating")],
];

describe("how a pod ends", () => {
  const ends = [...reports, ...ownEnds, ...disruptions, ...losses, ...neverStarted];

  test.each<End>(ends)("%s → %s", (_, outcome, pod, what = seen()) => {
    expect(inWords(outcomeOf(anAttempt(), pod, what))).toBe(outcome);
  });

  test("an attempt whose pod was never seen is not over (S98)", () => {
    const attempt = anAttempt(1, { podUid: undefined });

    expect(outcomeOf(attempt, undefined, gone)).toBeUndefined();
    expect(inWords(outcomeOf(attempt, undefined, { ...gone, report: aSuccess() }))).toBe("Succeeded");
  });

  test("a recorded start tells a container of unknown end from one that never started", () => {
    const attempt = anAttempt(1, { startedAt: stamp(1) });
    const pod = aPod(1, "Failed", unknownEnd);

    expect(inWords(outcomeOf(attempt, pod, seen()))).toBe("User Killed");
  });

  test("a finished container counts although a sidecar keeps the pod Running (S298)", () => {
    const pod = aPod(1, "Running", { container: exited(1) });

    expect(isEnded(pod)).toBe(true);
    expect(inWords(outcomeOf(anAttempt(), pod, seen()))).toBe("User ExitedWithoutReport");
  });

  test("the exit of another container is not the task's", () => {
    const sidecar = { name: "sidecar", state: exited(137, "OOMKilled") };
    const pod = aPod(1, "Running", {
      status: { containerStatuses: [sidecar, { name: "task", state: { running: {} } }] },
    });

    expect(outcomeOf(anAttempt(), pod, seen())).toBeUndefined();
  });
});

describe("ends that the operator asked for", () => {
  const stops = [
    { reason: "TimedOut", ends: "User TimedOut", message: "attempt exceeded its timeout of 600 second(s)" },
    { reason: "StartTimeout", ends: "Infrastructure StartTimeout", message: "did not start within its start timeout" },
    { reason: "ImagePullFailed", ends: "Final ImagePullFailed", message: "ImagePullFailed" },
    { reason: "ContainerConfigFailed", ends: "Final ContainerConfigFailed", message: "ContainerConfigFailed" },
    { reason: "DeadlineExceeded", ends: "Final DeadlineExceeded", message: "DeadlineExceeded" },
    { reason: "OfAnotherVersion", ends: "Infrastructure PodDeleted", message: "was stopped: OfAnotherVersion" },
  ];

  test.each(stops)("a stop with reason $reason ends as $ends once the pod has ended", ({ reason, ends, message }) => {
    const attempt = anAttempt(1, { stop: { reason, at: stamp(9) } });

    const dying = outcomeOf(attempt, aPod(1, "Running", deleted), seen());
    const ended = outcomeOf(attempt, aPod(1, "Failed", { ...deleted, container: exited(137, "OOMKilled") }), seen());

    expect(dying).toBeUndefined();
    expect(inWords(ended)).toBe(ends);
    expect(ended).toHaveProperty("message", expect.stringContaining(message));
  });

  test("a stop keeps the message that was recorded with it", () => {
    const error = { name: "ImagePullFailed", message: "manifest unknown" };
    const attempt = anAttempt(1, { stop: { reason: "ImagePullFailed", at: stamp(9) }, error });

    expect(outcomeOf(attempt, undefined, gone)).toHaveProperty("message", "manifest unknown");
  });

  test.each([
    { pod: "gone", given: undefined, what: seen() },
    { pod: "ended", given: died(0, { container: exited(0, "Completed", successWords) }), what: seen() },
    { pod: "declared lost", given: aPod(1, "Running", deleted), what: seen({ node: deadNode }) },
  ])("a canceled attempt ends Canceled when its pod is $pod, whatever it reports (S164)", ({ given, what }) => {
    const outcome = outcomeOf(anAttempt(), given, { ...what, cancelStored: true, report: aSuccess() });

    expect(outcome).toEqual({ kind: "Canceled" });
  });

  test("a canceled attempt lives until its pod has ended, whatever it reports (S164)", () => {
    expect(outcomeOf(anAttempt(), aPod(), seen({ cancelStored: true, report: aSuccess() }))).toBeUndefined();
  });
});

describe("what an outcome says", () => {
  test("exit 0 without a report is told with its code (S76)", () => {
    const outcome = outcomeOf(anAttempt(), aPod(1, "Succeeded"), seen());

    expect(outcome).toHaveProperty("message", "process exited with code 0 before completing the task");
  });

  test("an end of a kind nobody knows keeps the raw fields", () => {
    const pod = aPod(1, "Failed", { container: exited(3, "Mystery"), status: { reason: "Weird" } });

    expect(outcomeOf(anAttempt(), pod, seen())).toMatchObject({
      reason: "ExitedWithoutReport",
      message: "process exited with code 3 before completing the task (Weird, Mystery)",
    });
  });

  test("a report carries the error, the retry wish and a wait of at most a day (S90, S92)", () => {
    const report = aFailure({ retryable: true, retryAfterMs: 1e12 });

    expect(outcomeOf(anAttempt(), aPod(), seen({ report }))).toEqual({
      kind: "User",
      reason: "TaskError",
      message: "n is not a number",
      error: report.error,
      retryable: true,
      retryAfterMs: 86_400_000,
    });
  });

  test("a message is cut to 4096 characters, the error stays whole (S77)", () => {
    const report = aFailure({ error: { name: "Error", message: "x".repeat(5000) } });

    expect(outcomeOf(anAttempt(), aPod(), seen({ report }))).toMatchObject({
      message: "x".repeat(4096),
      error: report.error,
    });
  });

  test("a container that could not start was never started, although the runtime dates it 1970", () => {
    const never = { terminated: { exitCode: 128, reason: "StartError", startedAt: "1970-01-01T00:00:00Z" } };

    expect(startedAt(aPod(1, "Failed", { container: never }))).toBeUndefined();
    expect(startedAt(aPod(1, "Failed"))).toEqual(after(1));
    expect(startedAt(aPod(1, "Running"))).toEqual(after(1));
  });
});

describe("the kubelet's last word (S298)", () => {
  const exit = (exitCode: number, reason = "Error"): Changes => ({
    container: { terminated: { exitCode, reason, startedAt: stamp(1), finishedAt: stamp(5) } },
  });
  const ending = (exitCode: number, changes: Changes = {}): OwnedPod =>
    aPod(1, "Running", { ...exit(exitCode), ...changes });
  const soon = seen({ now: after(6) });

  test.each([137, 143])("is awaited for 5 s where a signal ended the container: exit %i", (exitCode) => {
    const pod = ending(exitCode);

    expect(outcomeOf(anAttempt(), pod, soon)).toBeUndefined();
    expect(readableAt(pod)).toEqual(after(10));
    expect(outcomeOf(anAttempt(), pod, seen({ now: after(10) }))).toHaveProperty("kind", "User");
  });

  test("makes it the infrastructure's", () => {
    const status = {
      phase: "Failed",
      reason: "Evicted",
      message: "Pod was rejected: The node had condition: [DiskPressure]. ",
    };

    expect(inWords(outcomeOf(anAttempt(), ending(143, { status }), soon))).toBe("Infrastructure Evicted");
  });

  test.each<[string, OwnedPod, string]>([
    ["the process left by itself", ending(7), "User ExitedWithoutReport"],
    ["the container was out of memory", ending(137, exit(137, "OOMKilled")), "User OutOfMemory"],
    ["somebody deleted the pod", ending(143, deleted), "Infrastructure PodDeleted"],
    ["the pod has its phase", died(137), "User Killed"],
    [
      "the process has said how it ended",
      ending(143, { container: exited(143, "Error", failureWords) }),
      "User TaskError",
    ],
  ])("is not awaited where %s", (_, pod, outcome) => {
    expect(inWords(outcomeOf(anAttempt(), pod, soon))).toBe(outcome);
  });

  test("is not awaited of a pod that is gone, or whose node is", () => {
    const disrupted = by("PreemptionByScheduler");

    expect(inWords(outcomeOf(anAttempt(), ending(143, disrupted), { ...soon, podGone: true }))).toBe(
      "Infrastructure Preempted",
    );
    expect(inWords(outcomeOf(anAttempt(), ending(143, deleted), { ...soon, node: deadNode }))).toBe(
      "Infrastructure NodeLost",
    );
  });
});

test("a pod is declared lost only if somebody deletes it and its node does not answer (S98)", () => {
  const leaving = aPod(1, "Running", deleted);

  expect(isDeclaredLost(leaving, deadNode)).toBe(true);
  expect(isDeclaredLost(leaving, undefined)).toBe(true);
  expect(isDeclaredLost(leaving, readyNode)).toBe(false);
  expect(isDeclaredLost(aPod(), deadNode)).toBe(false);
  expect(isDeclaredLost(aPod(1, "Pending", { ...deleted, spec: { nodeName: undefined } }), undefined)).toBe(false);
});
