// The runner's side of an attempt, played by hand: what was asked is written down, what is answered the test says.
import type {
  Assignment,
  ChildStart,
  ProgressRequest,
  Report,
  RerunRequest,
  RunOutcome,
  RunsRequest,
  StopNotice,
  StreamNews,
  StreamPosition,
} from "@stint/crds/attempt";
import { findRegistry, registryKey, stopError, type Host, type Registry } from "@stint/crds/host";
import type { Json } from "@stint/crds/json";
import { childName } from "@stint/crds/labels";

import { localCache } from "../../src/cache.ts";

import "../../src/local.ts"; // vitest is a bundler: see src/in-process.ts

export const processStart = Date.parse("2026-03-01T12:00:00.000Z");

/** The tasks of the test before are not this test's. */
export function forgetTasks(): void {
  Reflect.deleteProperty(globalThis, registryKey);
}

export function registry(): Registry {
  const found = findRegistry();
  if (!found) throw new Error("no task is defined");
  return found;
}

export function anAssignment(task: string, input: Json, more: Partial<Assignment> = {}): Assignment {
  return {
    namespace: "team-a",
    name: "run-1",
    uid: "uid-1",
    bundle: "demo",
    task,
    revision: 7,
    attempt: 2,
    userRetries: 1,
    maxRetries: 3,
    input,
    timeoutSeconds: 600,
    gracePeriodSeconds: 10,
    root: "run-1",
    tags: ["nightly"],
    labels: { type: "cpu" },
    ...more,
  };
}

export function anOutcome(name: string, more: Partial<RunOutcome> = {}): RunOutcome {
  return {
    name,
    task: "demo/child",
    phase: "Succeeded",
    reason: "Completed",
    message: "",
    attempts: 1,
    result: null,
    ...more,
  };
}

/** A refusal as the runner passes it on. */
export function refusal(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

export class FakeHost implements Host {
  readonly startedAtMs = processStart;
  readonly starts: ChildStart[] = [];
  readonly triggered: RunsRequest[] = [];
  readonly canceled: string[] = [];
  /** What was asked to be done again. */
  readonly rerun: object[] = [];
  readonly awaited: string[] = [];
  readonly updates: ProgressRequest[] = [];
  readonly values: Json[] = [];
  /** What a reader of a child gets after a position, by the child's name; `undefined` at the end. */
  readonly streams = new Map<string, (after: StreamPosition) => StreamNews | undefined>();
  /** How often the runner was told that no retry is wanted, and the first time. */
  denials = 0;
  readonly #denied = Promise.withResolvers<void>();
  readonly denied = this.#denied.promise;
  readonly cache = localCache();
  /** What the function threw, as the runner is told. */
  readonly heard: unknown[] = [];
  /** Records of the log, each as level, message and fields. */
  readonly records: unknown[][] = [];
  /** How a started child ends; by default it succeeds with its input. */
  childEnds: (start: ChildStart, name: string) => RunOutcome = (start, name) =>
    anOutcome(name, { result: start.input });
  /** The gateway's answer to a start; by default the name that it must have. */
  acknowledge: (start: ChildStart) => Promise<void> = () => Promise.resolve();
  readonly #stop = new AbortController();
  readonly #outcomes = new Map<string, PromiseWithResolvers<RunOutcome>>();

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  stop(reason: StopNotice["reason"], message = "stop"): void {
    this.#stop.abort(stopError({ reason, message }));
  }

  async startChild(start: ChildStart): Promise<string> {
    this.starts.push(start);
    await this.acknowledge(start);
    const name =
      start.key === undefined
        ? childName({ parentUid: "uid-1", attempt: 2, sequence: start.sequence })
        : `keyed-${start.key}`;
    this.end(this.childEnds(start, name));
    return name;
  }

  end(outcome: RunOutcome): void {
    this.#outcome(outcome.name).resolve(outcome);
  }

  cancelChild(name: string): Promise<void> {
    this.canceled.push(name);
    return Promise.resolve();
  }

  rerunChild(name: string, request: RerunRequest): Promise<void> {
    this.rerun.push({ name, ...request });
    this.#outcomes.delete(name);
    return Promise.resolve();
  }

  outcomeOf(name: string): Promise<RunOutcome> {
    this.awaited.push(name);
    return this.#outcome(name).promise;
  }

  /** By default a run yields nothing on its way. */
  async valuesOf(name: string, after: StreamPosition): Promise<StreamNews> {
    const read = this.streams.get(name)?.(after);
    return read ?? { outcome: await this.outcomeOf(name) };
  }

  yielded(value: Json): void {
    this.values.push(value);
  }

  triggerRun(request: RunsRequest): Promise<string> {
    this.triggered.push(request);
    return Promise.resolve(request.name ?? "trn-triggered");
  }

  progress(update: ProgressRequest): void {
    this.updates.push(update);
  }

  log(...record: unknown[]): void {
    this.records.push(record);
  }

  denyRetry(): void {
    this.denials += 1;
    this.#denied.resolve();
  }

  thrown(error: unknown): void {
    this.heard.push(error);
  }

  #outcome(name: string): PromiseWithResolvers<RunOutcome> {
    const outcome = this.#outcomes.get(name) ?? Promise.withResolvers<RunOutcome>();
    this.#outcomes.set(name, outcome);
    return outcome;
  }
}

/** One attempt of the task, with the report it ends in. */
export function attempt(
  task: string,
  input: Json,
  host: Host = new FakeHost(),
  more: Partial<Assignment> = {},
): Promise<Report> {
  return registry().run(anAssignment(task, input, more), host);
}

/** The report of {@link attempt}, as it should be. */
export function succeeded(value: unknown): object {
  return { kind: "succeeded", value, startedAt: new Date(processStart).toISOString() };
}

export function failed(reason: string, name: string, message: string): object {
  return {
    kind: "failed",
    reason,
    error: { name, message },
    retryable: false,
    startedAt: new Date(processStart).toISOString(),
  };
}
