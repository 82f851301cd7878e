import type { ReportedError } from "./attempt.ts";
import { limits } from "./limits.ts";

const longestName = 256;

/**
 * Whatever was thrown, as an error (S74): `null`, a text and an error of another realm count as well. Never throws.
 *
 * Whole, as a log wants it; a report carries {@link toReportedError}.
 */
export function describeThrown(thrown: unknown): ReportedError {
  try {
    return describe(thrown);
  } catch {
    return { name: "Error", message: "what was thrown cannot be read" }; // a revoked proxy, a getter that throws
  }
}

/** The same, cut to what a run's status holds: 4096 characters of the message, 16384 of the stack (S77). */
export function toReportedError(thrown: unknown): ReportedError {
  const { name, message, stack } = describeThrown(thrown);
  const error = { name: name.slice(0, longestName), message: message.slice(0, limits.errorLength) };
  return stack === undefined ? error : { ...error, stack: stack.slice(0, limits.stackLength) };
}

function describe(thrown: unknown): ReportedError {
  if (typeof thrown !== "object" || thrown === null || !("message" in thrown)) {
    return { name: "Error", message: typeof thrown === "string" ? thrown : inspect(thrown) };
  }
  const name = "name" in thrown && typeof thrown.name === "string" ? thrown.name : "Error";
  const message = String(thrown.message);
  return "stack" in thrown && typeof thrown.stack === "string"
    ? { name, message, stack: thrown.stack }
    : { name, message };
}

/** Asked for only here: importing node:util costs every attempt 2 ms, and hardly any throws something that is no error. */
function inspect(thrown: unknown): string {
  return process.getBuiltinModule("node:util").inspect(thrown);
}
