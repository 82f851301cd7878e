// Our kinds: under which names, with which columns and schemas a cluster knows them. A name, a short name, a category and
// a column are promises to strangers.
import { InstanceTypeSchema } from "../instancetype.ts";
import type { JsonObject } from "../json.ts";
import { TaskBundleSchema } from "../taskbundle.ts";
import { TaskRunSchema } from "../taskrun.ts";
import { toStructural } from "./structural.ts";

/** A column of `kubectl get`. A column is a JSONPath and cannot subtract, hence `status.durationSeconds` (S156). */
export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "date";
  readonly jsonPath: string;
  readonly description?: string;
  /** 1: only with `-o wide`. */
  readonly priority?: 1;
}

/** One kind of ours, in the version that is served and stored. */
export interface Definition {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly scope: "Namespaced" | "Cluster";
  /** The module that holds the schema, from the repository's root. */
  readonly source: string;
  /** Structural, see {@link toStructural}. */
  readonly schema: JsonObject;
  /** Whether the status has a writer of its own, under `/status`. */
  readonly hasStatus: boolean;
  readonly columns: readonly Column[];
  /** Fields for `--field-selector`, at most 8; in Kubernetes since 1.31. */
  readonly selectableFields: readonly string[];
}

const age: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

const taskRun: Definition = {
  kind: "TaskRun",
  plural: "taskruns",
  shortName: "trun",
  scope: "Namespaced",
  source: "crds/src/taskrun.ts",
  schema: toStructural(TaskRunSchema),
  hasStatus: true,
  columns: [
    { name: "Task", type: "string", jsonPath: ".spec.task" },
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Succeeded")].reason' },
    { name: "Attempts", type: "integer", jsonPath: ".status.attemptCount" },
    { name: "Instance Type", type: "string", jsonPath: ".status.instanceType" },
    { name: "Duration", type: "number", jsonPath: ".status.durationSeconds", description: "In seconds." },
    age,
    { name: "Revision", type: "integer", jsonPath: ".status.revision", priority: 1 },
    { name: "Message", type: "string", jsonPath: '.status.conditions[?(@.type=="Succeeded")].message', priority: 1 },
  ],
  selectableFields: [".spec.task", ".status.phase"],
};

const taskBundle: Definition = {
  kind: "TaskBundle",
  plural: "taskbundles",
  shortName: "tbundle",
  scope: "Namespaced",
  source: "crds/src/taskbundle.ts",
  schema: toStructural(TaskBundleSchema),
  hasStatus: true,
  columns: [
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: "Revision", type: "integer", jsonPath: ".status.revision" },
    { name: "Registering", type: "string", jsonPath: ".status.registering.state" },
    age,
  ],
  selectableFields: [],
};

const instanceType: Definition = {
  kind: "InstanceType",
  plural: "instancetypes",
  shortName: "itype",
  scope: "Cluster",
  source: "crds/src/instancetype.ts",
  schema: toStructural(InstanceTypeSchema),
  hasStatus: false,
  columns: [
    { name: "CPU", type: "string", jsonPath: ".spec.resources.cpu" },
    { name: "Memory", type: "string", jsonPath: ".spec.resources.memory" },
    age,
  ],
  selectableFields: [],
};

export const definitions: readonly Definition[] = [taskRun, taskBundle, instanceType];
