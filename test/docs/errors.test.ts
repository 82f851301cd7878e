// docs/reference/errors.md and the code, in both directions: no text that is not said, and none that is not written down.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { root, sources } from "../architecture/sources.ts";
import { readContract } from "../semantics/contract.ts";
import { textsIn, type Text } from "./texts.ts";

interface Row {
  /** An error's class, a reason, or neither. */
  readonly kind: string | undefined;
  readonly text: string;
  readonly items: readonly string[];
}

function readRows(): Row[] {
  const lines = readFileSync(join(root, "docs/reference/errors.md"), "utf8").split("\n");
  return lines.flatMap((line) => {
    const cells = line.slice(2, -2).split(/(?<!\\)\| /);
    const [, items] = /((?:S\d+(?:, )?)+)$/.exec(cells.at(-1)?.trim() ?? "") ?? [];
    if (!line.startsWith("| ") || items === undefined) return [];
    const [kind, text = kind] = cells.length === 4 ? cells : [undefined, cells[0]];
    return [{ kind: unquoted(kind), text: unquoted(text) ?? "", items: items.split(", ") }];
  });
}

function unquoted(cell: string | undefined): string | undefined {
  return /^`(.*)`$/.exec(cell?.trim() ?? "")?.[1]?.replaceAll("\\|", "|");
}

const rows = readRows();
const texts = sources()
  .filter(({ path }) => /^(sdk|crds|operator|runner-image)\//.test(path))
  .flatMap(textsIn);

/** Where the texts stand that a user has to answer for; beside what the SDK throws. */
const answeredFor =
  /^(crds\/src\/(binding|cache|names|rerun|schema\/(input|well-formed))|sdk\/src\/(registry|execution)|operator\/src\/(core\/(acceptance|manifest|pod-template|resources|rules\/(starting|dependent))|gateway\/(children|tree|run-body)))\.ts:/;

/** In those files, what is a bug of ours, lists of words, and parts of texts. */
const others: readonly RegExp[] = [
  / has an attempt and no /,
  /^(waitFor|null) /,
  /^<> to <>$/,
  /^; and <> more$/,
  /^what was thrown/,
];

const inWords = ({ at, words }: Text): string => `${at} ${words}`;

test("every text on the page is one of the code", () => {
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.filter(({ text }) => !texts.some((known) => known.fits(text))).map(({ text }) => text)).toEqual([]);
});

test("every error that the SDK throws is on the page, with its class", () => {
  const thrown = texts.filter(({ at, role }) => at.startsWith("sdk/") && role?.endsWith("Error"));
  const isListed = (known: Text): boolean => rows.some(({ kind, text }) => kind === known.role && known.fits(text));

  expect(thrown.length).toBeGreaterThan(40);
  expect(thrown.filter((known) => !isListed(known)).map(inWords)).toEqual([]);
});

test("what the operator and the schemas refuse is on the page", () => {
  const isOfSchema = ({ at, role }: Text): boolean => at.startsWith("crds/") && role === "message";
  const said = texts
    .filter((known) => answeredFor.test(known.at) || isOfSchema(known))
    .filter(({ words }) => !others.some((each) => each.test(words)));
  const missing = said.filter((known) => !rows.some(({ text }) => known.fits(text)));

  expect(said.length).toBeGreaterThan(40);
  expect(missing.map(inWords)).toEqual([]);
});

test("every item that the page names is one of the contract", () => {
  const known = new Set(readContract().map(({ id }) => id));

  expect(rows.flatMap(({ items }) => items).filter((id) => !known.has(id))).toEqual([]);
});

test("a text that the code does not have is found", () => {
  const [known] = textsIn({ path: "a.ts", text: 'throw new TypeError(`Task "${name}": unknown option "${key}"`);' });

  expect(known).toMatchObject({ role: "TypeError", at: "a.ts:1" });
  expect(known?.fits('Task "<name>": unknown option "<key>"')).toBe(true);
  expect(known?.fits('Task "<name>": unknown setting "<key>"')).toBe(false);
});
