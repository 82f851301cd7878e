// What a bundle's code registers: the runner sends it, the operator checks and keeps it (S15).
import type { JsonObject } from "./json.ts";
import type { TaskSettings } from "./settings.ts";
import type { TaskBundleSpec } from "./taskbundle.ts";

export interface Parameter {
  readonly name: string;
  /** False if it has a default value, is a rest parameter or was declared so (S33). */
  readonly required: boolean;
  readonly rest: boolean;
}

/** How input becomes arguments (S30, S31). */
export interface Signature {
  /** Absent if the names cannot be read from the source and were not given (S32). */
  readonly parameters?: readonly Parameter[];
  /** The whole object input is the only argument (S31). */
  readonly objectArgument: boolean;
  /** Whether an array input may leave that argument out (S31). */
  readonly objectOptional?: boolean;
}

/** When hooks are called (S105). */
export const hookNames = ["onRunning", "onCompletion", "onFailure"] as const;
export type HookName = (typeof hookNames)[number];

/** Tasks that the operator starts at such an instant (S106): of the same bundle and revision, or of another bundle. */
export type TaskHooks = {
  readonly [Name in HookName]?: readonly { readonly name: string; readonly bundle?: string }[];
};

export interface ManifestTask {
  readonly name: string;
  readonly kind: "Task";
  readonly functionName: string;
  readonly description?: string;
  /** `v<major>.<minor>`; `v0.0` if absent (S252). */
  readonly version?: string;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly settings: TaskSettings;
  readonly signature: Signature;
  /** JSON Schema of the argument, or of the list of arguments (S39). */
  readonly inputSchema?: JsonObject;
  /** JSON Schema of the result (S51): for those who read it, since the runner alone checks results. */
  readonly resultSchema?: JsonObject;
  /** What is wrong with the task that its own process alone can tell: with it the bundle does not become Ready (S15). */
  readonly problem?: string;
  readonly hooks?: TaskHooks;
  /** SHA-256 of the function's source text. */
  readonly sourceHash: string;
}

export type Manifest = readonly ManifestTask[];

/** What a ControllerRevision holds of a Ready revision (S246). */
export interface RevisionData {
  readonly revision: number;
  readonly bundleUid: string;
  readonly specHash: string;
  /** The bundle's spec when the revision was made, less the inline text. */
  readonly spec: TaskBundleSpec;
  readonly manifest: Manifest;
  /** The image of all attempts: image@digest where the runtime knew a digest, else the reference (S247). */
  readonly image?: string;
  readonly digest?: string;
  /** The ConfigMap with the code; absent for an image. */
  readonly codeConfigMap?: string;
}
