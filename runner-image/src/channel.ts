// Calls to the gateway, repeated until they are answered or given up (S53).
//
//   C4. A call is given up when its waits are used up: 24 of them, 303.75 s, between 25 tries. Retry-After makes a
//       wait shorter, never longer, and gives the rest back: a gateway that says "in a second" to everybody for two
//       minutes has not used up anybody's patience.
//   C5. What the gateway refuses it will refuse again: 4xx is not repeated, but 401 (the token may just have been
//       replaced), 408 and 429.
import type { ProtocolError } from "@stint/crds/attempt";
import type { HostError } from "@stint/crds/host";
import { limits } from "@stint/crds/limits";

import type { Clock } from "./clock.ts";
import type { Answer, Call, Connection } from "./connection.ts";
import type { Log } from "./log.ts";

/** How long a call is worth trying. */
export interface Patience {
  /** For one try, from when it gets the connection. */
  readonly timeoutMs: number;
  /** All waits between tries together; 0 is a single try. */
  readonly waitsMs: number;
}

/** The wait after the given try, counted from 1: 250 ms × 2^i, at most 16 s. */
export function waitAfterTryMs(tries: number): number {
  const { first, max } = limits.channelWaitMs;
  return Math.min(first * 2 ** (tries - 1), max);
}

const waits = Array.from({ length: limits.channelTries - 1 }, (_, index) => waitAfterTryMs(index + 1));

/** What every call gets that does not say otherwise (S53). */
export const fullPatience: Patience = {
  timeoutMs: limits.channelTimeoutMs,
  waitsMs: waits.reduce((sum, waitMs) => sum + waitMs),
};

/** No gateway answered to the end of a call's patience. */
export class ChannelLost extends Error {
  override readonly name = "ChannelLost";
  /** The call, as the termination message names it: `POST report`. */
  readonly call: string;

  constructor(call: string, cause: unknown) {
    super(`${call}: the gateway does not answer`, { cause });
    this.call = call;
  }
}

/** The gateway said no, and would say it again. */
export class Refusal extends Error implements HostError {
  override readonly name = "HostError";
  readonly code: string;

  constructor({ code, message }: { readonly code: string; readonly message: string }) {
    super(message);
    this.code = code;
  }
}

/** What became of one try. */
type Trial =
  | { readonly kind: "answered"; readonly body: unknown }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "again"; readonly cause: unknown; readonly retryAfterMs?: number | undefined };

export class Channel {
  readonly #connection: Pick<Connection, "send">;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(connection: Pick<Connection, "send">, clock: Clock, log: Log) {
    this.#connection = connection;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Makes a call and resolves with the body of its answer.
   *
   * Rejects with a {@link Refusal}, with {@link ChannelLost} once `patience` is used up, or with the signal's reason.
   */
  async call(call: Call, patience: Patience, signal: AbortSignal): Promise<unknown> {
    let leftMs = patience.waitsMs;
    for (let tries = 1; ; tries++) {
      const trial = await this.#try(call, patience.timeoutMs, signal);
      if (trial.kind === "answered") return trial.body;
      if (trial.kind === "refused") throw trial.refusal;
      if (leftMs <= 0) throw new ChannelLost(nameOf(call), trial.cause);
      if (tries === 1) this.#log.warn("gateway does not answer", { call: nameOf(call), cause: String(trial.cause) });

      const waitMs = Math.min(waitMsOf(trial, tries), leftMs); // C4
      leftMs -= waitMs;
      await this.#clock.sleep(waitMs, signal);
    }
  }

  async #try(call: Call, timeoutMs: number, signal: AbortSignal): Promise<Trial> {
    try {
      return judge(await this.#connection.send(call, timeoutMs, signal));
    } catch (cause) {
      signal.throwIfAborted();
      return { kind: "again", cause };
    }
  }
}

function nameOf({ method, path }: Call): string {
  return `${method} ${path}`;
}

/** A shorter wait than the first would turn a gateway's `Retry-After: 0` into a storm. */
function waitMsOf({ retryAfterMs = Infinity }: Trial & { kind: "again" }, tries: number): number {
  return Math.max(limits.channelWaitMs.first, Math.min(retryAfterMs, waitAfterTryMs(tries)));
}

const repeatedStatuses = new Set([401, 408, 429]);

/** @throws {SyntaxError} for a 2xx answer that is not JSON: something else than a gateway has answered. */
function judge({ status, retryAfterMs, text }: Answer): Trial {
  if (status >= 200 && status < 300) return { kind: "answered", body: text === "" ? undefined : JSON.parse(text) };
  const error = parseProtocolError(text) ?? {
    code: `HTTP${status}`,
    message: text.slice(0, limits.attemptErrorLength),
  };
  const isRefused = status >= 300 && status < 500 && !repeatedStatuses.has(status); // C5
  return isRefused
    ? { kind: "refused", refusal: new Refusal(error) }
    : { kind: "again", cause: new Error(`HTTP ${status} ${error.code}: ${error.message}`), retryAfterMs };
}

/** Decodes the body of an answer that is not 2xx; `undefined` if it is none of the gateway's. */
function parseProtocolError(text: string): (Pick<ProtocolError, "message"> & { readonly code: string }) | undefined {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null || !("code" in body) || !("message" in body)) return undefined;
    return { code: String(body.code), message: String(body.message) };
  } catch {
    return undefined; // a proxy's page
  }
}
