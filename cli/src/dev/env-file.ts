// The file of `--env-file`: variables for attempts, in the form that Node's own --env-file reads.
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";

import { Problem } from "../problem.ts";

/** Its variables. Throws a {@link Problem} for a file that cannot be read, and for a line that says nothing. */
export function readEnvFile(file: string): Readonly<Record<string, string>> {
  const text = read(file);
  const wrong = wrongLineOf(text);
  if (wrong !== undefined) {
    // Not the line itself: it may hold a secret.
    throw new Problem(`${file}:${wrong} is no variable`, "Write NAME=value, a quoted value with its closing quote.");
  }
  return Object.fromEntries(Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? ""]));
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem(`--env-file cannot be read: ${why}`, "Name a file of lines NAME=value.", { cause: error });
  }
}

/** Number of the first line that Node would pass over without a word. */
function wrongLineOf(text: string): number | undefined {
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (/^\s*(#|$)/.test(line)) continue;
    const [, value] = /^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*=\s*(.*)$/.exec(line) ?? [];
    if (value === undefined) return at + 1;
    const [quote = ""] = /^["'`]/.exec(value) ?? [];
    if (quote === "" || value.includes(quote, 1)) continue;
    const closing = lines.findIndex((later, index) => index > at && later.includes(quote));
    if (closing === -1) return at + 1;
    at = closing;
  }
  return undefined;
}
