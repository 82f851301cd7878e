// What was observed, as plain data: the inputs of every choice. Nothing in here can be called.
import type { Report } from "@stint/crds/attempt";
import type { NotStartedReason, Phase } from "@stint/crds/conditions";
import type { InstanceTypeSpec } from "@stint/crds/instancetype";
import type { Json } from "@stint/crds/json";
import type { KubernetesObject, ObjectMeta } from "@stint/crds/kubernetes";
import type { RevisionData } from "@stint/crds/manifest";
import type { Registering, TaskBundleSpec } from "@stint/crds/taskbundle";
import type { TaskRunSpec, TaskRunStatus } from "@stint/crds/taskrun";
import type { TaskSettings } from "@stint/crds/settings";

/** A run as the cache holds it: the input is replaced by what rules need to know of it, a result is not kept. */
export interface ObservedRun extends KubernetesObject {
  readonly spec: Omit<TaskRunSpec, "input">;
  readonly input: InputSummary;
  /** Of a finished run, whose attempts are not kept: how long they ran, all together. */
  readonly computeSeconds?: number;
  readonly status?: Omit<TaskRunStatus, "result">;
}

/** Enough of an input to bind it (S35, S36), to measure it (S43) and to notice a change (S158). */
export interface InputSummary {
  /** SHA-256 of the canonical JSON. */
  readonly hash: string;
  readonly bytes: number;
  readonly shape:
    | { readonly kind: "array"; readonly length: number }
    | { readonly kind: "object"; readonly members: readonly string[] }
    | { readonly kind: "other"; readonly type: string };
  /** The first pointer of `spec.inputRefs` under which the input holds no null (S130). */
  readonly danglingRef?: string;
}

/** A pod of ours, stripped to what a look needs. */
export interface OwnedPod extends KubernetesObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: PodStatus;
  /** When this process first saw the task container running. */
  readonly runningSeenAt?: Date;
}

export interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly startTime?: string;
  readonly conditions?: readonly PodCondition[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface ContainerStatus {
  readonly name: string;
  readonly imageID?: string;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly signal?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

export interface NodeState {
  readonly name: string;
  readonly ready: boolean;
  /** Taint keys with effect NoExecute. */
  readonly noExecuteTaints: readonly string[];
}

/** What other runs need to know of a run. */
export interface RunStub {
  readonly metadata: Pick<ObjectMeta, "name" | "uid" | "deletionTimestamp">;
  /** Canceled, or on its way there, by itself or with one above it. */
  readonly canceling: boolean;
  /** When the last run ended that is canceled here or above; absent while one of them has not ended (S165). */
  readonly cancelEndedAt?: Date;
  /** Name of the nearest run, from this one upwards, that is paused (S173). */
  readonly suspendedBy?: string;
  readonly finished: boolean;
  /** When its last rerun began. */
  readonly rerunAt?: Date;
  readonly deadlineAt?: Date;
}

/** A run that this one depends on, and for the scope Subtree what stands below it (S131, S138). */
export interface Upstream {
  readonly name: string;
  readonly exists: boolean;
  /** Listed in `dependsOn`, or of the same tree; a run that does not exist yet may still be (S130). */
  readonly isReachable: boolean;
  readonly isOver: boolean;
  /** The first of them that ended and not well. */
  readonly failed?: { readonly name: string; readonly phase: Phase };
  readonly allowFailure: boolean;
  /** Whether it was handed over by the same run: then its failure is that of their tree (S139). */
  readonly isBeside: boolean;
}

/** Of a run that was handed over: what becomes of it with those above it (S135, S139, S140). */
export interface HandOver {
  /** `Open` until the attempt that submitted it is over; `Dropped` if that ended without handing it over. */
  readonly state: "Open" | "Made" | "Dropped";
  /** Why it is not to begin any more: a run above it in the hand-over tree has failed. */
  readonly failure?: BranchFailure;
  /** What it would be called if one beside it failed: an optional run above both confines that. */
  readonly branch: BranchFailure;
}

export type BranchFailure = typeof NotStartedReason.TreeFailed | typeof NotStartedReason.OptionalBranchFailed;

/** The runs that a run has handed over, as the cache has them (S136, S139, S171). */
export interface Subtasks {
  readonly live: number;
  /** Those that have been deleted. */
  readonly missing: number;
  /** The first that ended, not well, and stays so. */
  readonly failed?: { readonly name: string; readonly phase: Phase };
  /** Those that had ended before the run's last rerun, and are to be done again with it. */
  readonly toRerun: readonly { readonly name: string; readonly uid: string }[];
}

export interface ObservedBundle {
  readonly metadata: ObjectMeta;
  readonly spec: TaskBundleSpec;
  readonly readyRevision?: number;
  readonly registering?: Registering;
}

export interface ObservedInstanceType {
  readonly name: string;
  readonly spec: InstanceTypeSpec;
}

/** What the runner has just told the gateway, with the pod that its token was bound to. */
export interface ReceivedReport {
  readonly podName: string;
  readonly podUid: string;
  readonly nodeName?: string;
  readonly report: Report;
  /** SHA-256 of the report's canonical JSON: a repeated report is known by it (S98). */
  readonly digest: string;
}

/** The API server's no to the last create of a pod. */
export interface Refusal {
  /**
   * `rejected` is final, a name that belongs to somebody else included (S98). The others are waits and no failures: a quota, a
   * ServiceAccount that is not there yet, a webhook that is down (S195).
   */
  readonly kind: "rejected" | "quota" | "serviceAccount" | "unavailable";
  /** The API server's own words. */
  readonly message: string;
}

/** What every pod gets, whoever's it is. */
export interface PodSettings {
  readonly runnerImage: string;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  /** `<ip>:<port>`, and the name in its certificate. */
  readonly gatewayAddress: string;
  readonly gatewayName: string;
  /** PEM of every certificate authority that a pod is to trust. */
  readonly gatewayCa: string;
}

/** What a rule may need beyond the run and its pods. Observed before the look, never looked up during it. */
export interface World {
  /** The bundle that `spec.task` names, if it exists. */
  readonly bundle?: ObservedBundle;
  /** The pinned revision, or, before the pin, the one that the reference chooses (S248). */
  readonly revision?: RevisionData;
  /** By object name. */
  readonly instanceTypes: ReadonlyMap<string, ObservedInstanceType>;
  readonly nodes: ReadonlyMap<string, NodeState>;
  /** The last that was seen of a pod of the run that no longer exists. */
  readonly gonePod?: OwnedPod;
  /** The run's input: read only where a schema has to be asked about it (S37). */
  readonly input?: Json;
  /** The parent named by the controller reference, while it exists. */
  readonly parent?: RunStub;
  /** Whether the root, every descendant and every run that depends on this one is terminal: what removal waits for (S160). */
  readonly rootFinished: boolean;
  readonly descendantsFinished: boolean;
  /** Of a root: all runs below it that there are. Of any other run: none. */
  readonly descendants: readonly ObservedRun[];
  readonly dependentsFinished: boolean;
  /** What the run depends on; absent if that is nothing, and once it has an attempt. */
  readonly upstreams?: readonly Upstream[];
  /** Whether it would have to wait for itself. */
  readonly waitsForItself?: boolean;
  /** Present for a run that was handed over. */
  readonly handOver?: HandOver;
  /** Present for a run that waits for its subtasks, unless the cache is older than the run itself. */
  readonly subtasks?: Subtasks;
  /** The run that has taken its place under its key, where a rerun is asked for (S118). */
  readonly replacedBy?: string;
  /** What the attempt's runner has just said; only the gateway's looks carry it. */
  readonly report?: ReceivedReport;
  /** Progress and display name that the runner has just sent. */
  readonly progress?: {
    readonly podUid: string;
    readonly progress?: TaskRunStatus["progress"];
    readonly displayName?: string;
    /** Why the task's `runName` gave no name (S21). */
    readonly invalidRunName?: string;
  };
  /** Why the attempt cannot have its input: a result that goes into it is gone, or all together are too large (S130). */
  readonly inputFault?:
    | { readonly kind: "missing"; readonly run: string }
    | { readonly kind: "tooLarge"; readonly bytes: number };
  readonly refusal?: Refusal;
  /** Message of the pod's last FailedMount event: read only where it decides something (S70). */
  readonly mountFailure?: string;
  /** Since when a gateway has been ready without a gap; absent while none is (S68). */
  readonly gatewayReadySince?: Date;
  /** Operator-wide defaults, the Helm value `taskDefaults` (S9). */
  readonly taskDefaults: TaskSettings;
  readonly podSettings: PodSettings;
}

/** Any JSON object of a pod on its way to the API server. */
export type PodBody = { readonly [member: string]: Json };
