// What the SDK may ask of the process while an attempt runs.
import { randomUUID } from "node:crypto";

import type { Assignment, RunsRequest } from "@stint/crds/attempt";
import { hashName } from "@stint/crds/hash";
import type { Host } from "@stint/crds/host";
import { describeThrown } from "@stint/crds/thrown";

import { Calls } from "./calls.ts";
import { Children } from "./children.ts";
import type { Clock } from "./clock.ts";
import type { Gateway } from "./gateway.ts";
import type { Log } from "./log.ts";
import { Outcomes } from "./outcomes.ts";
import { Progress } from "./progress.ts";
import type { Stop } from "./stop.ts";
import { createTreeCache } from "./tree-cache.ts";
import { Values } from "./values.ts";

export interface HostOptions {
  readonly gateway: Gateway;
  readonly stop: Pick<Stop, "signal" | "begin">;
  readonly clock: Clock;
  readonly log: Log;
  readonly startedAtMs: number;
  readonly assignment: Pick<Assignment, "parent" | "isRead">;
}

/** A {@link Host}, and what only the process asks of it. */
export interface AttemptHost extends Host {
  /** Rejects when the attempt can no longer be this process's: {@link ChannelLost}, or a {@link Refusal} as not current. */
  readonly ended: Promise<never>;
  /** Whether the task wants no retry of this attempt (S93). */
  readonly retryDenied: boolean;
  /** After the function's end: resolves when all that it began, and its last progress, is with the gateway (H9). */
  flush(signal: AbortSignal): Promise<void>;
}

const shortRunMs = 1_000;

/** Of calls that nothing stops. */
const never = new AbortController().signal;

export function createHost(options: HostOptions): AttemptHost {
  const { gateway, stop, clock, log, startedAtMs } = options;
  const calls = new Calls();
  const children = new Children(gateway, stop.signal);
  const outcomes = new Outcomes(gateway, stop, clock);
  const progress = new Progress(gateway, clock, (error) => calls.endIfLost(error));
  const values = new Values({
    gateway,
    clock,
    untilRead: () => untilRead(outcomes, options),
    refused(error) {
      log.warn("values are not kept", { error: String(error) });
      calls.endIfLost(error);
    },
  });
  let retryDenied = false;
  return {
    signal: stop.signal,
    startedAtMs,
    startChild: (start) => calls.begin(children.start(start)),
    outcomeOf: (name, signal) => calls.guard(outcomes.of(name, signal)),
    valuesOf: (name, after, signal) => calls.guard(outcomes.valuesOf(name, after, signal)),
    yielded: (value) => values.yielded(value),
    // Not bound to the stop: whoever cleans up after it may still cancel.
    cancelChild: (name) => calls.begin(gateway.cancelChild(name, never)),
    rerunChild: (name, request) => calls.begin(gateway.rerunChild(name, request, stop.signal)),
    async triggerRun(request) {
      const { name } = await calls.begin(gateway.triggerRun(named(request), stop.signal));
      return name;
    },
    progress: (update) => progress.update(update),
    cache: createTreeCache(gateway, calls, never),
    log: (level, msg, fields) => log[level](msg, fields),
    denyRetry: () => {
      retryDenied = true;
    },
    get retryDenied() {
      return retryDenied;
    },
    thrown: (error) => log.error("task threw", { error: describeThrown(error) }),
    ended: calls.ended,
    async flush(signal) {
      await calls.drained();
      await Promise.all([progress.flush(signal), values.flush(signal)]);
    },
  };
}

/**
 * A child's parent may read it from the start, or begin at any time; nobody reads a run that nobody started. What is over
 * within a second is not worth a question: a reader will find the result as soon.
 */
async function untilRead(outcomes: Outcomes, { assignment, clock, stop }: HostOptions): Promise<void> {
  if (assignment.isRead === true) return;
  if (assignment.parent === undefined) await new Promise<never>(() => {});
  await clock.sleep(shortRunMs, stop.signal);
  await outcomes.untilRead();
}

/** Named before the first try: a repeated request must not start a second run. */
function named(request: RunsRequest): RunsRequest {
  return { ...request, name: request.name ?? `trn-${hashName(randomUUID(), 20)}` };
}
