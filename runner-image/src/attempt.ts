// One attempt, from the assignment to its ending.
//
//   A1. The function is entered at most once, and not at all after a stop: a side effect begun then helps nobody.
//   A2. From the timeout on the outcome is TimedOut (S68): the SDK says so of what the function still answers, and we of
//       the rest, at the end of the grace period even if there is no answer. Other stops wait for the function; the
//       kubelet ends that wait.
//   A3. A failure that only echoes a disruption is not reported: the pod's end says whose fault it was, and the
//       infrastructure's budget pays. A real failure within the grace period counts (S169).
import type { Assignment, Report, ReportedError, ReportedReason } from "@stint/crds/attempt";
import type { Registry } from "@stint/crds/host";
import { describeThrown, toReportedError } from "@stint/crds/thrown";

import { firstBound, timeoutMessage } from "./bounds.ts";
import type { Clock } from "./clock.ts";
import type { AttemptHost } from "./host.ts";
import type { Log } from "./log.ts";
import type { Stop } from "./stop.ts";

export type Ending =
  | { readonly kind: "reported"; readonly report: Report }
  /** The attempt was stopped, and how its pod ends says the rest. */
  | { readonly kind: "stopped" };

export interface AttemptOptions {
  readonly assignment: Assignment;
  readonly host: AttemptHost;
  readonly stop: Stop;
  readonly clock: Clock;
  readonly log: Log;
  /** The user's tasks; `undefined` if the entry point brings no SDK. Rejects with what the import throws. */
  readonly load: () => Promise<Registry | undefined>;
  /** Rejects with an error of the user's code outside its function. */
  readonly crashed: Promise<never>;
}

/** Rejects as {@link AttemptHost.ended} does, and with nothing of the user's. */
export async function runAttempt(options: AttemptOptions): Promise<Ending> {
  const { assignment, host, stop, clock } = options;
  const settled = new AbortController();
  const bound = firstBound(assignment, host.startedAtMs);
  const expire = async (): Promise<undefined> => {
    await clock.sleep(Math.max(0, bound.atMs - clock.nowMs()), settled.signal);
    stop.begin(bound.notice);
    if (stop.notice?.reason !== "TimedOut") return new Promise<never>(() => {}); // A2
    await clock.sleep(assignment.gracePeriodSeconds * 1000, settled.signal);
    return undefined;
  };
  try {
    const report = await Promise.race([work(options), expire(), host.ended]);
    return judge(report, options);
  } finally {
    settled.abort();
  }
}

/** Imports the user's code and runs the function; nothing that it throws gets past. `undefined`: it was not entered. */
async function work(options: AttemptOptions): Promise<Report | undefined> {
  const { assignment, host, stop, log, load, crashed } = options;
  let registry: Registry | undefined;
  try {
    registry = await Promise.race([load(), crashed]);
  } catch (thrown) {
    log.error("entry point not imported", { error: describeThrown(thrown) });
    return failure(options, "TaskError", toReportedError(thrown)); // S75
  }
  if (stop.signal.aborted) return undefined; // A1
  if (!registry) return failure(options, "TaskNotFound", taskNotFound(assignment));
  try {
    return await Promise.race([registry.run(assignment, host), crashed]);
  } catch (thrown) {
    return failure(options, "TaskError", toReportedError(thrown)); // a crash: `run` itself never rejects
  }
}

function judge(report: Report | undefined, options: AttemptOptions): Ending {
  const { signal, notice } = options.stop;
  if (!report && notice?.reason === "TimedOut") return { kind: "reported", report: timedOut(options) }; // A2
  const isOutcome = report && !(notice?.reason === "Disrupted" && isEcho(report, signal)); // A3
  return isOutcome ? { kind: "reported", report } : { kind: "stopped" };
}

function failure(options: AttemptOptions, reason: ReportedReason, error: ReportedError): Report {
  if (options.stop.notice?.reason === "TimedOut") return timedOut(options); // A2
  return { kind: "failed", reason, error, retryable: false, startedAt: startOf(options) };
}

function timedOut(options: AttemptOptions): Report {
  const error = { name: "TimeoutError", message: timeoutMessage(options.assignment) };
  const denied = options.host.retryDenied ? { retryDenied: true } : {}; // S93
  return { kind: "failed", reason: "TimedOut", error, retryable: false, ...denied, startedAt: startOf(options) };
}

function startOf({ host }: AttemptOptions): string {
  return new Date(host.startedAtMs).toISOString();
}

/** The SDK's words for a name that it does not know; here the entry point imports no SDK (S124). */
function taskNotFound({ task, bundle, revision }: Assignment): ReportedError {
  return { name: "Error", message: `Task "${task}" is not registered in bundle ${bundle} revision ${revision}` };
}

/** Whether the function failed with the signal's own reason, or with the `AbortError` that Node's functions make of it. */
function isEcho(report: Report, { reason }: AbortSignal): boolean {
  if (report.kind !== "failed" || report.reason !== "TaskError") return false;
  return report.error.name === "AbortError" || report.error.name === describeThrown(reason).name;
}
