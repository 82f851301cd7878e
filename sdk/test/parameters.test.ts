import { runInThisContext } from "node:vm";

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { readParameters, type AnyFunction } from "../src/parameters.ts";
import { tokensOf } from "../src/tokens.ts";

/** Made from source text, so that no compiler changes what is read. */
function evaluated(source: string): AnyFunction {
  return runInThisContext(`(${source})`) as AnyFunction; // a test knows what it wrote
}

function inWords(fn: AnyFunction): string {
  const read = readParameters(fn);
  if (read.kind !== "named") return read.kind;
  return read.parameters
    .map(({ name, required, rest }) => `${rest ? "..." : ""}${name}${required || rest ? "" : "?"}`)
    .join(" ");
}

describe("the parameters of", () => {
  test.each([
    ["function (a, b) {}", "a b"],
    ["function named(a) {}", "a"],
    ["async function (a, b = 1) {}", "a b?"],
    ["function* (a, ...more) {}", "a ...more"],
    ["async function* gen(a,) {}", "a"],
    ["() => 1", ""],
    ["(a, b) => a", "a b"],
    ["a => a", "a"],
    ["async a => a", "a"],
    ["async => async", "async"],
    ["async (a) => a", "a"],
    ["({ m(a, b) {} }).m", "a b"],
    ["({ async m(a) {} }).m", "a"],
    ["({ *m(a) {} }).m", "a"],
    ["({ async *m(a) {} }).m", "a"],
    ["({ async(a) {} }).async", "a"],
    ["({ class(a) {} }).class", "a"],
    ["({ 'a (b, c)'(x) {} })['a (b, c)']", "x"],
    ["({ [['k('].join()](x) {} })['k(']", "x"],
    ["({ 12(x) {} })[12]", "x"],
    ["(class { static m(a, b = 2) {} }).m", "a b?"],
    ["(class { static #m(a) {} static get() { return this.#m; } }).get()", "a"],
    ["Object.getOwnPropertyDescriptor({ set x(value) {} }, 'x').set", "value"],
    ["function ($a, _b, größe, 変数) {}", "$a _b größe 変数"],
    ["async(a,b=`,${1}`)=>a", "a b?"],
    ["function strippedOfTypes(a        , b          = (1          ), ...c          )          {}", "a b? ...c"],
  ])("%s", (source, expected) => {
    expect(inWords(evaluated(source))).toBe(expected);
  });
});

describe("a default value may hold", () => {
  test.each([
    ["commas in a call", "Math.max(1, 2)"],
    ["commas in an array and an object", "[1, { a: 1, b: [2, 3] }]"],
    ["an arrow function", "(x, y) => x + y"],
    ["an arrow function without parentheses", "x => x, c = 2"],
    ["a function", "function (x, y) { return x, y }"],
    ["a class", "class { m(a, b) {} }"],
    ["brackets in strings", "')' + \"(,\" + '\\')'"],
    ["a template", "`a, ${ `)${ [1, 2].join('`') }` } (`"],
    ["a template with a dollar", "`$5, $${ {} }`"],
    ["a regular expression", "/[,)/]\\/,/g"],
    ["two divisions", "8 / 2 / (1, 2)"],
    ["a division after a bracket", "[8][0] / 2 + ')/'.length"],
    ["a division after a call", "Number('8') / 2 + ')/'.length"],
    ["a division after an increment", "g.i++ / 2 + ')/'.length"],
    ["a division after a member that is called like a keyword", "g.return / 2 + ')/'.length"],
    ["a regular expression after a keyword", "typeof /,\\)/"],
    ["a regular expression after the head of a statement", "() => { if (g) /\\),/.test('') }"],
    ["a regular expression after a block", "() => { { } /\\),/.test('') }"],
    ["comments", "/* ), */ 1 // , )\n"],
    ["a comparison and a choice", "1 >= 2 ? 3 : 4"],
  ])("%s", (_, value) => {
    const more = value.includes("c = 2") ? " c?" : "";

    expect(inWords(evaluated(`(a, g = { i: 1, return: 8 }, b = ${value}, z = 1) => a`))).toBe(`a g? b?${more} z?`);
  });
});

test("comments and line breaks stand anywhere", () => {
  const source = "async /* ( */ function /* { */ * // =>\n name /* , */ ( /* x, */ a /* = 1 */ , // b,\n c = 1 ) {}";

  expect(inWords(evaluated(source))).toBe("a c?");
});

describe("a destructuring pattern", () => {
  test.each(["({ a, b = ')' }) => a", "function ({ a: { b } } = {}) {}", "([a, b]) => a"])(
    "alone is the object: %s",
    (source) => {
      expect(inWords(evaluated(source))).toBe("pattern");
    },
  );

  test.each(["({ a }, b) => a", "(a, [b]) => a", "(...[a, b]) => a"])("among others has no name: %s", (source) => {
    expect(inWords(evaluated(source))).toBe("unreadable");
  });
});

describe("unreadable is", () => {
  test.each<[string, AnyFunction]>([
    ["a bound function", evaluated("(function (a) {}).bind(null)")],
    ["a native function", evaluated("Math.max")],
    ["a class", evaluated("class A { constructor(a, b) {} }")],
    ["a name written with an escape", evaluated(String.raw`function (\u0061) {}`)],
    ["a function whose length says otherwise", Object.defineProperty(evaluated("(a, b) => a"), "length", { value: 1 })],
  ])("%s", (_, fn) => {
    expect(inWords(fn)).toBe("unreadable");
  });
});

const identifier = fc.stringMatching(/^[a-z$_][\w$]{0,6}$/).filter((name) => isLegal(`(${name}) => 0`));
const blank = fc.constantFrom("", " ", "\n", "/* , ) { */", "// ( =\n");
const literal = fc.oneof(
  fc.string().map((text) => JSON.stringify(text)),
  fc.string().map((text) => `\`${text.replaceAll(/[\\`$]/g, String.raw`\$&`)}\``),
  fc.integer().map(String),
  fc.constantFrom("/[/,)]/g", "/\\//", "null", "8 / 2 / 1", "g => /,/", "x => ({ x })", "`${ `,)` + '}' }`"),
);
const expression = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3 },
    literal,
    fc.array(tie("expression"), { maxLength: 3 }).map((parts) => `[${parts.join(", ")}]`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `{ a: (${a}), "b,": (${b}) }`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `(${a}, ${b})`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `(${a}) / (${b}) / 1`),
    tie("expression").map((inner) => `function (a, b) { if (a) /,\\)/.test(b); return ${inner} }`),
    tie("expression").map((inner) => `\`(\${${inner}},\``),
  ),
})).expression;

const parameter = fc.record({ value: fc.option(expression), before: blank, after: blank });
const form = fc.constantFrom(
  (list: string) => `function (${list}) {}`,
  (list: string) => `async function* name(${list}) {}`,
  (list: string) => `(${list}) => ({})`,
  (list: string) => `async (${list}) => /,/`,
  (list: string) => `({ async m(${list}) { return "(" } }).m`,
  (list: string) => `(class { static *"s,("(${list}) {} })["s,("]`,
);

function isLegal(source: string): boolean {
  try {
    evaluated(source);
    return true;
  } catch {
    return false;
  }
}

test("whatever is written, the names read are those that were written", () => {
  const lists = fc
    .uniqueArray(identifier, { maxLength: 5 })
    .chain((names) =>
      fc.tuple(fc.constant(names), fc.array(parameter, { minLength: 5, maxLength: 5 }), fc.boolean(), form),
    );
  fc.assert(
    fc.property(lists, ([names, parts, hasRest, write]) => {
      const isRest = (at: number): boolean => hasRest && at === names.length - 1;
      const valueOf = (at: number): string | null => (isRest(at) ? null : (parts[at]?.value ?? null));
      const list = names.map((name, at) => {
        const value = valueOf(at);
        return `${parts[at]?.before}${isRest(at) ? "..." : ""}${name}${parts[at]?.after}${value === null ? "" : ` = ${value}`}`;
      });
      const expected = names.map((name, at) => `${isRest(at) ? "..." : ""}${name}${valueOf(at) === null ? "" : "?"}`);

      expect(inWords(evaluated(write(list.join(","))))).toBe(expected.join(" "));
    }),
  );
});

test("of any text, even one that is no JavaScript, the tokens are all there is but comments and blanks", () => {
  const scraps = fc.constantFrom(
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "`",
    "'",
    '"',
    "/",
    "\\",
    "$",
    "=>",
    "...",
    "a",
    "1",
    "${",
  );
  const texts = fc.array(scraps).map((parts) => parts.join(""));
  fc.assert(
    fc.property(
      texts.filter((text) => !text.includes("//")),
      (text) => {
        const tokens = [...tokensOf(text)];

        expect(tokens.map((token) => token.text).join("")).toBe(text);
      },
    ),
  );
});
