// How the gateway says no: one table from the protocol's codes to HTTP, and what becomes of errors on their way out.
//
//   P1. An answer carries a code and one sentence: never a stack, never a token, never what another run holds.
//   P2. Whatever is not the caller's fault is 503: the runner asks again (S53), and an absent operator costs no attempt.
import { ProtocolCode, type ProtocolError } from "@stint/crds/attempt";
import type { KubernetesObject } from "@stint/crds/kubernetes";

import { isApiError } from "../errors.ts";
import { withoutRevision } from "./outcome.ts";

/** Codes that the gateway's answers carry, with their HTTP status where nothing else is said. */
const statusOf: Readonly<Record<ProtocolCode, number>> = {
  InvalidRequest: 400,
  Unauthenticated: 401,
  NotFound: 404,
  NotCurrent: 409,
  Canceled: 409,
  KeyConflict: 409,
  CannotRerun: 409,
  TreeLimitExceeded: 422,
  TooLarge: 400,
  Unavailable: 503,
};

interface RefusalOptions {
  readonly status?: number;
  /** For what takes a moment and not minutes; without it the caller waits as its own patience says. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** What a runner asked for is not granted. `message` is what it reads. */
export class ProtocolRefusal extends Error {
  override readonly name = "ProtocolRefusal";
  readonly code: ProtocolCode;
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProtocolCode, message: string, options: RefusalOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? statusOf[code];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** Body of the answer (P1). */
  get body(): ProtocolError {
    return { code: this.code, message: this.message };
  }
}

export function notCurrent(message: string): ProtocolRefusal {
  return new ProtocolRefusal(ProtocolCode.NotCurrent, message);
}

/** Something that is on its way is not here yet. */
export function notYet(message: string): ProtocolRefusal {
  return new ProtocolRefusal(ProtocolCode.Unavailable, message, { retryAfterSeconds: 1 });
}

export function unavailable(message: string, cause?: unknown): ProtocolRefusal {
  return new ProtocolRefusal(ProtocolCode.Unavailable, message, { cause });
}

/** The name that a new run would have belongs to another one (S111). */
export function nameTaken(run: KubernetesObject & { readonly spec: { readonly task: string } }): ProtocolRefusal {
  const owner = withoutRevision(run.spec.task);
  return new ProtocolRefusal(ProtocolCode.KeyConflict, `run ${run.metadata.name} exists and belongs to ${owner}`);
}

/** What the caller is told about an error (P2). The API server's own words stay in the log. */
export function toRefusal(error: unknown): ProtocolRefusal {
  if (error instanceof ProtocolRefusal) return error;
  return unavailable(isApiError(error) ? "the API server does not answer" : "the gateway failed", error);
}
