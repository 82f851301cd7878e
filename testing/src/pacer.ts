// Who lets time pass. A test moves it by hand, or waits for a run and lets it pass until that is over.
//
//   T1. One hand at a time is on the clock: two that moved it at once would each wake the other's sleepers too late.
//   T2. Time stands still while a function of an awaited run's family is executed and waits for nothing that time could
//       bring (E1): its I/O is to take no time, whatever it takes.
//   T3. It goes from one sleeper to the next and no further: an awaited run is over at the very instant at which it ended.
//   T4. A run that nothing happens to any more is an error that says what it waits for.
import type { VirtualClock } from "./memory/clock.ts";
import type { Executions } from "./process/executions.ts";

/** Somebody who lets time pass. */
export interface Waiter {
  readonly isOver: () => boolean;
  /** Names of the runs whose functions hold time (T2). */
  readonly family: () => ReadonlySet<string>;
  /** Until when it is worth waiting as far as one can tell now, by the monotonic clock; then `late` is thrown (T4). */
  readonly patientUntilMs: () => number;
  readonly late: () => Error;
  readonly signal: AbortSignal;
}

interface Waiting extends Waiter {
  /** {@link Waiter.patientUntilMs} when it was last asked. */
  untilMs: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export interface PacerOptions {
  readonly clock: VirtualClock;
  readonly executions: Executions;
  /** Throws what has gone wrong, if something has that no run can tell of. */
  readonly check: () => void;
}

export class Pacer {
  readonly #options: PacerOptions;
  readonly #waiting = new Set<Waiting>();
  #lastMove: Promise<unknown> = Promise.resolve();
  #isDriving = false;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /** Lets time pass; everything that is then due has happened when it resolves. */
  async advance(ms: number): Promise<void> {
    await this.#alone(() => this.#options.clock.advance(ms));
    this.#options.check();
  }

  /** Resolves once nothing more happens without time. */
  async settle(): Promise<void> {
    await this.#alone(() => this.#options.executions.settle());
    this.#options.check();
  }

  /** Lets time pass until it is over. Rejects with the signal's reason, and with `late`. */
  async until(waiter: Waiter): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { ...waiter, untilMs: waiter.patientUntilMs(), resolve, reject };
    const { ring } = this.#options.executions;
    this.#waiting.add(waiting);
    waiter.signal.addEventListener("abort", ring, { once: true });
    ring(); // who drives may be waiting for a function of another family
    void this.#drive();
    try {
      await promise;
    } finally {
      waiter.signal.removeEventListener("abort", ring);
    }
  }

  async #drive(): Promise<void> {
    if (this.#isDriving) return;
    this.#isDriving = true;
    try {
      while (this.#waiting.size > 0) await this.#step();
    } catch (error) {
      for (const { reject } of this.#waiting) reject(error);
      this.#waiting.clear();
    } finally {
      this.#isDriving = false;
    }
  }

  async #step(): Promise<void> {
    const { clock, executions } = this.#options;
    const changed = executions.changed(); // before the look: what changes during it must not be missed
    await this.settle();
    this.#dismiss();
    if (this.#waiting.size === 0) return;
    if (this.#isHeld()) return changed; // T2
    const leftMs = Math.min(...[...this.#waiting].map(({ untilMs }) => untilMs)) - clock.monotonicMs();
    await this.#alone(() => clock.advanceToNext(leftMs)); // T3
  }

  /** Lets those go who wait no more. */
  #dismiss(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const waiting of this.#waiting) {
      const { signal, isOver, late, resolve, reject } = waiting;
      if (waiting.untilMs <= nowMs) waiting.untilMs = waiting.patientUntilMs();
      if (signal.aborted) reject(signal.reason);
      else if (isOver()) resolve();
      else if (waiting.untilMs <= nowMs) reject(late());
      else continue;
      this.#waiting.delete(waiting);
    }
  }

  #isHeld(): boolean {
    const busy = [...this.#options.executions.busy()];
    if (busy.length === 0) return false;
    return [...this.#waiting].map(({ family }) => family()).some((runs) => busy.some((run) => runs.has(run)));
  }

  /** T1 */
  #alone(move: () => Promise<void>): Promise<void> {
    const moved = this.#lastMove.then(move);
    this.#lastMove = moved.catch(() => undefined); // whoever moved hears of it
    return moved;
  }
}
