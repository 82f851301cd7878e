// What each state is called by the five systems that Stint follows (S155). The table in docs/semantics.md is this one.
import { InfrastructureReason, type Phase } from "./conditions.ts";

/** A state by phase and reasons, and its names elsewhere; absent where a system has no such state. */
export interface StateRow {
  readonly phase: Phase;
  /** Without any: every other reason of the phase. */
  readonly reasons: readonly string[];
  readonly tolerated?: true;
  readonly render?: string;
  readonly rhythm?: string;
  readonly prefect?: string;
  readonly tilebox?: string;
  readonly taskiq?: string;
}

type Names = readonly [render: string, rhythm: string, prefect: string, tilebox: string, taskiq: string];

const none = "–";

function row(phase: StateRow["phase"], reasons: readonly string[], names: Names): StateRow {
  const [render, rhythm, prefect, tilebox, taskiq] = names;
  const known = Object.entries({ render, rhythm, prefect, tilebox, taskiq }).filter(([, name]) => name !== none);
  return { phase, reasons, ...Object.fromEntries(known) };
}

const notStarted =
  "Queued Starting PullingImage Unschedulable BundleNotFound BundleNotReady NoCompatibleRevision QuotaExceeded".split(
    " ",
  );
const held = ["ConcurrencyLimit", "QueuePaused", "QueueNotFound", "WaitingForCache"];
const flowWaits = ["WaitingForTask", "WaitingForTimer", "WaitingForSignal"];
const crashed = [...Object.values(InfrastructureReason), "ImagePullFailed", "ContainerConfigFailed"];

/** In the order of the table; the first that fits is the state's. */
export const stateRows: readonly StateRow[] = [
  row("Pending", notStarted, [
    "pending",
    "pending",
    "Pending, Submitting, InfrastructurePending",
    "QUEUED; job SUBMITTED",
    "pending",
  ]),
  row("Pending", ["Delayed"], [none, "pending", "Scheduled, Late", "QUEUED", "pending"]),
  row("Pending", ["WaitingForUpstream"], ["pending", none, "Pending", "QUEUED", "pending, then ready"]),
  row("Pending", ["AwaitingRetry"], ["pending", "pending", "AwaitingRetry", "QUEUED", "pending"]),
  row("Pending", held, ["pending", "pending", "AwaitingConcurrencySlot", "QUEUED", "pending"]),
  row("Running", ["AttemptRunning"], ["running", "running", "Running", "RUNNING", "running"]),
  row("Running", ["Retrying"], ["running", "running", "Retrying", "RUNNING", "running"]),
  row("Running", ["WaitingForSubtasks"], ["running", none, none, "COMPUTED; job STARTED or RUNNING", none]),
  row("Running", ["RunningSteps"], ["running", none, none, none, "running"]),
  row("Running", ["Canceling"], ["canceled", "running", "Cancelling", none, none]),
  row("Suspended", ["SuspendRequested"], ["paused", none, "Paused, Suspended", none, none]),
  row("Suspended", flowWaits, ["paused", "suspended", "Suspended; leaving it: Resuming", none, none]),
  row(
    "Succeeded",
    ["Completed"],
    ["succeeded, completed", "completed", "Completed", "COMPLETED; job COMPLETED", "completed"],
  ),
  row("Succeeded", ["Cached"], ["succeeded", none, "Cached", none, "completed"]),
  { ...row("Failed", [], ["failed", none, none, "FAILED_OPTIONAL", "failed in continue modes"]), tolerated: true },
  row("Failed", ["TimedOut"], ["failed", "failed", "TimedOut", "FAILED", "failed"]),
  row("Failed", crashed, ["failed", "failed", "Crashed", "FAILED", "failed"]),
  row("Failed", [], ["failed", "failed", "Failed", "FAILED; job FAILED", "failed"]),
  row("Skipped", ["UpstreamFailed", "FailFast"], ["canceled", none, "NotReady", "SKIPPED", "skipped"]),
  row("Skipped", ["OptionalBranchFailed"], ["canceled", none, none, "SKIPPED", "skipped"]),
  row(
    "Canceled",
    ["Canceled", "ParentCanceled"],
    ["canceled", "failed (CancellationError)", "Cancelled", "job CANCELED", "cancelled"],
  ),
  row("Canceled", ["TreeFailed"], ["canceled", none, none, "CANCELED, resumable", none]),
];

/** The row of a run's state; `undefined` for one that is not produced. */
export function stateRowOf(phase: StateRow["phase"], reason: string, tolerated = false): StateRow | undefined {
  return stateRows.find(
    (each) =>
      each.phase === phase &&
      (each.tolerated ?? false) === tolerated &&
      (each.reasons.length === 0 || each.reasons.includes(reason)),
  );
}
