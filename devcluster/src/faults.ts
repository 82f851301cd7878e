// Where faults are put in. The server asks before each request and each event of a watch what is to go wrong; without a
// plan nothing ever does.

/** What happens to a request instead of its answer. */
export type RequestFault =
  /** Refused, nothing done. */
  | { readonly kind: "conflict" | "error" }
  | { readonly kind: "tooManyRequests"; readonly retryAfterSeconds: number }
  /** Done, and the caller never learns of it: the connection breaks. */
  | { readonly kind: "unanswered" }
  /** A watch or a list from a version finds that version forgotten. */
  | { readonly kind: "expired" };

/** What happens to an event of a watch. */
export type EventFault =
  /** The stream breaks before the event. */
  | "dropped"
  /** The stream stays open and says nothing more. */
  | "silent"
  /** The event comes twice. */
  | "duplicated"
  /** The event is held back, and with it all that follows: a watch never changes the order. */
  | { readonly kind: "late"; readonly delayMs: number };

interface AskedRequest {
  readonly method: string;
  readonly path: string;
  readonly verb: string;
  readonly resource: string;
  readonly user: string;
}

export interface Faults {
  onRequest(request: AskedRequest): RequestFault | undefined;
  onEvent(request: AskedRequest, type: string): EventFault | undefined;
}

export const noFaults: Faults = { onRequest: () => undefined, onEvent: () => undefined };

/** How often each fault strikes, from 0 (never, the default) to 1. */
export interface FaultRates {
  readonly conflict?: number;
  readonly tooManyRequests?: number;
  readonly error?: number;
  readonly unanswered?: number;
  readonly expired?: number;
  readonly dropped?: number;
  readonly silent?: number;
  readonly duplicated?: number;
  /** Held back for up to {@link latestMs}. */
  readonly late?: number;
}

const latestMs = 5_000;

const writes = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** The same seed and the same order of requests give the same faults. */
export function seededFaults(seed: number, rates: FaultRates): Faults {
  const random = generator(seed);
  const strikes = (rate = 0): boolean => random() < rate;
  return {
    onRequest: ({ verb }) => {
      if (strikes(rates.tooManyRequests)) return { kind: "tooManyRequests", retryAfterSeconds: 1 };
      if (strikes(rates.error)) return { kind: "error" };
      if (strikes(rates.conflict) && (verb === "update" || verb === "patch")) return { kind: "conflict" };
      if (strikes(rates.unanswered) && writes.has(verb)) return { kind: "unanswered" };
      if (strikes(rates.expired) && verb === "watch") return { kind: "expired" };
      return undefined;
    },
    onEvent: () => {
      if (strikes(rates.dropped)) return "dropped";
      if (strikes(rates.silent)) return "silent";
      if (strikes(rates.duplicated)) return "duplicated";
      return strikes(rates.late) ? { kind: "late", delayMs: Math.ceil(random() * latestMs) } : undefined;
    },
  };
}

/** mulberry32: small, and the same on every machine. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
