// Condition types and reasons: promises to strangers. A reason, once published, keeps its meaning.

/** The conditions of a TaskRun, which are the truth about it (S152). */
export const ConditionType = {
  /** Its task, revision, instance type and input are known to be good. */
  Accepted: "Accepted",
  /** It holds a slot: an attempt's pod exists or is about to. */
  Admitted: "Admitted",
  /** The container of the current attempt has started. */
  Running: "Running",
  /** Nothing of it runs, and nothing new starts, because it or a run above it was paused. */
  Suspended: "Suspended",
  /** True, False, or Unknown while the outcome is open. */
  Succeeded: "Succeeded",
  /** The outcome is recorded; after a cancel, the pod has ended as well. */
  Finished: "Finished",
} as const;
export type ConditionType = (typeof ConditionType)[keyof typeof ConditionType];

/** The one condition of a TaskBundle. */
export const Ready = "Ready";

/** Why an attempt failed at the user's cost: `maxRetries` pays (S75). */
export const UserReason = {
  TaskError: "TaskError",
  TimedOut: "TimedOut",
  OutOfMemory: "OutOfMemory",
  StorageExceeded: "StorageExceeded",
  Killed: "Killed",
  ExitedWithoutReport: "ExitedWithoutReport",
} as const;
export type UserReason = (typeof UserReason)[keyof typeof UserReason];

/** Why an attempt failed at the cluster's cost: `maxInfrastructureRetries` pays (S75). */
export const InfrastructureReason = {
  Preempted: "Preempted",
  Evicted: "Evicted",
  NodeShutdown: "NodeShutdown",
  NodeLost: "NodeLost",
  PodDeleted: "PodDeleted",
  NeverStarted: "NeverStarted",
  StartTimeout: "StartTimeout",
  ReportLost: "ReportLost",
} as const;
export type InfrastructureReason = (typeof InfrastructureReason)[keyof typeof InfrastructureReason];

/** Why no automatic attempt follows (S75). */
export const FinalReason = {
  NonRetryableError: "NonRetryableError",
  InvalidInput: "InvalidInput",
  InputTooLarge: "InputTooLarge",
  InvalidSpec: "InvalidSpec",
  ResultNotSerializable: "ResultNotSerializable",
  ResultTooLarge: "ResultTooLarge",
  InvalidResult: "InvalidResult",
  TaskNotFound: "TaskNotFound",
  RevisionNotFound: "RevisionNotFound",
  UnknownInstanceType: "UnknownInstanceType",
  InstanceTypeForbidden: "InstanceTypeForbidden",
  NoInstanceTypeFits: "NoInstanceTypeFits",
  PodRejected: "PodRejected",
  ImagePullFailed: "ImagePullFailed",
  ContainerConfigFailed: "ContainerConfigFailed",
  DeadlineExceeded: "DeadlineExceeded",
  TreeLimitExceeded: "TreeLimitExceeded",
  UpstreamCycle: "UpstreamCycle",
  SubtaskFailed: "SubtaskFailed",
} as const;
export type FinalReason = (typeof FinalReason)[keyof typeof FinalReason];

export type FailureReason = UserReason | InfrastructureReason | FinalReason;

export const FailureClass = { User: "User", Infrastructure: "Infrastructure", Final: "Final" } as const;
export type FailureClass = (typeof FailureClass)[keyof typeof FailureClass];

/** What a live run waits for, or does (S155). */
export const LiveReason = {
  Starting: "Starting",
  PullingImage: "PullingImage",
  Unschedulable: "Unschedulable",
  BundleNotFound: "BundleNotFound",
  BundleNotReady: "BundleNotReady",
  QuotaExceeded: "QuotaExceeded",
  Delayed: "Delayed",
  WaitingForUpstream: "WaitingForUpstream",
  AwaitingRetry: "AwaitingRetry",
  AttemptRunning: "AttemptRunning",
  Retrying: "Retrying",
  WaitingForSubtasks: "WaitingForSubtasks",
  Canceling: "Canceling",
  SuspendRequested: "SuspendRequested",
} as const;
export type LiveReason = (typeof LiveReason)[keyof typeof LiveReason];

/** How a run ends that does not fail. */
export const EndReason = { Completed: "Completed", Canceled: "Canceled", ParentCanceled: "ParentCanceled" } as const;
export type EndReason = (typeof EndReason)[keyof typeof EndReason];

/** Of warning events that change nothing about the run. */
export const EventReason = {
  /** The task's `runName` gave no name, so the run keeps its own (S21). */
  InvalidRunName: "InvalidRunName",
  /** The API server refuses the run that a hook asks for (S106). */
  HookNotStarted: "HookNotStarted",
  /** A rerun was asked for of a run whose place under its key another one has taken (S118). */
  RerunRefused: "RerunRefused",
} as const;

/** Why a run is not to start any more: what it waited for, or was handed over with, has failed (S132, S139, S140, S222). */
export const NotStartedReason = {
  UpstreamFailed: "UpstreamFailed",
  OptionalBranchFailed: "OptionalBranchFailed",
  FailFast: "FailFast",
  TreeFailed: "TreeFailed",
} as const;
export type NotStartedReason = (typeof NotStartedReason)[keyof typeof NotStartedReason];

export type Reason = LiveReason | EndReason | NotStartedReason | FailureReason;

/** One word for people, derived from the conditions (S153). No code decides on it. */
export const Phase = {
  Pending: "Pending",
  Running: "Running",
  Suspended: "Suspended",
  Succeeded: "Succeeded",
  Failed: "Failed",
  Canceled: "Canceled",
  Skipped: "Skipped",
} as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** The phase of a run that has ended without success, by the reason of its condition Succeeded (S153). */
export function phaseOfEnd(reason: string): "Failed" | "Canceled" | "Skipped" {
  switch (reason) {
    case EndReason.Canceled:
    case EndReason.ParentCanceled:
    case NotStartedReason.TreeFailed:
      return Phase.Canceled;
    case NotStartedReason.UpstreamFailed:
    case NotStartedReason.OptionalBranchFailed:
    case NotStartedReason.FailFast:
      return Phase.Skipped;
    default:
      return Phase.Failed;
  }
}

/** States of a revision in `TaskBundle.status.registering` (S246). */
export const RegistrationState = {
  Created: "Created",
  Registering: "Registering",
  RegistrationFailed: "RegistrationFailed",
} as const;
export type RegistrationState = (typeof RegistrationState)[keyof typeof RegistrationState];

/** Reasons of a bundle's condition `Ready` (S13, S15, S16, S39, S57, S291). */
export const BundleReason = {
  Registered: "Registered",
  Registering: "Registering",
  ExitedBeforeRegistering: "ExitedBeforeRegistering",
  RegistrationTimedOut: "RegistrationTimedOut",
  NoTasks: "NoTasks",
  TooManyTasks: "TooManyTasks",
  InvalidManifest: "InvalidManifest",
  ManifestTooLarge: "ManifestTooLarge",
  UnsupportedSchema: "UnsupportedSchema",
  UnknownInstanceType: "UnknownInstanceType",
  InvalidPodTemplate: "InvalidPodTemplate",
  InvalidSource: "InvalidSource",
  SourceNotFound: "SourceNotFound",
  ImagePullFailed: "ImagePullFailed",
  ContainerConfigFailed: "ContainerConfigFailed",
  PodRejected: "PodRejected",
  InfrastructureFailed: "InfrastructureFailed",
} as const;
export type BundleReason = (typeof BundleReason)[keyof typeof BundleReason];
