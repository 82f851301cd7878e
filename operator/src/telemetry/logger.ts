import { type DestinationStream, pino, stdSerializers } from "pino";

/** One line of log: what it is about, then a constant message, so that lines can be counted. */
type Log = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Info means that something changed, debug that one looked and left it alone. */
export interface Logger {
  readonly debug: Log;
  readonly info: Log;
  readonly warn: Log;
  readonly error: Log;
  /** A logger that puts these fields on every line. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** JSON lines, to stdout unless told otherwise. An error stands under `error`, with its stack and its causes. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = { level, errorKey: "error", serializers: { error: stdSerializers.errWithCause } };
  return destination ? pino(options, destination) : pino(options);
}
