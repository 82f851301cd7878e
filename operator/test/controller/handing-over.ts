// Lives of pods that hand subtasks over, for the cluster in a box. A subtask's program is its input.
import type { ChildStart } from "@stint/crds/attempt";
import { label } from "@stint/crds/labels";
import type { TaskRun } from "@stint/crds/taskrun";

import { conditionOf } from "../../src/core/status.ts";
import { taskRuns } from "../../src/effects/resources.ts";
import { aSuccess } from "../builders.ts";
import type { PodLife, Step } from "./kubelet.ts";
import type { ClusterBox } from "./operator-in-a-box.ts";

interface Subtask {
  readonly program: string;
  /** Numbers of those that it follows, from 1. */
  readonly after?: readonly number[];
  readonly optional?: boolean;
  /** Called and not awaited, in the place of handed over. */
  readonly isCalled?: boolean;
}

const noRetry = { maxRetries: 0 };
const begin: Step = { afterMs: 1000, does: "start" };

/** Its runner has prepared the subtasks, and nothing of it is reported yet. */
export function prepares(...subtasks: readonly Subtask[]): PodLife {
  return [
    begin,
    {
      afterMs: 2000,
      does: "children",
      starts: (nameOf) =>
        subtasks.map(({ program, after = [], optional, isCalled = false }, index): ChildStart => {
          const dependsOn = after.map((number) => ({ run: nameOf(number), scope: "Subtree" as const }));
          return {
            sequence: index + 1,
            task: { name: "square" },
            input: [program],
            options: { retry: noRetry, dependsOn, ...(optional !== undefined && { optional }) },
            ...(!isCalled && { submission: {} }),
          };
        }),
    },
  ];
}

/** It succeeds, and hands the subtasks over. */
export function handsOver(...subtasks: readonly Subtask[]): PodLife {
  const count = subtasks.filter(({ isCalled = false }) => !isCalled).length;
  return [
    ...prepares(...subtasks),
    { afterMs: 1000, does: "report", report: aSuccess(16, count === 0 ? undefined : count) },
    { afterMs: 100, does: "exit", code: 0 },
  ];
}

/** All runs but the root, by their programs, which are told apart in these tests. */
export function byProgram(box: ClusterBox): Readonly<Record<string, TaskRun>> {
  const below = box.hand.peekAll(taskRuns).filter(({ metadata }) => metadata.labels?.[label.parent] !== undefined);
  return Object.fromEntries(below.map((run) => [programOf(run), run]));
}

function programOf({ spec: { input } }: TaskRun): string {
  return String(Array.isArray(input) ? input[0] : input);
}

/** Phase and reason of each run below the root, by program. */
export function standings(box: ClusterBox): Readonly<Record<string, string>> {
  const told = Object.entries(byProgram(box)).map(([program, { status }]) => {
    const reason = conditionOf(status?.conditions, "Succeeded")?.reason;
    return [program, `${status?.phase} ${reason}${status?.tolerated === true ? ", tolerated" : ""}`];
  });
  return Object.fromEntries(told) as Readonly<Record<string, string>>; // pairs of texts
}
