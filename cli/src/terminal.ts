import { styleText } from "node:util";

/** How a text stands out in a terminal. */
type Style = Extract<
  Parameters<typeof styleText>[0],
  "reset" | "dim" | "bold" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan"
>;

/** Where a command speaks. */
export interface Terminal {
  /** The answer, a line or several: stdout. */
  readonly print: (text: string) => void;
  /** What happens meanwhile, and what went wrong: stderr. */
  readonly note: (text: string) => void;
  /** Columns to fit into; Infinity where nobody looks, so that a pipe gets everything. */
  readonly width: number;
  /** The text in a style, where somebody looks and wants colours (NO_COLOR, FORCE_COLOR); else as it is. */
  readonly style: (style: Style, text: string) => string;
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
    style: (style, text) => styleText(style, text, { stream: stdout }),
  };
}
