// The lines of a log as the runner and the tasks write them: one JSON object each (S143).
import { describeThrown } from "./thrown.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Writes one record; what varies stands in the fields. */
export type WriteLog = (level: LogLevel, msg: string, fields?: object) => void;

/** What every line says of where it comes from. */
export interface LogOrigin {
  readonly run: string;
  readonly attempt: number;
  /** `<bundle>/<task>`. */
  readonly task: string;
  readonly tags: readonly string[];
  /** Of the run's `traceparent`, if it has one (S151). */
  readonly traceId?: string;
}

/**
 * The text of a line, with its end. Never throws, whatever the fields hold.
 *
 * A field cannot take the place of what every line has: `time`, `level`, `msg` and `common`. An error among the fields is
 * written with name, message and stack. Fields that JSON cannot hold, such as a circle, are replaced by the reason.
 */
export function logLine(level: LogLevel, msg: string, common: object, fields: object = {}): string {
  const base = { time: new Date().toISOString(), level, msg, ...common };
  try {
    return `${JSON.stringify({ ...base, ...fields, ...base }, readable)}\n`;
  } catch (error) {
    return `${JSON.stringify({ ...base, unwritable: describeThrown(error).message })}\n`;
  }
}

function readable(_: string, value: unknown): unknown {
  if (value instanceof Error) return describeThrown(value);
  return typeof value === "bigint" ? String(value) : value;
}
