import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { facts, table, wrap, type Column } from "../src/render.ts";
import { widthOf } from "../src/width.ts";

const columns: readonly Column[] = [
  { title: "NAME", least: 6 },
  { title: "PHASE" },
  { title: "MESSAGE", least: 8 },
  { title: "AGE", align: "right" },
];
const rows = [
  ["nightly", "Failed", "ran out of memory after reading the whole archive", "5m"],
  ["trn-8s0k3l2m1n0p9q8r7s6t", "Pending", "", "12s"],
];

describe("a table", () => {
  test("shows everything where nobody sits", () => {
    expect(`\n${table(columns, rows, Infinity)}\n`).toMatchInlineSnapshot(`
      "
      NAME                      PHASE    MESSAGE                                            AGE
      nightly                   Failed   ran out of memory after reading the whole archive   5m
      trn-8s0k3l2m1n0p9q8r7s6t  Pending                                                     12s
      "
    `);
  });

  test("takes from its widest columns what the terminal lacks", () => {
    expect(`\n${table(columns, rows, 64)}\n`).toMatchInlineSnapshot(`
      "
      NAME                      PHASE    MESSAGE                   AGE
      nightly                   Failed   ran out of memory after…   5m
      trn-8s0k3l2m1n0p9q8r7s6t  Pending                            12s
      "
    `);
  });

  test("is cut where no column can give way any more", () => {
    expect(`\n${table(columns, rows, 24)}\n`).toMatchInlineSnapshot(`
      "
      NAME    PHASE    MESSAG…
      night…  Failed   ran ou…
      trn-8…  Pending        …
      "
    `);
  });

  test("keeps strangers' line ends and escape sequences out of the terminal", () => {
    const text = table([{ title: "MESSAGE" }], [["red \u001b[31malert\u001b[0m\nsecond\tline\u202eback"]], 80);

    expect(text).toBe("MESSAGE\nred alert second line back");
  });

  test("counts columns, not characters", () => {
    const text = table(
      [{ title: "A" }, { title: "B" }],
      [
        ["数字", "x"],
        ["abcd", "y"],
        ["👍🏽", "z"],
      ],
      80,
    );

    expect(text.split("\n")).toEqual(["A     B", "数字  x", "abcd  y", "👍🏽    z"]);
  });
});

const anyCell = fc.oneof(fc.string({ unit: "grapheme", maxLength: 60 }), fc.string({ unit: "binary", maxLength: 20 }));
const anyRows = fc.array(fc.array(anyCell, { minLength: 4, maxLength: 4 }), { maxLength: 8 });

test("law: a row is a line, and no line is wider than the terminal", () => {
  fc.assert(
    fc.property(anyRows, fc.integer({ min: 1, max: 120 }), (given, width) => {
      const lines = table(columns, given, width).split("\n");

      expect(lines).toHaveLength(given.length + 1);
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    }),
  );
});

test("law: wrapping loses no character but the spaces at line ends", () => {
  const text = fc.array(fc.string({ unit: fc.constantFrom("a", "字", "b"), minLength: 1, maxLength: 30 }));
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 40 }), (words, width) => {
      const lines = wrap(words.join(" "), width);

      expect(lines.join("").replaceAll(" ", "")).toBe(words.join(""));
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    }),
  );
});

test("facts leave out what is not known, and break long values between words", () => {
  const text = facts(
    [
      ["name", "nightly"],
      ["message", "infrastructure retries exhausted (10 of 10): the node was lost"],
      ["parent", undefined],
    ],
    40,
  );

  expect(`\n${text}\n`).toMatchInlineSnapshot(`
    "
    name     nightly
    message  infrastructure retries
             exhausted (10 of 10): the node
             was lost
    "
  `);
});
