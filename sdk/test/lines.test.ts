import * as fc from "fast-check";
import { expect, test } from "vitest";

import { linesOf } from "../src/client/lines.ts";

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function collected(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

test("lines come out as they went in, however the stream is cut, and only whole ones", async () => {
  const line = fc.string({ unit: fc.constantFrom("a", "ö", "語", "😀", " ", "\r"), maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(line), line, fc.array(fc.nat(5)), async (lines, cutOff, sizes) => {
      const bytes = new TextEncoder().encode([...lines, cutOff].join("\n"));

      expect(await collected(linesOf(inPieces(bytes, sizes)))).toEqual(lines);
    }),
  );
});
