// Ways in which a single pod comes to its end: by its own doing, or by somebody's who means this pod alone.
import { afterAll, beforeAll, describe, expect } from "vitest";

import { createRun, finished, kubectl, messageOf, namespace, reason, runToEnd } from "../kit/cluster.ts";
import { evict, killsSingleProcesses } from "../kit/nodes.ts";
import { scenario } from "../kit/scenario.ts";
import {
  byInfrastructure,
  byNobody,
  byUser,
  disturbed,
  ends,
  kill,
  measure,
  memoryEnd,
  paid,
  podOf,
  prepareFailures,
} from "./kit/setup.ts";

const needs = "a kubelet and a runtime";

beforeAll(() => prepareFailures());
afterAll(() => ends.stop());

describe("by its own doing", () => {
  scenario.onRealCluster(needs, "a thrown error is the user's, and told at once (S75)", ["throws"], async () => {
    const run = await runToEnd("throws", { task: "failures/throws", input: [1] });

    expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
    expect(paid(run)).toEqual({ end: "User TaskError", says: "out of range", ...byUser });
    await measure("throws", "throws");
  });

  scenario.onRealCluster(needs, "a process that leaves has failed at the user's cost (S76)", ["leaves"], async () => {
    const run = await runToEnd("leaves", { task: "failures/leaves", input: [1, 7] });

    const says = "process exited with code 7 before completing the task";
    expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
    expect(paid(run)).toEqual({ end: "User ExitedWithoutReport", says, ...byUser });
    await measure("leaves", "leaves");
  });

  scenario.onRealCluster(needs, "a container out of memory is the user's (S298)", ["memory"], async () => {
    const run = await runToEnd("memory", { task: "failures/fills-memory", input: [1] });

    expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
    const { reason, says } = await memoryEnd("memory");
    expect(paid(run)).toEqual({ end: `User ${reason}`, says, ...byUser });
    await measure("outOfMemory", "memory");
  });

  scenario.onRealCluster(
    needs,
    "where the kernel kills a program of the task alone, the task's own report counts (S76)",
    ["glutton"],
    async () => {
      const run = await runToEnd("glutton", { task: "failures/starts-glutton", input: [1] });

      expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
      const { reason, says } = (await killsSingleProcesses())
        ? { reason: "TaskError", says: "the program ended by SIGKILL" }
        : await memoryEnd("glutton");
      expect(paid(run)).toEqual({ end: `User ${reason}`, says, ...byUser });
      await measure("childOutOfMemory", "glutton");
    },
  );
});

describe("by somebody else's doing", () => {
  scenario.onRealCluster(needs, "a pod that somebody deletes is replaced for free (S94)", ["deleted"], async () => {
    const run = await disturbed("deleted", "holds", (pod) => kubectl(["delete", "pod", pod, "--wait=false"]));

    const says = `pod ${run.status?.attempts?.[0]?.podName} was deleted`;
    expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
    expect(paid(run)).toEqual({ end: "Infrastructure PodDeleted", says, ...byInfrastructure });
    await measure("deleted", "deleted");
  });

  scenario.onRealCluster(needs, "a drained pod is replaced for free (S298)", ["drained"], async () => {
    const run = await disturbed("drained", "holds", (pod) => evict(pod, namespace));

    const says = "Eviction API: evicting";
    expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
    expect(paid(run)).toEqual({ end: "Infrastructure Evicted", says, ...byInfrastructure });
    await measure("drained", "drained");
  });

  scenario.onRealCluster(needs, "leaving with 0 at a drain is no success (S76, S298)", ["polite"], async () => {
    const run = await disturbed("polite", "holds-politely", (pod) => evict(pod, namespace));

    const says = "Eviction API: evicting";
    expect(run.status).toMatchObject({ phase: "Succeeded", result: 2 });
    expect(run.status?.attempts?.[0]).toMatchObject({ exitCode: 0 });
    expect(paid(run)).toEqual({ end: "Infrastructure Evicted", says, ...byInfrastructure });
    await measure("politelyDrained", "polite");
  });

  scenario.onRealCluster(needs, "a process killed on its node is the user's (S75)", ["killed"], async () => {
    await createRun("killed", { task: "failures/holds", input: [1], retry: { maxRetries: 0 } });
    await reason("killed", "AttemptRunning");

    await kill(await podOf("killed"));
    const run = await finished("killed");

    const says = "process exited with code 137 before completing the task";
    expect(run.status).toMatchObject({
      phase: "Failed",
      error: { hint: expect.stringContaining("killed from outside") },
    });
    expect(messageOf(run)).toBe(`failed after 1 attempt(s): ${says}`);
    expect(paid(run)).toEqual({ end: "User Killed", says, ...byNobody });
    await measure("killed", "killed");
  });
});
