// Objects to look at; each starts as one that a cluster could have.
import type { TaskBundle } from "@stint/crds/taskbundle";
import type { Attempt, TaskRun, TaskRunStatus } from "@stint/crds/taskrun";

export function aRun(name: string, status?: TaskRunStatus, metadata: Partial<TaskRun["metadata"]> = {}): TaskRun {
  return {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskRun",
    metadata: {
      name,
      namespace: "team-a",
      uid: `uid-${name}`,
      resourceVersion: "1",
      creationTimestamp: "2027-01-01T00:00:00Z",
      ...metadata,
    },
    spec: { task: "math/square", input: [4] },
    ...(status && { status }),
  };
}

/** A run that `parent` started. */
export function aChild(name: string, parent: string, status?: TaskRunStatus): TaskRun {
  const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: parent, uid: `uid-${parent}` };
  return aRun(name, status, { ownerReferences: [owner], labels: { "stint.dev/root": "sum" } });
}

export function anAttempt(number: number, more: Partial<Attempt> = {}): Attempt {
  return {
    number,
    podName: `square-k3f9a-${number}`,
    instanceType: "starter",
    createdAt: `2027-01-01T00:0${number}:00Z`,
    startedAt: `2027-01-01T00:0${number}:01Z`,
    nodeName: "n1",
    ...more,
  };
}

export function aFailure(number: number, message = "bad"): Attempt {
  return anAttempt(number, {
    finishedAt: `2027-01-01T00:0${number}:03Z`,
    reason: "TaskError",
    class: "User",
    error: { name: "RangeError", message },
  });
}

const at = { lastTransitionTime: "2027-01-01T00:00:00Z" };

/** The status of a live run that does, or waits for, `reason`. */
export function live(phase: "Pending" | "Running", reason: string, more: TaskRunStatus = {}): TaskRunStatus {
  return { phase, conditions: [{ type: "Succeeded", status: "Unknown", reason, message: "", ...at }], ...more };
}

/** The status of a terminal run. */
export function ended(
  phase: "Succeeded" | "Failed" | "Canceled" | "Skipped",
  reason: string,
  more: TaskRunStatus & { readonly message?: string } = {},
): TaskRunStatus {
  const { message = "", ...rest } = more;
  const status = phase === "Succeeded" ? "True" : "False";
  return {
    phase,
    conditions: [
      { type: "Finished", status: "True", reason, message, ...at },
      { type: "Succeeded", status, reason, message, ...at },
    ],
    startedAt: "2027-01-01T00:01:01Z",
    finishedAt: "2027-01-01T00:01:03Z",
    durationSeconds: 2,
    attemptCount: 1,
    ...rest,
  };
}

export function aBundle(
  ready: { readonly status: "True" | "False" | "Unknown"; readonly reason: string; readonly message?: string },
  { generation = 1, observed = generation }: { readonly generation?: number; readonly observed?: number } = {},
): TaskBundle {
  const metadata = { name: "math", namespace: "team-a", uid: "uid-math", resourceVersion: "1", generation };
  return {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskBundle",
    metadata: { ...metadata, creationTimestamp: "2027-01-01T00:00:00Z" },
    spec: { source: { configMap: { name: "math-0", key: "bundle.mjs" } } },
    status: {
      conditions: [{ type: "Ready", message: "", ...ready, ...at, observedGeneration: observed }],
      ...(ready.status === "True" && {
        revision: 3,
        tasks: [{ name: "square", kind: "Task", description: "squares a number" }],
      }),
    },
  };
}
