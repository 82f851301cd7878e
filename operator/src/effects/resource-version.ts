/**
 * Whether the version `a` is `b` or newer. Both must be of one resource. Versions are decimal numbers that may exceed
 * 2^53, so they are never numbers here: the longer text is newer, and of two equally long ones the greater.
 */
export function isAtLeast(a: string, b: string): boolean {
  return a.length === b.length ? a >= b : a.length > b.length;
}
