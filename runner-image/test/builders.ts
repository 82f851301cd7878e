// Valid values to start from; a test shows only what it is about.
import type { Assignment, ChildStart, Report, RunOutcome } from "@stint/crds/attempt";

import type { Gateway } from "../src/gateway.ts";

export function anAssignment(fields: Partial<Assignment> = {}): Assignment {
  return {
    namespace: "team-a",
    name: "square-4",
    uid: "b1f0c8f2-0000-4000-8000-000000000001",
    bundle: "math",
    task: "square",
    revision: 1,
    attempt: 1,
    userRetries: 0,
    maxRetries: 3,
    input: [4],
    timeoutSeconds: 60,
    gracePeriodSeconds: 10,
    root: "square-4",
    tags: [],
    labels: {},
    ...fields,
  };
}

export function aStart(sequence: number, fields: Partial<ChildStart> = {}): ChildStart {
  return { sequence, task: { name: "square" }, input: [sequence], ...fields };
}

export function anOutcome(name: string): RunOutcome {
  return { name, task: "math/square", phase: "Succeeded", reason: "Completed", message: "", attempts: 1, result: 16 };
}

export const succeeded: Report = { kind: "succeeded", value: 16, startedAt: "2030-01-01T00:00:00.000Z" };

export function aFailure(name: string, message = "it broke"): Report {
  return {
    kind: "failed",
    reason: "TaskError",
    error: { name, message },
    retryable: false,
    startedAt: "2030-01-01T00:00:00.000Z",
  };
}

const unexpected = (call: string) => () => Promise.reject(new Error(`unexpected call: ${call}`));

/** A gateway of which a test says only what it needs: the rest is not to be called. */
export function aGateway(answers: Partial<Gateway>): Gateway {
  return {
    assignment: unexpected("assignment"),
    report: unexpected("report"),
    registerTasks: unexpected("registerTasks"),
    startChildren: unexpected("startChildren"),
    cancelChild: unexpected("cancelChild"),
    rerunChild: unexpected("rerunChild"),
    triggerRun: unexpected("triggerRun"),
    events: unexpected("events"),
    stopNotice: unexpected("stopNotice"),
    progress: unexpected("progress"),
    values: unexpected("values"),
    cache: {
      get: unexpected("cache.get"),
      put: unexpected("cache.put"),
      delete: unexpected("cache.delete"),
      keys: unexpected("cache.keys"),
    },
    ...answers,
  };
}
