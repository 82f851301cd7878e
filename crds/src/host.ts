// The contract between the runner, which owns the process, and the SDK, which owns the user's words. Both meet on
// `globalThis` under a registered symbol, because a user's image may bring another copy of the SDK than the runner's.
import type {
  Assignment,
  ChildStart,
  ProgressRequest,
  Report,
  RerunRequest,
  RunEnd,
  RunOutcome,
  RunsRequest,
  StopNotice,
  StreamNews,
  StreamPosition,
} from "./attempt.ts";
import type { Json } from "./json.ts";
import type { LogLevel } from "./log-line.ts";
import type { Manifest } from "./manifest.ts";

export const registryKey = Symbol.for("stint.dev/registry/v1");

/** What the SDK offers the runner. */
export interface Registry {
  /** After this a further definition throws (S14). */
  close(): void;
  /** Rejects with the first thing that is wrong with a task, where its definition could not see that. */
  manifest(): Promise<Manifest>;
  /** Runs one attempt of the assigned task. Resolves with the report, whatever the user's code does; it never rejects. */
  run(assignment: Assignment, host: Host): Promise<Report>;
  /** Calls what the task wants called once its run has ended by this attempt (S104). It never rejects. */
  runEnded?(assignment: Assignment, host: Host, end: RunEnd): Promise<void>;
  /** {@link stopError} in the SDK's own class, so that the user's `instanceof` holds. */
  stopError(notice: StopNotice): StopError;
}

/** What the runner offers the SDK while an attempt runs. */
export interface Host {
  /** Aborts when the attempt is to end, with the reason (S169). */
  readonly signal: AbortSignal;
  /** When the container's process began, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Starts a child; resolves with its name once the gateway has made it. Rejects with a {@link HostError}. */
  startChild(start: ChildStart): Promise<string>;
  cancelChild(name: string): Promise<void>;
  rerunChild(name: string, request: RerunRequest): Promise<void>;
  /** Resolves with the run's outcome, without limit. */
  outcomeOf(name: string, signal?: AbortSignal): Promise<RunOutcome>;
  /** What comes after a position of the values that a run yields (S24). Waits as {@link outcomeOf} does. */
  valuesOf(name: string, after: StreamPosition, signal?: AbortSignal): Promise<StreamNews>;
  /** Told each value that the function yields, in order: it goes out if somebody reads it (S24). */
  yielded(value: Json): void;
  triggerRun(request: RunsRequest): Promise<string>;
  progress(update: ProgressRequest): void;
  readonly cache: CachePort;
  /** Writes a record of the task's own to the attempt's log (S143). */
  log?(level: LogLevel, msg: string, fields?: object): void;
  /** Told that no failure of this attempt is to be retried, whoever reports it (S93). */
  denyRetry?(): void;
  /** Told what the task's function threw, whole: for the log, since a report carries it cut (S77). */
  thrown?(error: unknown): void;
  /** Where the attempt's time comes from; the machine's if absent. */
  readonly time?: HostTime;
}

/** Time that is moved by hand, in a test (S288). */
export interface HostTime {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** As `AbortSignal.timeout`. */
  timeout(ms: number): AbortSignal;
}

/** The cache of the run's tree (S149): bytes by key. Rejects with a {@link HostError}. */
export interface CachePort {
  get(key: string): Promise<Uint8Array | undefined>;
  set(key: string, value: Uint8Array, ttlSeconds?: number): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<readonly string[]>;
}

/** A refusal by the gateway, as the SDK sees it. */
export interface HostError extends Error {
  readonly code: string;
}

/** Why {@link Host.signal} aborted: its reason, told apart by `stop` and never by class, since two copies may be loaded. */
export interface StopError extends Error {
  readonly stop: StopNotice["reason"];
}

const stopNames = {
  Canceled: "CanceledError",
  TimedOut: "TimeoutError",
  DeadlineExceeded: "DeadlineError",
  Disrupted: "DisruptionError",
} as const satisfies Record<StopNotice["reason"], string>;

/** The reason with which {@link Host.signal} aborts (S169), for a process that has no SDK loaded. */
export function stopError({ reason, message }: StopNotice): StopError {
  return Object.assign(new Error(message), { name: stopNames[reason], stop: reason });
}

/** Why the signal was aborted by the runner; `undefined` while it is not, or if somebody else did it. */
export function stopReason(signal: AbortSignal): StopNotice["reason"] | undefined {
  const reason: unknown = signal.reason;
  return isStopError(reason) ? reason.stop : undefined;
}

function isStopError(value: unknown): value is StopError {
  return (
    value instanceof Error && "stop" in value && typeof value.stop === "string" && Object.hasOwn(stopNames, value.stop)
  );
}

export function findRegistry(): Registry | undefined {
  const registry: unknown = Reflect.get(globalThis, registryKey);
  return isRegistry(registry) ? registry : undefined;
}

function isRegistry(value: unknown): value is Registry {
  return typeof value === "object" && value !== null && "run" in value && "manifest" in value && "close" in value;
}
