/** Where a command speaks. */
export interface Terminal {
  /** The answer, a line or several: stdout. */
  readonly print: (text: string) => void;
  /** What happens meanwhile, and what went wrong: stderr. */
  readonly note: (text: string) => void;
  /** Columns to fit into; Infinity where nobody looks, so that a pipe gets everything. */
  readonly width: number;
}

/** This process's own. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  // `stint runs | head -1`: the reader has what it wanted.
  stdout.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  return {
    print: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    width: stdout.isTTY ? stdout.columns : Infinity,
  };
}
