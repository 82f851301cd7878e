import type { Assignment } from "@stint/crds/attempt";
import type { Registry } from "@stint/crds/host";
import type { LogOrigin } from "@stint/crds/log-line";
import { traceIdOf } from "@stint/crds/trace";

import { runAttempt, type Ending } from "./attempt.ts";
import type { Clock } from "./clock.ts";
import type { watchCrashes } from "./crash.ts";
import { deliver } from "./delivery.ts";
import type { Gateway } from "./gateway.ts";
import { createHost } from "./host.ts";
import type { LastWords } from "./last-words.ts";
import type { Log } from "./log.ts";
import { stopAtSigterm } from "./signals.ts";
import { Stop } from "./stop.ts";

export interface RunOptions {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly log: Log;
  readonly lastWords: LastWords;
  readonly load: () => Promise<Registry | undefined>;
  /** Loads what the user's code will need, while the network keeps us waiting. */
  readonly preload: () => void;
  readonly startedAtMs: number;
  /** Aborts at SIGTERM. */
  readonly terminated: AbortSignal;
  /** The W3C trace context of the run, if it has one (S151). */
  readonly traceparent: string | undefined;
  readonly watchCrashes: typeof watchCrashes;
  /** From now on what the code prints is recorded (S144). */
  readonly recordPrints: (log: Log) => void;
}

/**
 * Runs one attempt: fetches what to do, does it, reports it (S76). The ending it resolves with is acknowledged.
 *
 * The user's code is imported only once the assignment is there: a pod whose attempt is over must not run a line of it.
 * Rejects with {@link ChannelLost}, with a refusal, or at SIGTERM if there is nothing to stop yet.
 */
export async function run({ gateway, clock, log, startedAtMs, ...options }: RunOptions): Promise<Ending> {
  const { terminated, lastWords, load, preload, traceparent } = options;
  const asked = gateway.assignment(terminated);
  preload();
  const assignment = await asked;
  const attemptLog = log.with(originOf(assignment, traceparent));
  attemptLog.info("attempt started");
  if (assignment.logPrints === true) options.recordPrints(attemptLog); // before the import: what it prints is the attempt's too

  const stop = new Stop();
  stopAtSigterm(terminated, gateway, stop);
  const host = createHost({ gateway, stop, clock, log: attemptLog, startedAtMs, assignment });
  using crashes = options.watchCrashes(attemptLog, (error) => stop.signal.aborted && error === stop.signal.reason);
  const parts = { assignment, host, stop, clock, log: attemptLog, load, crashed: crashes.crashed };
  const ending = await runAttempt(parts);
  attemptLog.info("attempt ended", { ...stateOf(ending), durationMs: Math.round(clock.nowMs() - startedAtMs) });

  if (ending.kind === "reported") {
    const answer = await deliver(ending.report, { gateway, host, terminated, lastWords });
    attemptLog.info("report acknowledged", { state: ending.report.kind });
    if (answer?.ended) await (await load())?.runEnded?.(assignment, host, answer.ended); // S104
  }
  return ending;
}

/** What every line of an attempt's log says of where it comes from (S143). */
export function originOf(
  { name, attempt, bundle, task, tags }: Assignment,
  traceparent: string | undefined,
): LogOrigin {
  const traceId = traceIdOf(traceparent);
  return { run: name, attempt, task: `${bundle}/${task}`, tags, ...(traceId !== undefined && { traceId }) };
}

function stateOf(ending: Ending): object {
  if (ending.kind === "stopped") return { state: "stopped" };
  const { report } = ending;
  return report.kind === "succeeded"
    ? { state: report.kind }
    : { state: report.kind, reason: report.reason, message: report.error.message };
}
