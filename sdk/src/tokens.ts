// JavaScript source as tokens: as much of the grammar as it takes to find the end of a string, a template or a regular
// expression, and so the commas and brackets that mean something. A parser would do it better and cost every attempt more
// than the rest of its start.
//
//   J1. `/` begins a regular expression where an operand may stand, else it divides. After `)` and `}` only a parser
//       could tell: a `)` that closes the head of an if, for, while or with is followed by a statement, any other ends an
//       operand; after a `}` a statement is the likelier.
//   J2. A keyword after a dot is a member's name, and `++` counts as an operand: what follows it divides.
//   J3. Source that ends inside a token gives no further token, and never an endless loop.

export interface Token {
  readonly kind: "name" | "operand" | "punctuator";
  readonly text: string;
}

const blank = /(?:\s|\/\/.*|\/\*[^]*?\*\/)+/y;
const name = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const operand = /\+\+|--|\d[\w.]*|'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"/y;
const punctuator = /=>|\.\.\.|[^]/uy;
const regularExpression = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
/** A template's text up to its end, or up to the next expression in it. */
const templateText = /(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;

/** Keywords after which an operand is due, and so a regular expression may stand. */
const beforeOperand: ReadonlySet<string> = new Set(
  "await case delete do else in instanceof new of return throw typeof void yield".split(" "),
);
const beforeStatement: ReadonlySet<string> = new Set(["for", "if", "while", "with"]);

/** The tokens of `source` in order, comments and white space left out; a template is one token, whatever is in it. */
export function tokensOf(source: string): Generator<Token, void, undefined> {
  return new Tokenizer(source).tokens();
}

class Tokenizer {
  readonly #source: string;
  #at = 0;
  #previous: Token | undefined;
  /** For each open parenthesis: whether it is the head of a statement (J1). */
  readonly #heads: boolean[] = [];
  #closedHead = false;

  constructor(source: string) {
    this.#source = source;
  }

  *tokens(): Generator<Token, void, undefined> {
    for (let token = this.#next(); token; token = this.#next()) yield token;
  }

  #next(): Token | undefined {
    this.#take(blank);
    const token = this.#read();
    if (token) this.#note(token);
    this.#previous = token;
    return token;
  }

  #read(): Token | undefined {
    if (this.#mayBeOperand()) {
      const text = this.#take(regularExpression);
      if (text !== undefined) return { kind: "operand", text };
    }
    const word = this.#take(name);
    if (word !== undefined) return { kind: this.#previous?.text === "." ? "operand" : "name", text: word }; // J2
    const literal = this.#source[this.#at] === "`" ? this.#takeTemplate() : this.#take(operand);
    if (literal !== undefined) return { kind: "operand", text: literal };
    const text = this.#take(punctuator);
    return text === undefined ? undefined : { kind: "punctuator", text };
  }

  /** J1. */
  #mayBeOperand(): boolean {
    const { kind, text } = this.#previous ?? { kind: "punctuator", text: "" };
    if (kind === "name") return beforeOperand.has(text);
    if (text === ")") return this.#closedHead;
    return kind === "punctuator" && text !== "]";
  }

  #note({ text }: Token): void {
    if (text === "(") this.#heads.push(this.#previous?.kind === "name" && beforeStatement.has(this.#previous.text));
    if (text === ")") this.#closedHead = this.#heads.pop() ?? false;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  /** From one backtick to its other, over whatever expressions stand between them. */
  #takeTemplate(): string | undefined {
    const start = this.#at;
    this.#at += 1;
    while (this.#take(templateText)?.endsWith("{") === true) {
      if (!this.#skipToBrace()) break; // J3
    }
    return this.#source.slice(start, this.#at);
  }

  /** Past the brace that closes the one just opened. */
  #skipToBrace(): boolean {
    this.#previous = { kind: "punctuator", text: "{" };
    let depth = 1;
    for (const { kind, text } of this.tokens()) {
      if (kind !== "punctuator") continue;
      if (text === "{") depth += 1;
      if (text === "}") depth -= 1;
      if (depth === 0) return true;
    }
    return false;
  }
}
