// A line of an attempt's output for people: the JSON lines of the runner and of `ctx.log` (S143) without what every reader
// knows, and anything else as it was written.

/** What every line of the runner's bears, and whoever reads here knows. */
const known = ["time", "level", "msg", "run", "attempt", "task", "tags"];
/** What the story of the run tells in its own words. */
const told = ["attempt started", "attempt ended", "report acknowledged"];
/** Frames of a stack that are not the user's. */
const foreignFrame = /^\s+at .*(?:\bnode:|\brunner\.cjs:|\/sdk\/(?:index|src\/)[^:]*:)/;

interface Entry {
  readonly level: string;
  readonly msg: string;
  readonly error?: { readonly stack?: unknown };
  readonly [field: string]: unknown;
}

/** The lines to show; none for what need not be said. */
export function logLines(line: string): readonly string[] {
  const entry = parseEntry(line);
  if (!entry) return [line];
  const { level, msg, error } = entry;
  if (told.includes(msg)) return [];
  const { stack } = error ?? {};
  if (typeof stack === "string") return stack.split("\n").filter((frame) => !foreignFrame.test(frame));
  const rest = Object.entries(entry).filter(([name]) => !known.includes(name));
  const fields = rest.map(([name, value]) => ` ${name}=${JSON.stringify(value)}`).join("");
  return [`${level === "info" ? "" : `${level}: `}${msg}${fields}`];
}

function parseEntry(line: string): Entry | undefined {
  if (!line.startsWith('{"time":')) return undefined;
  try {
    const entry = JSON.parse(line) as Partial<Entry> | null; // looked at below
    return typeof entry?.msg === "string" && typeof entry.level === "string" ? (entry as Entry) : undefined;
  } catch {
    return undefined; // it only looks like one
  }
}
