// The runner's own lines among the user's output: one JSON object each, as `ctx.log` writes them (S143).

/** Writes one line; the message is constant, what varies stands in the fields. */
export interface Log {
  info(msg: string, fields?: object): void;
  warn(msg: string, fields?: object): void;
  error(msg: string, fields?: object): void;
  /** The same log with further fields in each line. */
  with(fields: object): Log;
}

type Level = "info" | "warn" | "error";

export function createLog(write: (line: string) => void, common: object = {}): Log {
  const line = (level: Level) => (msg: string, fields?: object) =>
    write(`${JSON.stringify({ time: new Date().toISOString(), level, msg, ...common, ...fields })}\n`);
  return {
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    with: (fields) => createLog(write, { ...common, ...fields }),
  };
}
