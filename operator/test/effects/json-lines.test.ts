import * as fc from "fast-check";
import { expect, test } from "vitest";

import { jsonLines } from "../../src/effects/json-lines.ts";

async function read(chunks: readonly Buffer[]): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of jsonLines(ReadableStream.from(chunks))) values.push(value);
  return values;
}

test("wherever a stream is cut into chunks, in the middle of a character too, its lines come out whole", async () => {
  const values = fc.array(fc.record({ name: fc.string({ unit: "grapheme" }), n: fc.integer() }), { maxLength: 8 });
  const cuts = fc.array(fc.nat(400), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(values, cuts, async (expected, at) => {
      const bytes = Buffer.from(expected.map((value) => `${JSON.stringify(value)}\n`).join(""));
      const edges = [0, ...at.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));

      expect(await read(chunks)).toEqual(expected);
    }),
  );
});

test("empty lines are nothing", async () => {
  expect(await read([Buffer.from("\n1\n\n2\n\n")])).toEqual([1, 2]);
});

test("what follows the last newline was cut off", async () => {
  await expect(read([Buffer.from('1\n{"a"'), Buffer.from(":")])).rejects.toThrow("5 bytes");
});
