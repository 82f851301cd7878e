// What a function calls its parameters, read from its own source text (S32).
//
//   P1. Only what is certain is answered. A parameter without a name of its own (a destructuring pattern), a native or
//       bound function, a class, or a count that contradicts `function.length` makes all names unreadable.
//   P2. Types are gone before a function exists; what is read here is JavaScript.
import type { Parameter } from "@stint/crds/manifest";

import { tokensOf, type Token } from "./tokens.ts";

/** Any function; what it takes and gives is checked where it is called. */
export type AnyFunction = (...args: never[]) => unknown;

export type ReadParameters =
  | { readonly kind: "named"; readonly parameters: readonly Parameter[] }
  /** Exactly one parameter, and it is a destructuring pattern: the task takes an object (S31). */
  | { readonly kind: "pattern" }
  | { readonly kind: "unreadable" };

const unreadable: ReadParameters = { kind: "unreadable" };

/** The parameters of a function of any kind: plain, async, generator, arrow or method. Never throws. */
export function readParameters(fn: AnyFunction): ReadParameters {
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return unreadable;
  const written = parametersIn(source);
  if (!written || declaredLength(written) !== fn.length) return unreadable; // P1

  if (written.length === 1 && written[0]?.name === undefined && written[0]?.rest === false) return { kind: "pattern" };
  const parameters = written.flatMap(({ name, hasDefault, rest }) =>
    name === undefined ? [] : [{ name, required: !hasDefault && !rest, rest }],
  );
  return parameters.length === written.length ? { kind: "named", parameters } : unreadable;
}

/** A parameter as it is written; one without a name is a pattern. */
interface Written {
  readonly name?: string;
  readonly hasDefault: boolean;
  readonly rest: boolean;
}

/** As `function.length` counts: those before the first that may be left out. */
function declaredLength(parameters: readonly Written[]): number {
  const first = parameters.findIndex(({ hasDefault, rest }) => hasDefault || rest);
  return first < 0 ? parameters.length : first;
}

function parametersIn(source: string): readonly Written[] | undefined {
  const tokens = tokensOf(source);
  const opening = skipHead(tokens);
  if (opening === undefined) return undefined;
  return opening === "(" ? listIn(tokens) : [{ name: opening, hasDefault: false, rest: false }];
}

/**
 * Moves to the parameter list, past `async`, `function`, `*` and a method's name, computed ones included.
 *
 * Gives `(`, or the name of an arrow function's only parameter, or `undefined` where there is no list.
 */
function skipHead(tokens: Iterator<Token, void>): string | undefined {
  let previous: Token | undefined;
  for (let token = next(tokens); token; token = next(tokens)) {
    if (isPunctuator(token, "(")) return "(";
    if (isPunctuator(token, "=>")) return previous?.kind === "name" ? previous.text : undefined;
    if (isPunctuator(token, "{") || previous?.text === "class") return undefined;
    if (isPunctuator(token, "[")) skipGroup(tokens);
    previous = token;
  }
  return undefined;
}

function listIn(tokens: Iterator<Token, void>): readonly Written[] | undefined {
  const list: Written[] = [];
  for (let token = next(tokens); token && !isPunctuator(token, ")"); token = next(tokens)) {
    const { written, end } = parameterFrom(token, tokens);
    if (!written || !end) return undefined;
    list.push(written);
    if (isPunctuator(end, ")")) break;
  }
  return list;
}

/** One parameter that begins with `first`, and the `,` or `)` behind it. */
function parameterFrom(first: Token, tokens: Iterator<Token, void>): { written?: Written; end?: Token } {
  const rest = isPunctuator(first, "...");
  const subject = subjectFrom(rest ? next(tokens) : first, tokens);
  if (!subject) return {};

  const after = next(tokens);
  const hasDefault = after !== undefined && isPunctuator(after, "=");
  const end = hasDefault ? skipExpression(tokens) : after;
  return end && isSeparator(end) ? { written: { ...subject, hasDefault, rest }, end } : {};
}

/** What a parameter binds: a name, or a pattern that has none. */
function subjectFrom(first: Token | undefined, tokens: Iterator<Token, void>): { name?: string } | undefined {
  if (first?.kind === "name") return { name: first.text };
  if (!first || !(isPunctuator(first, "{") || isPunctuator(first, "["))) return undefined;
  skipGroup(tokens);
  return {};
}

/** Past a default value: gives the `,` or `)` that ends it. */
function skipExpression(tokens: Iterator<Token, void>): Token | undefined {
  for (let token = next(tokens); token; token = next(tokens)) {
    if (isSeparator(token)) return token;
    if (opensGroup(token)) skipGroup(tokens);
  }
  return undefined;
}

/** Past the bracket that closes the one just read, of whatever kind. */
function skipGroup(tokens: Iterator<Token, void>): void {
  for (let depth = 1, token = next(tokens); token; token = next(tokens)) {
    if (opensGroup(token)) depth += 1;
    if (closesGroup(token)) depth -= 1;
    if (depth === 0) return;
  }
}

function next(tokens: Iterator<Token, void>): Token | undefined {
  return tokens.next().value ?? undefined;
}

function isPunctuator({ kind, text }: Token, wanted: string): boolean {
  return kind === "punctuator" && text === wanted;
}

function isSeparator(token: Token): boolean {
  return isPunctuator(token, ",") || isPunctuator(token, ")");
}

function opensGroup({ kind, text }: Token): boolean {
  return kind === "punctuator" && (text === "(" || text === "[" || text === "{");
}

function closesGroup({ kind, text }: Token): boolean {
  return kind === "punctuator" && (text === ")" || text === "]" || text === "}");
}
