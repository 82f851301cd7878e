// The functions that are being executed, and whether time may pass over them.
//
//   E1. A function that waits for a run of its own waits for something that time can bring. One that does anything else may
//       wait for I/O, for a promise of the test, or for its signal: nobody can tell.
//   E2. So whoever waits for a run lets time stand still as long as such a function is executed (pacer.ts), and whoever
//       moves time by hand has only said that it is to pass: he waits for what comes without time, and no longer.
import { setImmediate as nextTurn } from "node:timers/promises";

import type { Host } from "@stint/crds/host";

/** Turns of the event loop, some milliseconds in all, in which a function may come to what it waits for (E2). */
const freshTurns = 1000;

interface Execution {
  /** Name of the run. */
  readonly run: string;
  /** Runs that it waits for now. */
  waits: number;
  turnsLeft: number;
}

interface Executing<T> {
  /** Aborts when its process is gone. */
  readonly killed: AbortSignal;
  readonly execute: (host: Host) => Promise<T>;
}

export class Executions {
  readonly #live = new Set<Execution>();
  #changed = Promise.withResolvers<void>();

  /** Executes a function with a host that tells what it waits for; over at the latest when its process is killed. */
  async during<T>(run: string, host: Host, { killed, execute }: Executing<T>): Promise<T> {
    const execution: Execution = { run, waits: 0, turnsLeft: freshTurns };
    const end = (): void => {
      this.#live.delete(execution);
      this.ring();
    };
    this.#live.add(execution);
    killed.addEventListener("abort", end, { once: true });
    try {
      return await execute({
        ...host,
        outcomeOf: (...asked) => this.#wait(execution, host.outcomeOf(...asked)),
        valuesOf: (...asked) => this.#wait(execution, host.valuesOf(...asked)),
      });
    } finally {
      killed.removeEventListener("abort", end);
      end();
    }
  }

  /** Runs whose functions are executed and wait for nothing that is known (E1). */
  busy(): ReadonlySet<string> {
    return new Set([...this.#live].filter(({ waits }) => waits === 0).map(({ run }) => run));
  }

  /** Resolves at the next change of anything that {@link busy} depends on, or at a {@link ring}. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  readonly ring = (): void => {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  };

  /** Resolves once nothing more happens without time, as far as anybody can tell (E2). */
  async settle(): Promise<void> {
    await nextTurn();
    for (let fresh = this.#fresh(); fresh.length > 0; fresh = this.#fresh()) {
      for (const execution of fresh) execution.turnsLeft--;
      await nextTurn();
    }
  }

  #fresh(): readonly Execution[] {
    return [...this.#live].filter(({ waits, turnsLeft }) => waits === 0 && turnsLeft > 0);
  }

  async #wait<T>(execution: Execution, wait: Promise<T>): Promise<T> {
    execution.waits++;
    this.ring();
    try {
      return await wait;
    } finally {
      execution.waits--;
      execution.turnsLeft = freshTurns;
      this.ring();
    }
  }
}
