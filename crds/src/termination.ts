// The termination message: the runner's last resort when no gateway answers (S53). The kubelet alone writes it, so it is
// authentic without a token. It starts with a mark, because the kubelet may put the end of the log there instead.
import type { Report } from "./attempt.ts";
import { limits } from "./limits.ts";

const mark = "stint/v1 ";

export type TerminationMessage =
  | { readonly kind: "report"; readonly report: Report }
  /** The channel was exhausted and the report, if there was one, did not fit. */
  | { readonly kind: "lost"; readonly call: string };

/** The text to write, or `undefined` if it is over 4096 bytes. */
export function encodeTermination(message: TerminationMessage): string | undefined {
  const text = mark + JSON.stringify(message);
  return Buffer.byteLength(text) <= limits.terminationMessageBytes ? text : undefined;
}

/** Reads a message back; `undefined` for anything that the runner did not write. */
export function decodeTermination(text: string): TerminationMessage | undefined {
  if (!text.startsWith(mark)) return undefined;
  try {
    const message: unknown = JSON.parse(text.slice(mark.length));
    return isTerminationMessage(message) ? message : undefined;
  } catch {
    return undefined; // cut off by the kubelet, or by a full disk
  }
}

function isTerminationMessage(value: unknown): value is TerminationMessage {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  if (value.kind === "lost") return "call" in value && typeof value.call === "string";
  return value.kind === "report" && "report" in value && isReport(value.report);
}

/**
 * Whether a value has the shape of a report. For the runner's own words; the gateway checks bodies by schema.
 *
 * The task's code can write the message too, so every field that a look computes with is checked.
 */
export function isReport(value: unknown): value is Report {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  return value.kind === "succeeded" ? isSuccess(value) : value.kind === "failed" && isFailure(value);
}

function isSuccess(value: object): boolean {
  if ("submitted" in value && !(typeof value.submitted === "number" && value.submitted >= 1)) return false;
  return "value" in value;
}

function isFailure(value: object): boolean {
  if ("retryAfterMs" in value && typeof value.retryAfterMs !== "number") return false;
  return "reason" in value && typeof value.reason === "string" && "error" in value && isReportedError(value.error);
}

function isReportedError(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("name" in value) || !("message" in value)) return false;
  if ("stack" in value && typeof value.stack !== "string") return false;
  return typeof value.name === "string" && typeof value.message === "string";
}
