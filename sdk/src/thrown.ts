// What an error asks for that the user's code has thrown.
import { brand } from "./errors.ts";

/** Whether a repeat was asked for; with the wait in milliseconds if one was named (S90, S92). */
export function retryWish(thrown: unknown): { readonly retryable: boolean; readonly retryAfterMs?: number } {
  const kind = brandOf(thrown);
  if (kind === "RetryAfter" && typeof thrown === "object" && thrown !== null && "retryAfterMs" in thrown) {
    const { retryAfterMs } = thrown;
    return typeof retryAfterMs === "number" ? { retryable: true, retryAfterMs } : { retryable: true };
  }
  return { retryable: kind === "RetryableError" || kind === "RetryAfter" };
}

export function isNonRetryable(thrown: unknown): boolean {
  return brandOf(thrown) === "NonRetryableError";
}

function brandOf(thrown: unknown): unknown {
  return typeof thrown === "object" && thrown !== null ? Reflect.get(thrown, brand) : undefined;
}
