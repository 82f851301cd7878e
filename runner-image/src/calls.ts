// The calls that the user's code has under way.
//
//   H8. Losing the gateway is the process's end and no error of the user's code: a `try` around a call would take it for
//       a failure of the child. Such a call never settles; `ended` rejects instead.
//   H9. What the function began without awaiting it is begun all the same (S117): the process outlives such calls.
import { ProtocolCode } from "@stint/crds/attempt";

import { ChannelLost, Refusal } from "./channel.ts";

export class Calls {
  readonly #end: (error: unknown) => void;
  readonly #begun = new Set<Promise<unknown>>();
  /** Rejects when the attempt can no longer be this process's: {@link ChannelLost}, or a {@link Refusal} as not current. */
  readonly ended: Promise<never>;

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {}); // whoever waits for the attempt hears of it; after that there is nobody
    this.ended = promise;
    this.#end = reject;
  }

  /** The call as the user's code may see it (H8). */
  async guard<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (!this.endIfLost(error)) throw error;
      return new Promise<never>(() => {});
    }
  }

  /** The same, of a call that {@link drained} waits for. */
  async begin<T>(call: Promise<T>): Promise<T> {
    this.#begun.add(call);
    try {
      return await this.guard(call);
    } finally {
      this.#begun.delete(call);
    }
  }

  /** Resolves when no begun call is left (H9); rejects as {@link ended} does. */
  async drained(): Promise<void> {
    while (this.#begun.size > 0) await Promise.race([Promise.allSettled(this.#begun), this.ended]);
  }

  /** Ends the process's part in the attempt if the error says that it is over; answers whether it does. */
  endIfLost(error: unknown): boolean {
    const isLost = error instanceof ChannelLost || (error instanceof Refusal && error.code === ProtocolCode.NotCurrent);
    if (isLost) this.#end(error);
    return isLost;
  }
}
