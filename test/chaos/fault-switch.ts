import type { Faults } from "@stint/devcluster";

import type { FaultKind } from "./faults.ts";

type Asked = Parameters<Faults["onRequest"]>[0];

/** How often each kind of fault struck. */
export class Tally {
  readonly counts = new Map<FaultKind, number>();

  add(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

/** Faults that can be ended, and are counted. */
export class FaultSwitch implements Faults {
  readonly #faults: Faults;
  readonly #tally: Tally;
  #isOn = false;
  #isAway = false;

  constructor(faults: Faults, tally: Tally) {
    this.#faults = faults;
    this.#tally = tally;
  }

  turn(on: boolean): void {
    this.#isOn = on;
  }

  /** While the API server is away it answers nothing but errors; watches that are open stay so. */
  away(isAway: boolean): void {
    this.#isAway = isAway;
  }

  onRequest(asked: Asked): ReturnType<Faults["onRequest"]> {
    if (this.#isAway) return { kind: "error" };
    const fault = this.#isOn ? this.#faults.onRequest(asked) : undefined;
    if (fault) this.#tally.add(fault.kind);
    return fault;
  }

  onEvent(asked: Asked, type: string): ReturnType<Faults["onEvent"]> {
    const fault = this.#isOn ? this.#faults.onEvent(asked, type) : undefined;
    if (fault !== undefined) this.#tally.add(typeof fault === "string" ? fault : fault.kind);
    return fault;
  }
}
