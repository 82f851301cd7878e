// What the demo tells, and that it notices when something is not as it promised.
import type { TaskRun } from "@stint/crds/taskrun";
import { describe, expect, test } from "vitest";

import type { Act } from "./acts.ts";
import { differences, storyOf } from "./story.ts";

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

interface Tried {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly says?: string;
}

function aRun(name: string, reason: string, tries: readonly Tried[], result?: string): TaskRun {
  const attempts = tries.map(({ from, to, reason, says }, index) => ({
    number: index + 1,
    podName: `${name}-k3f7a-${index + 1}`,
    instanceType: "starter",
    createdAt: at(from),
    finishedAt: at(to),
    reason,
    ...(says !== undefined && { error: { name: "Error", message: says } }),
  }));
  return {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskRun",
    metadata: { name, uid: name, creationTimestamp: at(0) },
    spec: { task: "demo/task", input: [1] },
    status: {
      phase: result === undefined ? "Failed" : "Succeeded",
      startedAt: at(tries[0]?.from ?? 0),
      finishedAt: at(tries.at(-1)?.to ?? 0),
      conditions: [{ type: "Succeeded", status: "True", reason, message: "" }],
      attempts,
      ...(result !== undefined && { result }),
    },
  } as unknown as TaskRun; // the part of a run that a story reads
}

const second = aRun(
  "twice",
  "Completed",
  [
    { from: 0, to: 0.5, reason: "TaskError", says: "too early" },
    { from: 1.5, to: 2, reason: "Succeeded" },
  ],
  "done",
);
const child = (name: string, from: number, to: number): TaskRun =>
  aRun(name, "Completed", [{ from, to, reason: "Succeeded" }], name);

const act: Act = {
  run: "twice",
  says: "",
  steps: [],
  ends: 'Succeeded, Completed: [TaskError on starter, Succeeded on starter] → "done"',
};

test("a story is its attempts with their seconds and the waits between them, and then the result", () => {
  expect(storyOf({ run: second, children: [] }).join("\n")).toMatchInlineSnapshot(`
    "   0.0 s  attempt 1 in pod twice-k3f7a-1 on starter: TaskError after 0.5 s: too early
              … 1.0 s pass …
       1.5 s  attempt 2 in pod twice-k3f7a-2 on starter: Succeeded after 0.5 s
              Succeeded with "done""
  `);
});

test("children are told between the first attempt of their parent and its end, on the same clock", () => {
  const children = [child("b", 1, 2), child("a", 1.2, 2)];

  const story = storyOf({ run: child("parent", 0, 3), children });

  expect(story.map((line) => line.trimEnd()).join("\n")).toMatchInlineSnapshot(`
    "   0.0 s  attempt 1 in pod parent-k3f7a-1 on starter: Succeeded after 3.0 s
              child a, demo/task of [1]
                 1.2 s  attempt 1 in pod a-k3f7a-1 on starter: Succeeded after 0.8 s
                        Succeeded with "a"
              child b, demo/task of [1]
                 1.0 s  attempt 1 in pod b-k3f7a-1 on starter: Succeeded after 1.0 s
                        Succeeded with "b"
              Succeeded with "parent""
  `);
});

describe("a promise", () => {
  test("that was kept is not spoken of", () => {
    expect(differences({ ...act, waits: [1] }, { run: second, children: [] })).toEqual([]);
  });

  test.each<{ given: string; change: Partial<Act>; children?: readonly TaskRun[]; because: string }>([
    { given: "another end", change: { ends: "Failed, TaskError: []" }, because: 'twice ended "Succeeded, Completed: ' },
    { given: "a shorter wait", change: { waits: [2] }, because: "attempt 2 came after 1 s, sooner than 2 s" },
    { given: "a child that is missing", change: { childrenEnd: ["Succeeded"] }, because: "its children ended []" },
    {
      given: "children one after the other",
      change: { childrenEnd: ["a", "b"].map((name) => `Succeeded, Completed: [Succeeded on starter] → "${name}"`) },
      children: [child("a", 0, 1), child("b", 1, 2)],
      because: "its children did not run at the same time",
    },
  ])("with $given is broken, and the difference is named", ({ change, children = [], because }) => {
    const found = differences({ ...act, ...change }, { run: second, children });

    expect(found).toHaveLength(1);
    expect(found[0]).toContain(because);
  });
});
