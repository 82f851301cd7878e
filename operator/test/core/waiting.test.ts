import { describe, expect, test } from "vitest";

import { needsMountEvents, unstartable, waitingFor } from "../../src/core/waiting.ts";
import type { OwnedPod } from "../../src/core/world.ts";
import { after, aPod, stamp } from "../builders.ts";

function waiting(reason: string, message = `${reason}: see the registry`): OwnedPod {
  return aPod(1, "Pending", { container: { waiting: { reason, message } } });
}

/** A scheduled pod whose sandbox is ready or not: the volumes come before it, the image after it. */
function creating(sandboxReady: "True" | "False", since = 0): OwnedPod {
  const conditions = [
    { type: "PodScheduled", status: "True", lastTransitionTime: stamp(0) },
    { type: "PodReadyToStartContainers", status: sandboxReady, lastTransitionTime: stamp(since) },
  ];
  return aPod(1, "Pending", { container: { waiting: { reason: "ContainerCreating" } }, status: { conditions } });
}

const mountFailure = 'MountVolume.SetUp failed for volume "keys": secret "keys" not found';

describe("a pod that cannot start (S70)", () => {
  test.each(["InvalidImageName", "ErrImageNeverPull"])("%s is final at once", (reason) => {
    expect(unstartable(waiting(reason), undefined, after(1))).toEqual({
      reason: "ImagePullFailed",
      message: `${reason}: see the registry`,
    });
  });

  test.each([
    ["ErrImagePull", "ImagePullFailed"],
    ["ImagePullBackOff", "ImagePullFailed"],
    ["CreateContainerConfigError", "ContainerConfigFailed"],
    ["CreateContainerError", "ContainerConfigFailed"],
    ["RunContainerError", "ContainerConfigFailed"],
  ])("%s is waited for, and is %s after 300 s", (state, reason) => {
    const pod = waiting(state);

    expect(unstartable(pod, undefined, after(299))).toEqual({ lookAgainAt: after(300) });
    expect(unstartable(pod, undefined, after(300))).toEqual({ reason, message: `${state}: see the registry` });
  });

  test("the kubelet's reason stands in for a message that it did not give", () => {
    expect(unstartable(waiting("ErrImageNeverPull", ""), undefined, after(1))).toHaveProperty(
      "message",
      "ErrImageNeverPull",
    );
  });

  test("a start timeout beyond 300 s lengthens the window, a shorter one does not shorten it", () => {
    const pod = waiting("ImagePullBackOff");

    expect(unstartable(pod, 900, after(300))).toEqual({ lookAgainAt: after(900) });
    expect(unstartable(pod, 60, after(60))).toEqual({ lookAgainAt: after(300) });
  });

  test("the window begins when the pod is scheduled, not when it is created", () => {
    const conditions = [{ type: "PodScheduled", status: "True", lastTransitionTime: stamp(1000) }];
    const pod = aPod(1, "Pending", { container: { waiting: { reason: "ErrImagePull" } }, status: { conditions } });

    expect(unstartable(pod, undefined, after(1001))).toEqual({ lookAgainAt: after(1300) });
  });

  test.each([
    ["is still being created", aPod(1, "Pending")],
    ["runs", aPod()],
    ["has ended", aPod(1, "Failed")],
    ["has no container yet", aPod(1, "Pending", { status: { containerStatuses: undefined } })],
    [
      "is being deleted",
      aPod(1, "Pending", {
        container: { waiting: { reason: "InvalidImageName" } },
        metadata: { deletionTimestamp: stamp(2) },
      }),
    ],
  ])("nothing is wrong with a pod that %s", (_, pod) => {
    expect(unstartable(pod, undefined, after(3600))).toBeUndefined();
  });
});

describe("a volume that does not mount (S70)", () => {
  test("is final after the window, in the words of the event", () => {
    const pod = creating("False");

    expect(unstartable(pod, undefined, after(299), mountFailure)).toEqual({ lookAgainAt: after(300) });
    expect(unstartable(pod, undefined, after(300), mountFailure)).toEqual({
      reason: "ContainerConfigFailed",
      message: mountFailure,
    });
  });

  test("is the past of a pod whose sandbox is ready", () => {
    expect(unstartable(creating("True"), undefined, after(300), mountFailure)).toBeUndefined();
  });

  test("is asked about once the window or the start timeout is over, while the sandbox is not ready", () => {
    const pod = creating("False");

    expect(needsMountEvents(pod, undefined, after(299))).toBe(false);
    expect(needsMountEvents(pod, undefined, after(300))).toBe(true);
    expect(needsMountEvents(pod, 60, after(59))).toBe(false);
    expect(needsMountEvents(pod, 60, after(60))).toBe(true);
    expect(needsMountEvents(creating("True"), 60, after(600))).toBe(false);
    expect(needsMountEvents(waiting("ImagePullBackOff"), 60, after(600))).toBe(false);
    expect(needsMountEvents(aPod(), 60, after(600))).toBe(false);
  });
});

describe("what a pod waits for (S154)", () => {
  const unschedulable = aPod(1, "Pending", {
    spec: { nodeName: undefined },
    status: {
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes available" }],
      containerStatuses: undefined,
    },
  });
  const fresh = aPod(1, "Pending", { status: { conditions: undefined, containerStatuses: undefined } });

  test.each([
    { state: "no status yet", pod: fresh, reason: "Starting", message: "" },
    { state: "no node fits", pod: unschedulable, reason: "Unschedulable", message: "0/3 nodes available" },
    { state: "no sandbox yet", pod: creating("False"), reason: "Starting", message: "" },
    { state: "a failed pull", pod: waiting("ErrImagePull", "403"), reason: "PullingImage", message: "403" },
    { state: "a name that is none", pod: waiting("InvalidImageName", "x"), reason: "PullingImage", message: "x" },
    { state: "a key missing", pod: waiting("CreateContainerConfigError", "key"), reason: "Starting", message: "key" },
  ])("$state: $reason", ({ pod, reason, message }) => {
    expect(waitingFor(pod, after(60))).toEqual({ reason, message });
  });

  test("a pull is told once it takes 5 s, so that a start from a present image costs no write", () => {
    const pod = creating("True", 10);

    expect(waitingFor(pod, after(14)).reason).toBe("Starting");
    expect(waitingFor(pod, after(15)).reason).toBe("PullingImage");
  });
});
