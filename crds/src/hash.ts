import { createHash } from "node:crypto";

const ALPHABET = "0123456789abcdefghijklmnopqrstuv";

/** SHA-256 of the UTF-8 text, in 64 lower-case hex digits. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * The first `length` characters of the base-32 form (RFC 4648 "extended hex", lower case: 0-9a-v) of the text's SHA-256.
 *
 * These characters are legal in every Kubernetes name and label value. At most 51 characters exist.
 */
export function hashName(text: string, length: number): string {
  const digest = createHash("sha256").update(text).digest();
  let name = "";
  for (let bit = 0; name.length < length; bit += 5) name += ALPHABET[fiveBits(digest, bit)];
  return name;
}

function fiveBits(bytes: Buffer, bit: number): number {
  const at = bit >> 3;
  const window = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return (window >> (11 - (bit & 7))) & 31;
}
