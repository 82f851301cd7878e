// Starts of children, collected into few requests.
//
//   H1. What the user's code starts without waiting in between goes out together: fifty calls in a `Promise.all` are
//       one request and not fifty.
//   H2. No request is larger than the gateway takes, in bytes, nor so long that its writes outlast a request's timeout.
import type { ChildStart, ChildStarted } from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";

import { Refusal } from "./channel.ts";
import type { Gateway } from "./gateway.ts";

/** Each start is a write of a few milliseconds to the API server, and a request has 15 s (H2). */
const startsPerRequest = 100;

/** Room in the body for what stands around the starts. */
const requestBytes = limits.requestBytes - 1024;

interface WaitingStart {
  readonly start: ChildStart;
  readonly resolve: (name: string) => void;
  readonly reject: (reason: unknown) => void;
}

export class Children {
  readonly #gateway: Pick<Gateway, "startChildren">;
  readonly #signal: AbortSignal;
  #waiting: WaitingStart[] = [];

  /** `signal`: once it is aborted, nothing starts any more and all starts under way reject with its reason. */
  constructor(gateway: Pick<Gateway, "startChildren">, signal: AbortSignal) {
    this.#gateway = gateway;
    this.#signal = signal;
  }

  /** Resolves with the child's name; rejects with the gateway's {@link Refusal}, of this start or of the request. */
  start(start: ChildStart): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    // A tick comes after all microtasks that are due: so much of the user's code as runs without waiting (H1).
    if (this.#waiting.length === 0) process.nextTick(() => void this.#send());
    this.#waiting.push({ start, resolve, reject });
    return promise;
  }

  async #send(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const batch of toBatches(waiting)) await this.#request(batch);
  }

  async #request(batch: readonly WaitingStart[]): Promise<void> {
    try {
      const { children } = await this.#gateway.startChildren({ starts: batch.map(({ start }) => start) }, this.#signal);
      for (const [index, waiting] of batch.entries()) settle(waiting, children[index]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

function settle({ start, resolve, reject }: WaitingStart, child: ChildStarted | undefined): void {
  if (!child || child.sequence !== start.sequence)
    reject(new Error(`the gateway did not answer start ${start.sequence}`));
  else if ("error" in child) reject(new Refusal(child.error));
  else resolve(child.name);
}

function toBatches(waiting: readonly WaitingStart[]): readonly (readonly WaitingStart[])[] {
  const batches: WaitingStart[][] = [];
  let bytesLeft = 0;
  for (const item of waiting) {
    const bytes = Buffer.byteLength(JSON.stringify(item.start)) + 1;
    const batch = batches.at(-1);
    if (batch && batch.length < startsPerRequest && bytes <= bytesLeft) {
      batch.push(item);
      bytesLeft -= bytes;
    } else {
      batches.push([item]);
      bytesLeft = requestBytes - bytes;
    }
  }
  return batches;
}
