// The three kinds of thing that are errors here. A task that fails is an outcome, and waiting is a decision; neither
// comes by this way.
//
//   E1. ApiError: the API server said no, or said nothing. Made from its answers in effects/api-refusal.ts alone.
//   E2. RefusedError: only a person can fix it. The object it concerns says so in its status.
//   E3. InvariantError: our bug.
//   E4. `reason` and `code` are what code branches on; a message is for people and never parsed.

/** Every code that a failed look is counted under, with the sentence that the reference page prints for it. */
export const errorCodes = {
  API_CONFLICT: "The object changed since it was read (409). It is read and decided again.",
  API_ALREADY_EXISTS: "An object of this name exists (409); one that is still terminating keeps its name.",
  API_NOT_FOUND: "There is no such object (404); for a create, no such namespace.",
  API_GONE: "The resourceVersion or continue token is too old (410). The list starts again.",
  API_TOO_MANY_REQUESTS: "The API server asks for patience (429). Its Retry-After is kept.",
  API_QUOTA_EXCEEDED: "A ResourceQuota of the namespace is used up (403). The run waits.",
  API_SERVICE_ACCOUNT_MISSING: "The pod's ServiceAccount does not exist (403), as in a namespace seconds old.",
  API_INVALID: "The object breaks a rule of its schema (422).",
  API_FORBIDDEN: "An authorizer or an admission plugin refused (403).",
  API_UNAUTHORIZED: "The credentials were not accepted (401), after rereading them too.",
  API_BAD_REQUEST: "The API server could not read the request (400), or does not serve it (405, 406, 415).",
  API_TOO_LARGE: "The object is larger than the API server or etcd stores (413).",
  API_UNAVAILABLE: "No usable answer: 5xx, a timeout, a broken connection. A write may have been carried out.",
  REFUSED: "Only a person can fix it; the object's status says what.",
  INVARIANT: "A bug of ours: something that cannot be was seen.",
  UNKNOWN: "Anything else. The log has its stack.",
} as const;
export type ErrorCode = keyof typeof errorCodes;

const apiCodes = {
  conflict: "API_CONFLICT",
  alreadyExists: "API_ALREADY_EXISTS",
  notFound: "API_NOT_FOUND",
  gone: "API_GONE",
  tooManyRequests: "API_TOO_MANY_REQUESTS",
  quotaExceeded: "API_QUOTA_EXCEEDED",
  serviceAccountMissing: "API_SERVICE_ACCOUNT_MISSING",
  invalid: "API_INVALID",
  forbidden: "API_FORBIDDEN",
  unauthorized: "API_UNAUTHORIZED",
  badRequest: "API_BAD_REQUEST",
  tooLarge: "API_TOO_LARGE",
  unavailable: "API_UNAVAILABLE",
} as const satisfies Record<string, ErrorCode>;

/** Why the API server said no. Two reasons share 409 and four share 403, so code branches on this, never on a status. */
export type ApiReason = keyof typeof apiCodes;

export interface ApiErrorOptions {
  readonly reason: ApiReason;
  /** HTTP status; absent when no answer came. */
  readonly status?: number;
  /** How long the API server asks to be left alone. With it, a 429 or 503 was not carried out; a 500 may have been. */
  readonly retryAfterMs?: number;
  /** The API server's own sentence, for the status of the object concerned. */
  readonly serverMessage?: string;
  readonly cause?: unknown;
}

/** The API server said no, or gave no answer. `message` starts with the verb and the object: `create pod default/a: …`. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly reason: ApiReason;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly serverMessage: string;

  constructor(message: string, { reason, status, retryAfterMs, serverMessage, cause }: ApiErrorOptions) {
    super(message, { cause });
    this.code = apiCodes[reason];
    this.reason = reason;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.serverMessage = serverMessage ?? message;
  }
}

/** Whether `error` is the API server's no, for one of these reasons if any are named. */
export function isApiError(error: unknown, ...reasons: readonly ApiReason[]): error is ApiError {
  return error instanceof ApiError && (reasons.length === 0 || reasons.includes(error.reason));
}

/** Only a person can fix it. `reason` is the condition reason under which the object will say so. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code = "REFUSED" satisfies ErrorCode;
  readonly reason: string;

  constructor(message: string, options: { readonly reason: string; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.reason = options.reason;
  }
}

/** Our bug. `details` is plain data for the log, the decision at hand for instance. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
  readonly code = "INVARIANT" satisfies ErrorCode;
  readonly details: unknown;

  constructor(message: string, options: { readonly details?: unknown; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.details = options.details;
  }
}

/** The code that an error is counted under. */
export function codeOf(error: unknown): ErrorCode {
  const isOurs = error instanceof ApiError || error instanceof RefusedError || error instanceof InvariantError;
  return isOurs ? error.code : "UNKNOWN";
}

/** States what must hold here; what does not is an {@link InvariantError}. */
export function invariant(condition: unknown, message: string, details?: unknown): asserts condition {
  if (!condition) throw new InvariantError(message, { details });
}

/** Ends a switch over a union: the compiler refuses a case that was forgotten, and so does the process. */
export function assertNever(value: never): never {
  throw new InvariantError("a case that cannot be", { details: value });
}
