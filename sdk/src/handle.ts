// Waiting for a run, whoever it was started by: the same four questions to a child of this attempt and to a root run
// somewhere in the cluster.
import type { ReportedError, RunOutcome, StreamNews, StreamPosition } from "@stint/crds/attempt";
import type { HostTime } from "@stint/crds/host";
import type { RerunOptions } from "@stint/crds/rerun";

import { AbortError, TaskRunError, TimeoutError } from "./errors.ts";
import { portKey } from "./reference.ts";
import { readValues } from "./stream.ts";

/** A started run, as the code that started it sees it. */
export interface RunPort {
  /** `undefined` until it is known. */
  readonly id: string | undefined;
  /** Resolves once the run is terminal; rejects with the signal's reason when that aborts. */
  outcome(signal: AbortSignal): Promise<RunOutcome>;
  cancel(): Promise<void>;
  rerun(options: RerunOptions): Promise<void>;
  /** By which waits are bounded; the machine's if absent. */
  readonly time?: HostTime | undefined;
}

/** A child of this attempt: the only kind of run that a call can depend on, and whose values can be read as they come. */
export interface ChildPort extends RunPort {
  /** Its name, once the cluster has it. A rejection is nobody's who does not look (S117). */
  readonly started: Promise<string>;
  /** What comes after a position, as soon as there is something. */
  valuesAfter(after: StreamPosition): Promise<StreamNews>;
}

/** Bounds of the caller's own wait; the run does not notice them. */
export interface WaitOptions {
  /** In milliseconds; without it there is no limit. */
  readonly timeoutMs?: number;
  /** Ends the wait with an {@link AbortError}. */
  readonly signal?: AbortSignal;
}

export interface ResultOptions extends WaitOptions {
  /** `false`: a run that did not succeed gives its {@link TaskRunError} instead of throwing it. */
  readonly raiseOnFailure?: boolean;
}

/** How a run ended. Source: S110. */
export interface RunDetails<T> {
  readonly id: string;
  /** `<bundle>/<task>`. */
  readonly task: string;
  readonly phase: RunOutcome["phase"];
  /** A published reason: `Completed`, `TaskError`, `TimedOut`, `Canceled`, … */
  readonly reason: string;
  readonly message: string;
  /** How many attempts there were. */
  readonly attempts: number;
  /** The function's value; present if the run succeeded. */
  readonly result?: T;
  /** What the last attempt threw, if it threw. */
  readonly error?: ReportedError;
}

/** A started run. Nothing is watched before one of its methods is called. Source: S108, S110. */
export interface RunHandle<T> {
  /** The run's name. Of a keyed call it is known once its start is acknowledged; asking before throws. */
  readonly id: string;
  /**
   * Waits for the run and gives the function's value.
   *
   * Throws {@link TaskRunError} unless the run succeeded, {@link TimeoutError} after `timeoutMs`, {@link AbortError}.
   */
  result(options: ResultOptions & { readonly raiseOnFailure: false }): Promise<T | TaskRunError>;
  result(options?: ResultOptions): Promise<T>;
  /** Waits for the run and tells how it ended; throws for no outcome of the run, and otherwise as {@link result}. */
  details(options?: WaitOptions): Promise<RunDetails<T>>;
  /** Waits for the run; returns quietly when the run has ended or `timeoutMs` is up. */
  wait(options?: WaitOptions): Promise<void>;
  /** Ends the run for good. Throws a ClientError if there is no such run, and outside a run also if it has ended (S167). */
  cancel(): Promise<void>;
  /**
   * Does a run again that has Failed or was Canceled or Skipped: the same run, with further attempts and both budgets anew.
   *
   * With `latest` on the newest Ready revision of its bundle. What is awaited from then on is the new end. Throws a
   * ClientError for a run that is still active, has succeeded, or is not there. Source: S170, S172.
   */
  rerun(options?: RerunOptions): Promise<void>;
}

/** What a result holds, one by one. */
type ElementOf<T> = T extends readonly (infer Element)[] ? Element : never;

/**
 * What a call of a task gives inside a run: a child run, to be awaited for its value.
 *
 * Of a generator, `for await` gives each value as it is produced, and throws {@link TaskRunError} if the run then fails. A
 * retry starts the generator anew, and with it the values. Of a function that returns a list it gives its elements.
 * Source: S24, S107, S108.
 */
export interface TaskInstance<T> extends RunHandle<T>, PromiseLike<T>, AsyncIterable<ElementOf<T>> {}

export class Handle<T> implements RunHandle<T> {
  readonly #port: RunPort;
  /** A terminal run changes no more, but by a rerun: it is asked once. */
  #outcome: RunOutcome | undefined;

  constructor(port: RunPort) {
    this.#port = port;
  }

  get id(): string {
    const { id } = this.#port;
    if (id !== undefined) return id;
    throw new Error("the id of a keyed call is known only after its start is acknowledged");
  }

  result(options: ResultOptions & { readonly raiseOnFailure: false }): Promise<T | TaskRunError>;
  result(options?: ResultOptions): Promise<T>;
  async result({ raiseOnFailure = true, ...options }: ResultOptions = {}): Promise<T | TaskRunError> {
    const outcome = await this.#outcomeOrTimeout(options);
    if (outcome.phase === "Succeeded") return this.#valueOf(outcome);
    const error = new TaskRunError(outcome);
    if (raiseOnFailure) throw error;
    return error;
  }

  async details(options: WaitOptions = {}): Promise<RunDetails<T>> {
    const outcome = await this.#outcomeOrTimeout(options);
    const { name, task, phase, reason, message, attempts, error } = outcome;
    const told = { id: name, task, phase, reason, message, attempts, ...(error ? { error } : {}) };
    return phase === "Succeeded" ? { ...told, result: this.#valueOf(outcome) } : told;
  }

  async wait(options: WaitOptions = {}): Promise<void> {
    await this.#within(options);
  }

  cancel(): Promise<void> {
    return this.#port.cancel();
  }

  async rerun(options: RerunOptions = {}): Promise<void> {
    await this.#port.rerun(options);
    this.#outcome = undefined;
  }

  #valueOf({ result = null }: RunOutcome): T {
    return result as T; // the function's type, on its way through JSON
  }

  async #outcomeOrTimeout(options: WaitOptions): Promise<RunOutcome> {
    const outcome = await this.#within(options);
    if (outcome) return outcome;
    throw new TimeoutError(
      `task run ${this.#port.id ?? "not started yet"} is not finished after ${options.timeoutMs} ms`,
    );
  }

  async #within(options: WaitOptions): Promise<RunOutcome | undefined> {
    this.#outcome ??= await bounded(this.#port, options);
    return this.#outcome;
  }
}

export class Instance<T> extends Handle<T> implements TaskInstance<T> {
  readonly #child: ChildPort;

  constructor(child: ChildPort) {
    super(child);
    this.#child = child;
  }

  /** By which a call knows that the instance stands for a value (S130). */
  get [portKey](): ChildPort {
    return this.#child;
  }

  [Symbol.asyncIterator](): AsyncIterator<ElementOf<T>> {
    return readValues(this.#child) as AsyncIterator<ElementOf<T>>; // the function's type, on its way through JSON
  }

  // oxlint-disable-next-line unicorn/no-thenable -- `await square(3)` is the point (S107)
  then<A = T, B = never>(
    onResult?: ((value: T) => A | PromiseLike<A>) | null,
    onFailure?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.result().then(onResult, onFailure);
  }
}

/** `AbortSignal.timeout` takes 31 bits; who waits longer than 24 days waits without limit. */
const longestTimeoutMs = 2 ** 31 - 1;

/** The outcome, or `undefined` when time is up; throws an {@link AbortError} when the caller leaves. */
async function bounded(port: RunPort, { timeoutMs = Infinity, signal }: WaitOptions): Promise<RunOutcome | undefined> {
  const { time = AbortSignal } = port;
  const timeUp = timeoutMs > longestTimeoutMs ? undefined : time.timeout(timeoutMs);
  const leave = AbortSignal.any([signal, timeUp].filter((given) => given !== undefined));
  try {
    leave.throwIfAborted();
    return await Promise.race([port.outcome(leave), aborted(leave)]);
  } catch (error) {
    if (signal?.aborted === true) throw new AbortError("the wait was aborted", { cause: signal.reason });
    if (timeUp?.aborted === true) return undefined;
    throw error;
  }
}

/** Rejects with the signal's reason. The listener goes with the signal, which is the wait's own. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
