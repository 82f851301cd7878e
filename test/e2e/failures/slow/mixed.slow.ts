// More than a hundred ends of all cheap kinds, some at the same time: how soon does the status tell?
import type { TaskRun } from "@stint/crds/taskrun";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createRun, finished, kubectl, namespace, reason, reasonOf } from "../../kit/cluster.ts";
import { evict } from "../../kit/nodes.ts";
import { causes, type CauseId } from "../causes.ts";
import { recordEnd } from "../kit/ends.ts";
import { ends, instanceType, kill, memoryEnd, podOf, prepareFailures } from "../kit/setup.ts";

interface Kind {
  readonly cause: CauseId;
  readonly task: string;
  readonly input?: readonly unknown[];
  /** What is done to its pod while it holds. */
  readonly disturb?: (pod: string) => Promise<unknown>;
}

const kinds: readonly Kind[] = [
  { cause: "throws", task: "throws" },
  { cause: "leaves", task: "leaves", input: [1, 0] },
  { cause: "leaves", task: "leaves", input: [1, 7] },
  { cause: "outOfMemory", task: "fills-memory" },
  { cause: "killed", task: "holds", disturb: kill },
  { cause: "deleted", task: "holds", disturb: (pod) => kubectl(["delete", "pod", pod, "--wait=false"]) },
  { cause: "drained", task: "holds", disturb: (pod) => evict(pod, namespace) },
  { cause: "politelyDrained", task: "holds-politely", disturb: (pod) => evict(pod, namespace) },
];
const ofEach = 13;
const atOnce = 8;

beforeAll(async () => {
  await prepareFailures();
  await instanceType("e2e-light", {});
});
afterAll(() => ends.stop());

test("each of a hundred mixed ends is told with its reason (S75, S298)", { timeout: 900_000 }, async () => {
  const planned = Array.from({ length: ofEach }, (_, n) =>
    kinds.map((kind, k) => ({ ...kind, run: `mixed-${n}-${k}` })),
  ).flat();
  const left = planned.values();

  const told: string[] = [];
  const lane = async (): Promise<void> => {
    for (const { run, cause, ...kind } of left) {
      const { status } = await playedOut(run, kind);
      recordEnd({ cause, ...(await ends.afterPodEnd(run)), mixed: true });
      const expected = cause === "outOfMemory" ? (await memoryEnd(run)).reason : causes[cause].reason;
      if (status?.attempts?.[0]?.reason !== expected) told.push(`${run}: ${status?.attempts?.[0]?.reason}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));

  expect(planned.length).toBeGreaterThanOrEqual(100);
  expect(told).toEqual([]);
});

async function playedOut(run: string, { task, input = [1], disturb }: Omit<Kind, "cause">): Promise<TaskRun> {
  const retry = { maxRetries: 0, maxInfrastructureRetries: 0 };
  await createRun(run, { task: `failures/${task}`, input, instanceType: "e2e-light", retry });
  if (disturb) {
    await reason(run, "AttemptRunning", 120);
    await disturb(await podOf(run));
  }
  const ended = await finished(run);
  expect(reasonOf(ended)).not.toBe("Completed");
  return ended;
}
