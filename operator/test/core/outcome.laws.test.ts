import { FinalReason, InfrastructureReason, UserReason } from "@stint/crds/conditions";
import { encodeTermination } from "@stint/crds/termination";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { isDeclaredLost, isEnded, outcomeOf, type Outcome, type Seen } from "../../src/core/outcome.ts";
import type { ContainerState, OwnedPod, PodStatus } from "../../src/core/world.ts";
import { after, aFailure, aNode, anAttempt, aPod, aSuccess, stamp } from "../builders.ts";

/** Words that kubelets say, and some that they do not: a member of every object among them. */
const word = (...known: string[]) => fc.oneof(fc.constantFrom(...known, "constructor", ""), fc.string());

const condition = fc.record({
  type: fc.constantFrom("DisruptionTarget", "PodScheduled", "Ready"),
  status: fc.constantFrom("True", "False", "Unknown"),
  reason: word(
    "PreemptionByScheduler",
    "DeletionByTaintManager",
    "EvictionByEvictionAPI",
    "DeletionByPodGC",
    "TerminationByKubelet",
  ),
  message: fc.string(),
});

const terminated = fc.record(
  {
    exitCode: fc.oneof(fc.constantFrom(0, 1, 128, 134, 137, 139, 143), fc.integer()),
    reason: word("Completed", "Error", "OOMKilled", "StartError", "ContainerStatusUnknown"),
    message: word(
      "JavaScript heap out of memory",
      "stint/v1 {}",
      'stint/v1 {"kind":"report","report":{"kind":"failed","reason":"Odd","error":{"name":"E","message":"m"}}}',
      encodeTermination({ kind: "lost", call: "report" }) ?? "",
      encodeTermination({ kind: "report", report: aFailure() }) ?? "",
    ),
    startedAt: word(stamp(1), "1970-01-01T00:00:00Z"),
    finishedAt: word(stamp(5)),
  },
  { requiredKeys: ["exitCode"] },
);

const state: fc.Arbitrary<ContainerState> = fc.oneof(
  fc.record({ waiting: fc.record({ reason: word("ContainerCreating", "ImagePullBackOff") }) }),
  fc.record({ running: fc.record({ startedAt: fc.constant(stamp(1)) }) }),
  fc.record({ terminated }),
  fc.constant({}),
);

const container = fc.record({ name: fc.constantFrom("task", "sidecar"), state });

const podStatus: fc.Arbitrary<PodStatus> = fc.record(
  {
    phase: word("Pending", "Running", "Succeeded", "Failed", "Unknown"),
    reason: word("Evicted", "DeadlineExceeded", "Preempting", "Terminated", "OutOfcpu"),
    message: fc.string(),
    conditions: fc.array(condition, { maxLength: 3 }),
    containerStatuses: fc.array(container, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

const observedPod: fc.Arbitrary<OwnedPod> = fc
  .record({ status: podStatus, leaving: fc.boolean(), scheduled: fc.boolean() })
  .map(({ status, leaving, scheduled }) => ({
    ...aPod(1, "Running", {
      metadata: { deletionTimestamp: leaving ? stamp(9) : undefined },
      spec: { nodeName: scheduled ? "node-1" : undefined },
    }),
    status,
  }));

const look: fc.Arbitrary<Seen> = fc
  .record({ node: fc.constantFrom("ready", "dead", "gone"), podGone: fc.boolean() })
  .map(({ node, podGone }) => ({
    cancelStored: false,
    timeoutSeconds: 600,
    now: after(60), // the kubelet has had its last word (S298)
    podGone,
    ...(node !== "gone" && { node: aNode("node-1", { ready: node === "ready" }) }),
  }));

const classes: Readonly<Record<string, object>> = {
  User: UserReason,
  Infrastructure: InfrastructureReason,
  Final: FinalReason,
};

/** Class and reason agree, and there is something to read. */
function makesSense(outcome: Outcome | undefined): boolean {
  if (outcome === undefined || !("reason" in outcome)) return true;
  const reasons: readonly unknown[] = Object.values(classes[outcome.kind] ?? {});
  return reasons.includes(outcome.reason) && outcome.message.length <= 4096;
}

test("every pod that has ended has an outcome, and its class follows from its reason (S75)", () => {
  fc.assert(
    fc.property(observedPod, look, (pod, seen) => {
      const outcome = outcomeOf(anAttempt(), pod, seen);

      const over = seen.podGone === true || isEnded(pod) || isDeclaredLost(pod, seen.node);
      expect(outcome !== undefined).toBe(over);
      expect(outcome).toSatisfy(makesSense);
    }),
    { numRuns: 1000 },
  );
});

test("a report decides, whatever the pod says (S76)", () => {
  fc.assert(
    fc.property(observedPod, look, (pod, seen) => {
      const outcome = outcomeOf(anAttempt(), pod, { ...seen, report: aSuccess("kept") });

      expect(outcome).toEqual({ kind: "Succeeded", value: "kept" });
    }),
  );
});

test("after a stop nothing that the pod or its runner says changes the outcome (S164)", () => {
  fc.assert(
    fc.property(observedPod, look, (pod, seen) => {
      const attempt = anAttempt(1, { stop: { reason: "TimedOut", at: stamp(9) } });

      const outcome = outcomeOf(attempt, pod, { ...seen, report: aSuccess() });

      const silent = outcomeOf(attempt, aPod(), { ...seen, podGone: true });
      expect([undefined, silent]).toContainEqual(outcome);
    }),
  );
});

test("a cluster that ends a pod is never paid for by the user's retries", () => {
  const causes = fc.constantFrom(
    "PreemptionByScheduler",
    "DeletionByTaintManager",
    "EvictionByEvictionAPI",
    "DeletionByPodGC",
    "TerminationByKubelet",
  );
  const exit = fc.record({
    exitCode: fc.integer(),
    reason: word("OOMKilled", "Error"),
    startedAt: fc.constant(stamp(1)),
  });
  fc.assert(
    fc.property(causes, exit, look, (reason, terminated, seen) => {
      const conditions = [{ type: "DisruptionTarget", status: "True", reason }];
      const pod = aPod(1, "Failed", { container: { terminated }, status: { conditions } });

      expect(outcomeOf(anAttempt(), pod, seen)).toHaveProperty("kind", "Infrastructure");
    }),
  );
});
