// The attempt protocol: the messages between a runner and the gateway under /attempt/v1/. No zod here, since every
// attempt pays for what the runner loads; the gateway's own schemas are checked against these types.
import type { UserReason } from "./conditions.ts";
import type { Dependency, InputRef } from "./dependency.ts";
import type { Json } from "./json.ts";
import type { Manifest } from "./manifest.ts";
import type { RerunOptions } from "./rerun.ts";
import type { TaskSettings } from "./settings.ts";

export const attemptPath = "/attempt/v1";

/** What the operator puts into a pod's environment, and where it mounts things. */
export const podContract = {
  mode: "STINT_MODE",
  gatewayAddress: "STINT_GATEWAY_ADDRESS",
  gatewayName: "STINT_GATEWAY_NAME",
  gatewayCa: "STINT_GATEWAY_CA",
  /** Path of the module to import; set for inline and ConfigMap bundles. For images a path below the working directory, or absent. */
  entrypoint: "STINT_ENTRYPOINT",
  /** The W3C trace context of the run (S151). Absent if it has none. */
  traceparent: "TRACEPARENT",
  tokenFile: "/var/run/stint/token",
  codeDirectory: "/stint/bundle",
  codeFile: "bundle.mjs",
  terminationLog: "/dev/termination-log",
  /** Other paths for the two files above, where a pod is a local process. Absent in a cluster. */
  tokenFileVariable: "STINT_TOKEN_FILE",
  terminationLogVariable: "STINT_TERMINATION_LOG",
  /** Audience of the projected token. */
  audience: "stint",
  /** The container that is judged (S298). */
  container: "task",
} as const;

export type RunnerMode = "register" | "run";

/** Answer to `GET assignment`: everything one attempt needs to know. Instants are RFC 3339. */
export interface Assignment {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly bundle: string;
  readonly task: string;
  readonly revision: number;
  readonly attempt: number;
  readonly userRetries: number;
  readonly maxRetries: number;
  /** With the results of other runs in their places; null where one has failed and is allowed to. */
  readonly input: Json;
  /** Pointers into the input where a run stands that did not succeed (S133). */
  readonly failures?: readonly { readonly pointer: string; readonly outcome: RunOutcome }[];
  /** The runs that this one depends on (S142). */
  readonly upstream?: readonly Upstream[];
  readonly timeoutSeconds: number;
  readonly gracePeriodSeconds: number;
  /** Whether what the code prints becomes records of the log (S144). */
  readonly logPrints?: boolean;
  readonly deadlineAt?: string;
  readonly parent?: string;
  readonly root: string;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Whether somebody reads what the function yields as it comes (S24). */
  readonly isRead?: boolean;
}

/** A run that another one waited for, as it ended. */
export interface Upstream {
  readonly run: string;
  readonly phase: RunOutcome["phase"];
  readonly reason: string;
}

export interface ReportedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** Reasons that only the runner can know. */
export type ReportedReason =
  | typeof UserReason.TaskError
  | typeof UserReason.TimedOut
  | "NonRetryableError"
  | "InvalidInput"
  | "ResultNotSerializable"
  | "ResultTooLarge"
  | "InvalidResult"
  | "TaskNotFound"
  | "TreeLimitExceeded";

/** How an attempt ended, told apart by `kind` and never by text (S74). */
export type Report =
  | {
      readonly kind: "succeeded";
      readonly value: Json;
      /** How many runs the function handed over; they are there already, and wait for this report (S135). */
      readonly submitted?: number;
      readonly startedAt: string;
    }
  | {
      readonly kind: "failed";
      readonly reason: ReportedReason;
      readonly error: ReportedError;
      /** Whether a RetryableError was thrown (S90), and the wait that a RetryAfter asked for (S92). */
      readonly retryable: boolean;
      readonly retryAfterMs?: number;
      /** `retryIf` has said no (S93). */
      readonly retryDenied?: boolean;
      readonly startedAt: string;
    };

/** Answer to `POST report`, once the outcome is written. */
export interface ReportResponse {
  readonly accepted: true;
  /** How the run has ended by it; absent while another attempt follows. */
  readonly ended?: RunEnd;
}

/** How a run ended, for the hooks in the process of its last attempt (S104). */
export interface RunEnd {
  readonly phase: "Succeeded" | "Failed";
  readonly reason: string;
  readonly message: string;
  readonly attempts: number;
}

/** What a caller may set for the run that it starts, besides task and input. */
export interface StartOptions extends Omit<TaskSettings, "gracePeriodSeconds" | "logPrints"> {
  readonly startAt?: string;
  readonly tags?: readonly string[];
  /** `Replace`: the tags stand in the place of the task's own (S26). */
  readonly tagPolicy?: "Join" | "Replace";
}

/** What a caller may set for its child: besides the rest, where it stands among others. */
export interface ChildOptions extends StartOptions {
  readonly dependsOn?: readonly Dependency[];
  readonly inputRefs?: readonly InputRef[];
  readonly optional?: boolean;
}

/** One start of a child; (attempt, sequence) makes a repeated request find the child of the first (S118). */
export interface ChildStart {
  /** Number of the call within its attempt, from 1. */
  readonly sequence: number;
  /** `<task>` of the same bundle and revision, or `<bundle>/<task>` of another. */
  readonly task: { readonly bundle?: string; readonly name: string };
  readonly input: Json;
  readonly key?: string;
  readonly options?: ChildOptions;
  /** Present if the child is handed over: it waits for the attempt's success, and is forgotten without it (S135). */
  readonly submission?: {
    /** In the place of the task's own; its other retry settings stay (S134). */
    readonly maxRetries?: number;
  };
}

export interface ChildrenRequest {
  readonly starts: readonly ChildStart[];
}

/** One answer per start, in order. */
export interface ChildrenResponse {
  readonly children: readonly ChildStarted[];
}

export type ChildStarted =
  | { readonly sequence: number; readonly name: string; readonly uid: string }
  | { readonly sequence: number; readonly error: ProtocolError };

/** A root run started by `.trigger()` inside a run (S123). */
export interface RunsRequest {
  readonly task: string;
  readonly input: Json;
  readonly name?: string;
  readonly options?: StartOptions;
}

export interface RunsResponse {
  readonly name: string;
  readonly uid: string;
}

/** What is asked of a child that is to be done again (S170); on the newest Ready revision if `latest` (S172). */
export type RerunRequest = RerunOptions;

/** Where a reader of a run's values stands: behind so many values of a chunk of an attempt's. From 0, the attempt too. */
export interface StreamPosition {
  readonly attempt: number;
  readonly chunk: number;
  readonly value: number;
}

export interface StreamRequest {
  /** Of the run. */
  readonly name: string;
  readonly after: StreamPosition;
}

/** What comes after a position: values, or, where there are no more, how the run ended. */
export type StreamNews =
  | { readonly values: readonly Json[]; readonly next: StreamPosition }
  | { readonly outcome: RunOutcome };

/** Values that a function has yielded (S24): a whole chunk at each time, so that a repeated request does no harm. */
export interface ValuesRequest {
  /** From 0, in each attempt. */
  readonly chunk: number;
  readonly values: readonly Json[];
  /** Whether the next values go into the next chunk. */
  readonly sealed: boolean;
}

export interface EventsRequest {
  /** Names of runs whose outcomes are awaited. */
  readonly awaiting: readonly string[];
  /** Runs whose values are awaited as they come. */
  readonly streams?: readonly StreamRequest[];
  /** Whether it is news that somebody reads this run's own values. */
  readonly untilRead?: boolean;
  /** Opaque, from the last answer: only a hint. */
  readonly since?: string;
  /** How long to wait for news, in milliseconds; at most 30000. */
  readonly waitMs: number;
}

export interface EventsResponse {
  readonly since: string;
  readonly outcomes: readonly RunOutcome[];
  readonly streams?: readonly (StreamRequest & StreamNews)[];
  /** Present once somebody reads this run's own values. */
  readonly isRead?: boolean;
  /** Present once the attempt is to end. */
  readonly stop?: StopNotice;
}

/** How an awaited run ended. */
export interface RunOutcome {
  readonly name: string;
  readonly task: string;
  readonly phase: "Succeeded" | "Failed" | "Canceled" | "Skipped";
  readonly reason: string;
  readonly message: string;
  readonly attempts: number;
  readonly result?: Json;
  readonly error?: ReportedError;
}

/** Why the process is asked to end; it becomes `ctx.signal.reason` (S169). */
export interface StopNotice {
  readonly reason: "Canceled" | "TimedOut" | "DeadlineExceeded" | "Disrupted";
  readonly message: string;
}

export interface ProgressRequest {
  readonly progress?: readonly { readonly label: string; readonly total: number; readonly done: number }[];
  readonly displayName?: string;
  /** Why the task's `runName` gave no name: becomes a warning event (S21). */
  readonly invalidRunName?: string;
}

/** Body of `PUT cache/{key}`. */
export interface CachePutRequest {
  /** In base64. */
  readonly value: string;
  readonly ttlSeconds?: number;
}

/** Answer of `GET cache/{key}`: without a value there is none. */
export interface CacheGetResponse {
  readonly value?: string;
}

/** Answer of `GET cache`: every key there is, in order. */
export interface CacheKeysResponse {
  readonly keys: readonly string[];
}

export interface TasksRequest {
  readonly tasks: Manifest;
}

/** Body of every answer that is not 2xx. */
export interface ProtocolError {
  readonly code: ProtocolCode;
  readonly message: string;
}

export const ProtocolCode = {
  /** The body breaks a rule. 400. */
  InvalidRequest: "InvalidRequest",
  /** The token is missing, expired, not ours or not bound to a pod. 401. */
  Unauthenticated: "Unauthenticated",
  /** This pod is no attempt's, or not the current one: the runner stops. 409. */
  NotCurrent: "NotCurrent",
  /** The run is being canceled: nothing new starts. 409. */
  Canceled: "Canceled",
  /** The key was used for another call. 409. */
  KeyConflict: "KeyConflict",
  /** The run is live, or has succeeded: it is not done again. 409. */
  CannotRerun: "CannotRerun",
  /** Run or child does not exist. 404. */
  NotFound: "NotFound",
  /** Too deep or too many. 422. */
  TreeLimitExceeded: "TreeLimitExceeded",
  /** A payload is over its limit. 400 for a part, 413 for the body. */
  TooLarge: "TooLarge",
  /** Not known here yet, or the API server does not answer: ask again. 503. */
  Unavailable: "Unavailable",
} as const;
export type ProtocolCode = (typeof ProtocolCode)[keyof typeof ProtocolCode];
