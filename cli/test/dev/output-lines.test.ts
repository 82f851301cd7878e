import fc from "fast-check";
import { expect, test } from "vitest";

import { OutputLines } from "../../src/dev/output-lines.ts";

test("a line is told when it is whole, and the last one when its writer ends", () => {
  const output = new OutputLines();

  expect(output.take("a", Buffer.from("one\ntw"))).toEqual(["one"]);
  expect(output.take("b", Buffer.from("of another\r\n"))).toEqual(["of another"]);
  expect(output.take("a", Buffer.from("o\nthree"))).toEqual(["two"]);
  expect(output.end("a")).toEqual(["three"]);
  expect(output.end("a")).toEqual([]);
});

test("law: however a text is cut, even within a character, its lines come out", () => {
  const lines = fc.array(
    fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n]/g, " ")),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(lines, fc.array(fc.nat({ max: 40 })), (lines, cuts) => {
      const bytes = Buffer.from(`${lines.join("\n")}\n`);
      const output = new OutputLines();

      const ends = [...cuts, bytes.length].toSorted((a, b) => a - b);
      const chunks = ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
      const told = [...chunks.flatMap((chunk) => output.take("a", chunk)), ...output.end("a")];

      expect(told).toEqual(lines);
    }),
  );
});
