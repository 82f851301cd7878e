// Histories by hand: a cluster on which everything goes well, and what a test puts in its place.
import type { TaskRun } from "@stint/crds/taskrun";

import type { Entry, History, Node, OperatorEnd, Pod, Seen } from "./history.ts";

type Attempt = NonNullable<NonNullable<TaskRun["status"]>["attempts"]>[number];

const instant = "2026-01-01T00:00:00Z";

interface RunParts {
  readonly name?: string;
  readonly attempts?: readonly Attempt[];
  readonly phase?: string;
  readonly reason?: string;
  readonly spec?: Partial<TaskRun["spec"]>;
  readonly status?: object;
  readonly metadata?: object;
}

/** A run of a task; terminal if its phase is. */
export function aRun({
  name = "run-0",
  attempts = [],
  phase = "Pending",
  reason = "",
  ...more
}: RunParts = {}): TaskRun {
  const isOver = ["Succeeded", "Failed", "Canceled"].includes(phase);
  const condition = (type: string, isTrue: boolean) => ({ type, status: isTrue ? "True" : "False", reason });
  const run = {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskRun",
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      resourceVersion: "1",
      creationTimestamp: instant,
      ...more.metadata,
    },
    spec: { task: "chaos/square", ...more.spec },
    status: {
      phase,
      conditions: [
        condition("Running", phase === "Running"),
        condition("Succeeded", phase === "Succeeded"),
        condition("Finished", isOver),
      ],
      attempts,
      attemptCount: attempts.length,
      userRetries: paid(attempts, "User"),
      infrastructureRetries: paid(attempts, "Infrastructure"),
      ...more.status,
    },
  };
  return run as unknown as TaskRun; // as much of one as is looked at
}

function paid(attempts: readonly Attempt[], budget: string): number {
  return attempts.slice(0, -1).filter((attempt) => attempt.class === budget).length;
}

/** An attempt of `run-0`, live unless it has a reason. */
export function anAttempt(number: number, reason?: string, more: Partial<Attempt> = {}): Attempt {
  const budget =
    reason === "Succeeded" || reason === "Canceled" ? undefined : reason === "NodeLost" ? "Infrastructure" : "User";
  return {
    number,
    podName: `run-0-${number}`,
    instanceType: "starter",
    createdAt: instant,
    ...(reason !== undefined && { reason, finishedAt: instant, ...(budget && { class: budget }) }),
    ...more,
  };
}

interface PodParts {
  readonly state?: "running" | "terminated";
  readonly node?: string;
  readonly deleted?: boolean;
  readonly run?: string;
}

/** The pod of an attempt of a run. */
export function aPod(
  number: number,
  { state = "running", node = "node-a", deleted = false, run = "run-0" }: PodParts = {},
): Pod {
  return {
    metadata: {
      name: `${run}-${number}`,
      namespace: "default",
      uid: `uid-${run}-${number}`,
      resourceVersion: "1",
      creationTimestamp: instant,
      labels: { "stint.dev/attempt": String(number) },
      ownerReferences: [
        { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: run, uid: `uid-${run}`, controller: true },
      ],
      ...(deleted && { deletionTimestamp: instant }),
    },
    spec: { nodeName: node },
    status: { containerStatuses: [{ state: { [state]: {} } }] },
  };
}

export function aNode(isReady: boolean, name = "node-a"): Node {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: "1", creationTimestamp: instant };
  return { metadata, status: { conditions: [{ type: "Ready", status: isReady ? "True" : "Unknown" }] } };
}

interface HistoryParts {
  /** In order, a second of the machine's apart; the first is at 0. */
  readonly changes?: readonly (TaskRun | Pod | Node | { readonly gone: TaskRun | Pod })[];
  readonly ledger?: readonly Entry[];
  readonly operators?: readonly OperatorEnd[];
  readonly endedAtMs?: number;
}

export function aHistory({
  changes = [],
  ledger = [],
  operators = [],
  endedAtMs = changes.length * 1000,
}: HistoryParts): History {
  const known = new Set<string>();
  const seen = changes.map((change, index) => {
    const object = "gone" in change ? change.gone : change;
    const isNew = !known.has(object.metadata.uid);
    known.add(object.metadata.uid);
    const type = "gone" in change ? "DELETED" : isNew ? "ADDED" : "MODIFIED";
    return { kind: kindOf(object), type, atMs: index * 1000, object } as Seen; // of its kind
  });
  return { changes: seen, ledger, operators, healedAtMs: 0, endedAtMs, speed: 10 };
}

function kindOf(object: TaskRun | Pod | Node): Seen["kind"] {
  if (object.metadata.name.startsWith("node-")) return "node";
  return "apiVersion" in object ? "run" : "pod";
}
