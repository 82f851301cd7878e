import { logLine, type LogOrigin, type WriteLog } from "@stint/crds/log-line";

type WriteRecord = (msg: string, fields?: object) => void;

/** Writes one JSON line for each call to stdout, with the run, its attempt, its task, its tags and its trace. Source: S143. */
export interface RunLogger {
  readonly debug: WriteRecord;
  readonly info: WriteRecord;
  readonly warn: WriteRecord;
  readonly error: WriteRecord;
}

export function createLogger(write: WriteLog): RunLogger {
  return Object.freeze<RunLogger>({
    debug: (msg, fields) => write("debug", msg, fields),
    info: (msg, fields) => write("info", msg, fields),
    warn: (msg, fields) => write("warn", msg, fields),
    error: (msg, fields) => write("error", msg, fields),
  });
}

interface Origin extends Pick<LogOrigin, "attempt" | "tags"> {
  readonly runId: string;
  readonly bundle: string;
  readonly taskName: string;
}

/** Where there is no runner that would write: `.local()`, and a runner older than this package. */
export function writerFor({ runId: run, attempt, bundle, taskName, tags }: Origin): WriteLog {
  const origin: LogOrigin = { run, attempt, task: `${bundle}/${taskName}`, tags };
  return (level, msg, fields) => void process.stdout.write(logLine(level, msg, origin, fields));
}
