// What was seen of one seed, from the side: every version of every run, pod and node in the order of their commits, what the
// attempts' processes wrote down themselves, and what became of the operators.
import type { TaskRun } from "@stint/crds/taskrun";

/** As much of a pod as chaos looks at. */
export interface Pod {
  readonly metadata: TaskRun["metadata"];
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly {
      readonly state?: { readonly running?: object; readonly terminated?: object };
    }[];
  };
}

export interface Node {
  readonly metadata: TaskRun["metadata"];
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface Change<Kind extends string, T> {
  readonly kind: Kind;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** Milliseconds since the epoch, of this machine; so are all others here. */
  readonly atMs: number;
  readonly object: T;
}

export type RunChange = Change<"run", TaskRun>;
export type Seen = RunChange | Change<"pod", Pod> | Change<"node", Node>;

/** What the process of an attempt wrote down. */
export type Entry = { readonly atMs: number; readonly pid: number; readonly podName: string } & (
  | { readonly kind: "process" }
  /** It has its assignment and runs the user's code from here on; `beside` are pods of the same run whose process lives. */
  | { readonly kind: "started"; readonly run: string; readonly attempt: number; readonly beside: readonly string[] }
  | {
      readonly kind: "acknowledged";
      readonly run: string;
      readonly attempt: number;
      readonly state: "succeeded" | "failed";
    }
);

export interface OperatorEnd {
  readonly name: string;
  readonly atMs: number;
  readonly end: number | string;
  /** Nobody told it to. */
  readonly byItself: boolean;
  /** Messages of its log at level `error` and above, and lines that are no log at all. */
  readonly errors: readonly string[];
}

export interface History {
  readonly changes: readonly Seen[];
  readonly ledger: readonly Entry[];
  readonly operators: readonly OperatorEnd[];
  /** From here on nothing was done to anybody. */
  readonly healedAtMs: number;
  readonly endedAtMs: number;
  /** How many times as fast as this machine's the cluster's time passed. */
  readonly speed: number;
}

export function isFinished({ status }: TaskRun): boolean {
  return conditionOf(status?.conditions, "Finished")?.status === "True";
}

export function conditionOf<T extends { readonly type: string }>(
  conditions: readonly T[] | undefined,
  type: string,
): T | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether the task's container runs no more, for good. */
export function isEnded({ status }: Pod): boolean {
  const [container] = status?.containerStatuses ?? [];
  return container?.state?.terminated !== undefined || status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** The run that a pod belongs to, and which of its attempts it is; undefined for a pod that registers a revision. */
export function attemptOf({ metadata }: Pod): { readonly run: string; readonly number: number } | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (owner?.kind !== "TaskRun") return undefined;
  return { run: owner.name, number: Number(metadata.labels?.["stint.dev/attempt"]) };
}

/** All versions of each run, in order, by name: no name is used twice. */
export function versionsByRun({ changes }: History): ReadonlyMap<string, readonly RunChange[]> {
  return Map.groupBy(
    changes.filter((change) => change.kind === "run"),
    ({ object }) => object.metadata.name,
  );
}

/** The last that was seen of each run. */
export function lastOfRuns(history: History): readonly TaskRun[] {
  return [...versionsByRun(history).values()].flatMap((versions) => versions.at(-1)?.object ?? []);
}
