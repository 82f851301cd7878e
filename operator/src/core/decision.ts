// What one look concludes, as plain data: it can be logged, compared and replayed.
import type { DueHook, TaskRunStatus } from "@stint/crds/taskrun";

import type { PodBody } from "./world.ts";

/** Everything one look at a TaskRun concludes. */
export interface Decision {
  /** Name of the rule that spoke; it labels the log line and the metric. */
  readonly rule: string;
  /** The status the run should have after this look. `result` is present only where the look concludes one. */
  readonly status: TaskRunStatus;
  /** Whether the report in the world was taken; the gateway acknowledges only then. */
  readonly reportTaken: boolean;
  /** Writes to make after the status, in order. Empty means the cluster already agrees. */
  readonly actions: readonly Action[];
  /** When to look again even if nothing changes. */
  readonly requeueAt?: Date;
}

/** What a rule answers; `decide` adds the rule's name. */
export type Verdict = Omit<Decision, "rule">;

export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export type Action =
  | { readonly kind: "createPod"; readonly attempt: number; readonly pod: PodBody }
  /** With a version: only as it was seen. */
  | {
      readonly kind: "deletePod";
      readonly pod: ObjectRef & { readonly resourceVersion?: string };
      readonly why: string;
    }
  | { readonly kind: "deleteRun"; readonly run: ObjectRef & { readonly resourceVersion: string }; readonly why: string }
  /** Starts them, and takes those that are started off the status. */
  | { readonly kind: "startHooks"; readonly hooks: readonly DueHook[] }
  /** Tells of the tree below a finished root. */
  | { readonly kind: "tellOfTree"; readonly news: Pick<TaskRunStatus, "stats" | "progress" | "summed"> }
  | { readonly kind: "rerunRun"; readonly run: ObjectRef; readonly latest: boolean; readonly why: string }
  | {
      readonly kind: "recordEvent";
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly note: string;
    };
