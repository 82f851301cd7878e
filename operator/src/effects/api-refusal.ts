// The API server's no, in our words. Status codes become ApiErrors here and nowhere else.
//
//   A1. The `reason` of a Status decides before its code: 409 has two meanings and 403 four.
//   A2. Two refusals have no reason of their own and are known by their text. A contract test on a real API server pins
//       both texts; no other text is ever looked at.
import { ApiError, type ApiReason } from "../errors.ts";
import { type Call, inWords } from "./api-call.ts";

/** As much of a `Status` as we read. */
export interface Status {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly retryAfterSeconds?: number };
}

interface Refusal {
  readonly status: number;
  readonly headers: { readonly "retry-after"?: string | undefined };
  readonly text: string;
}

const reasonOfStatus: Readonly<Record<number, ApiReason>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "notFound",
  409: "conflict",
  410: "gone",
  413: "tooLarge",
  422: "invalid",
  429: "tooManyRequests",
};

const quotaText = /exceeded quota/;
const serviceAccountText = /serviceaccount "[^"]*" not found/;

/** What an answer that is no success says. */
export function refusalOf(call: Call, { status, headers, text }: Refusal): ApiError {
  const said = parseStatus(text);
  const headerSeconds = Number(headers["retry-after"] ?? NaN);
  const retryAfterSeconds = Number.isFinite(headerSeconds) ? headerSeconds : said.details?.retryAfterSeconds;
  return refusalIn(call, status, said, retryAfterSeconds);
}

/** What an ERROR event in a watch says. */
export function streamedRefusalOf(call: Call, said: Status): ApiError {
  return refusalIn(call, said.code ?? 500, said, said.details?.retryAfterSeconds);
}

/** What a request says that got no usable answer. The caller's own stop is passed on as it is. */
export function silenceOf(call: Call, error: unknown): unknown {
  if (error instanceof ApiError) return error;
  if (call.signal?.aborted) return call.signal.reason;
  const why = error instanceof Error ? error.message : String(error);
  return new ApiError(`${inWords(call)}: no answer: ${why}`, { reason: "unavailable", cause: error });
}

function refusalIn(call: Call, status: number, said: Status, retryAfterSeconds: number | undefined): ApiError {
  const serverMessage = said.message ?? `HTTP status ${status}`;
  return new ApiError(`${inWords(call)}: ${serverMessage}`, {
    reason: reasonOf(status, said),
    status,
    serverMessage,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterMs: retryAfterSeconds * 1000 }),
  });
}

function reasonOf(status: number, { reason, message = "" }: Status): ApiReason {
  if (status === 409 && reason === "AlreadyExists") return "alreadyExists";
  if (status === 403 && quotaText.test(message)) return "quotaExceeded"; // A2
  if (status === 403 && serviceAccountText.test(message)) return "serviceAccountMissing"; // A2
  return reasonOfStatus[status] ?? (status >= 500 ? "unavailable" : "badRequest");
}

/** A proxy in between answers with something else than a Status; then the code is all there is. */
function parseStatus(text: string): Status {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === "object" && said !== null ? said : {};
  } catch {
    return {};
  }
}
