const remembered = 10;
const warning = 40;

/** What the operator says: troubles are passed on, and the last lines kept for the case that it ends. */
export class OperatorLog {
  readonly #onTrouble: (text: string) => void;
  readonly #lines: string[] = [];

  constructor(onTrouble: (text: string) => void) {
    this.#onTrouble = onTrouble;
  }

  /** Each on a line of its own, indented. */
  get lastLines(): string {
    return this.#lines.map((line) => `\n  ${line}`).join("");
  }

  take(line: string): void {
    this.#lines.push(line);
    this.#lines.splice(0, this.#lines.length - remembered);
    const { level = 0, msg = "", error } = parseLine(line);
    if (level >= warning) this.#onTrouble(error?.message === undefined ? msg : `${msg}: ${error.message}`);
  }
}

interface LogLine {
  readonly level?: number;
  readonly msg?: string;
  readonly error?: { readonly message?: string };
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine; // the operator's own format
  } catch {
    return {}; // not from its logger: Node's own words before it ends
  }
}
