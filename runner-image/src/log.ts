// The runner's own lines among the user's output, and those of the task itself (S143, S144).
import { logLine, type LogLevel } from "@stint/crds/log-line";

/** Writes one line; the message is constant, what varies stands in the fields. */
export interface Log {
  debug(msg: string, fields?: object): void;
  info(msg: string, fields?: object): void;
  warn(msg: string, fields?: object): void;
  error(msg: string, fields?: object): void;
  /** The same log with further fields in each line. */
  with(fields: object): Log;
}

export function createLog(write: (line: string) => void, common: object = {}): Log {
  const line = (level: LogLevel) => (msg: string, fields?: object) => write(logLine(level, msg, common, fields));
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    with: (fields) => createLog(write, { ...common, ...fields }),
  };
}

/** What a console prints, and under which level it is recorded (S144). */
export const printed = { log: "info", info: "info", warn: "warn", error: "error" } as const;

/** From now on what the code prints is recorded: formatted as it would have been, one record for each call (S144). */
export function recordPrints(console: Pick<Console, keyof typeof printed>, log: Log): void {
  // Asked for only here: importing node:util costs every attempt 2 ms.
  const { format } = process.getBuiltinModule("node:util");
  for (const method of Object.keys(printed) as (keyof typeof printed)[]) {
    console[method] = (...args: unknown[]) => log[printed[method]](format(...args));
  }
}
