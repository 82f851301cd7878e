// What `decide` concludes, case by case. Each row shows the situation that is unlike a calm one, and nothing else.
import type { V1Pod } from "@kubernetes/client-node";
import { label } from "@stint/crds/labels";
import type { Report } from "@stint/crds/attempt";
import { describe, expect, test } from "vitest";

import { intent, inWords, running, type Row } from "./decide-row.ts";
import { rowsByHand } from "./decide-rows-by-hand.ts";
import { dependentRows } from "./decide-rows-dependent.ts";
import { subtaskRows } from "./decide-rows-subtasks.ts";
import { liveRows } from "./decide-rows-live.ts";
import { waitingRows } from "./decide-rows-waiting.ts";
import { decide, ruleNames } from "../../src/core/decide.ts";
import type { Decision } from "../../src/core/decision.ts";
import { conditionOf } from "../../src/core/status.ts";
import type { World } from "../../src/core/world.ts";
import {
  aFailure,
  aManifestTask,
  anAcceptedRun,
  anAttempt,
  anInstanceType,
  aPod,
  aRevision,
  aSuccess,
  aTaskRun,
  aWorld,
  after,
  instanceTypes,
  received,
  resolvedSettings,
} from "../builders.ts";

const rows = [...waitingRows, ...dependentRows, ...subtaskRows, ...rowsByHand, ...liveRows];
const t = after(10);

function decided({ run = aTaskRun(), pods = [], world = {}, now = t }: Row): Decision {
  return decide(run, pods, aWorld(world as Partial<World>), now);
}

function phaseAndReason({ status }: Decision): string {
  return `${status.phase} ${conditionOf(status.conditions, "Succeeded")?.reason}`;
}

describe("decide", () => {
  test.each(rows)("$given → $then", (row) => {
    const decision = decided(row);

    expect(decision.rule).toBe(row.then);
    expect(phaseAndReason(decision)).toBe(row.status);
    expect(decision.actions.map(inWords)).toEqual(row.does ?? []);
    const message = conditionOf(decision.status.conditions, "Succeeded")?.message;
    expect(message).toBe(row.message ?? message);
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

  test("a run is called as its task is, until its code says otherwise (S21)", () => {
    expect(decide(aTaskRun(), [], aWorld(), t).status.displayName).toBe("square");
  });

  test("a profile is pinned with the type that it has chosen (S59, S61)", () => {
    const { status } = decide(aTaskRun({ spec: { resources: { cpu: 2, memoryMb: 2048 } } }), [], aWorld(), t);

    expect(status).toMatchObject({
      instanceType: "pro",
      resources: { cpu: "2", memory: "4Gi" },
      resolved: { instanceType: "pro", resources: { cpu: 2, memoryMb: 2048 } },
    });
  });

  test("a type is shown as the name was given (S56)", () => {
    const { status } = decide(aTaskRun({ spec: { instanceType: "pro_plus" } }), [], aWorld(), t);

    expect(status).toMatchObject({ instanceType: "pro_plus", resources: { cpu: "4", memory: "8Gi" } });
  });

  test("runs of a task have one key, in every revision and whatever the order of its tags (S27)", () => {
    const keyOf = (task: Parameters<typeof aManifestTask>[0], revision = 1) =>
      decide(aTaskRun(), [], aWorld({ revision: aRevision({ revision, manifest: [aManifestTask(task)] }) }), t).status
        .taskKey;

    expect(keyOf({ tags: ["b", "a"] })).toBe("5d3a55cc6400039b");
    expect(keyOf({ tags: ["a", "b"], description: "Squares." }, 7)).toBe(keyOf({ tags: ["b", "a"] }));
    expect(keyOf({ functionName: "other", tags: ["b", "a"] })).not.toBe(keyOf({ tags: ["b", "a"] }));
  });

  test("a pod without a node is waited for, without limit unless one is set (S63)", () => {
    const message = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.";
    const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
    const pod = aPod(1, "Pending", { spec: { nodeName: undefined }, status: { conditions, containerStatuses: [] } });
    const aMonth = after(30 * 86_400);
    const unlimited = anAcceptedRun([anAttempt()]);
    const limited = anAcceptedRun([anAttempt()], {
      status: { resolved: resolvedSettings({ startTimeoutSeconds: 600 }) },
    });

    const waits = decide(unlimited, [pod], aWorld(), aMonth);
    const ends = decide(limited, [pod], aWorld(), aMonth);

    expect(phaseAndReason(waits)).toBe("Pending Unschedulable");
    expect(conditionOf(waits.status.conditions, "Succeeded")?.message).toBe(message);
    expect(ends.actions.map(inWords)).toEqual(["deletePod 1"]);
  });

  test("runs of one bundle go where their types are: one image, different nodes (S64)", () => {
    const gpu = anInstanceType("gpu", {
      resources: { cpu: "4", memory: "8Gi", "nvidia.com/gpu": "1" },
      nodeSelector: { pool: "gpu" },
    });
    const near = anInstanceType("near", { nodeSelector: { zone: "edge" } });
    const world = aWorld({ instanceTypes: instanceTypes(gpu, near, anInstanceType()) });

    const pods: V1Pod[] = ["gpu", "near", "standard"].map((instanceType) => {
      const [create] = decide(aTaskRun({ spec: { instanceType } }), [], world, t).actions;
      return create?.kind === "createPod" ? create.pod : {};
    });

    expect(pods.map(({ spec }) => spec?.nodeSelector)).toEqual([{ pool: "gpu" }, { zone: "edge" }, undefined]);
    expect(new Set(pods.map(({ spec }) => spec?.containers[0]?.image)).size).toBe(1);
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
    const status = { resolved: resolvedSettings({ retry }), attemptCount: 1, nextRetryAt: after(8).toISOString() };

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
