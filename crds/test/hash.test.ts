import { createHash } from "node:crypto";

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { hashName, sha256Hex } from "../src/hash.ts";

test("the hash of a text is the SHA-256 of its UTF-8 bytes, in hex", () => {
  expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(sha256Hex("ü")).toBe(
    createHash("sha256")
      .update(Buffer.from([0xc3, 0xbc]))
      .digest("hex"),
  );
});

test("a hashed name is the base-32 number that the digest is", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 51 }), (text, length) => {
      const number = BigInt(`0x${sha256Hex(text)}`);
      const digits = (number >> 1n).toString(32).padStart(51, "0"); // 51 digits are 255 of the 256 bits

      expect(hashName(text, length)).toBe(digits.slice(0, length));
    }),
  );
});

test("a hashed name is legal in the name of an object", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const name = hashName(text, 20);

      expect(name).toMatch(/^[a-z0-9]{20}$/);
    }),
  );
});
