// The API server's no to a pod's create, for as long as it is not to be asked again (S195). Whatever wakes the run meanwhile
// concludes from the same no. Otherwise the event of the status that tells of it would ask anew at once; and since the text of
// a used up quota changes with every pod of the namespace, each no would be written, and wake the run, and be asked for again.
//
//   N1. It holds for the run of this uid alone: a namesake has not asked yet.
//   N2. It is lost with the process. The next one asks once more than it had to.
import type { Clock } from "../clock.ts";
import type { ObservedRun, Refusal } from "../core/world.ts";
import { keyOf, type Key } from "../effects/key.ts";

/** A no, and until when it stands. */
export interface StandingRefusal {
  readonly refusal: Refusal;
  readonly until: Date;
}

export class Refusals {
  readonly #clock: Clock;
  readonly #standing = new Map<Key, StandingRefusal & { readonly uid: string }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep({ metadata }: ObservedRun, standing: StandingRefusal): void {
    this.#standing.set(keyOf(metadata), { ...standing, uid: metadata.uid });
  }

  /** The no that stands. One whose time is over is forgotten. */
  of({ metadata }: ObservedRun): StandingRefusal | undefined {
    const standing = this.#standing.get(keyOf(metadata));
    if (standing && standing.uid === metadata.uid && standing.until > this.#clock.now()) return standing; // N1
    this.forget(keyOf(metadata));
    return undefined;
  }

  forget(key: Key): void {
    this.#standing.delete(key);
  }
}
