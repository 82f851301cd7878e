import type { Mutation } from "./mutations.ts";

/** The source with the breakage in it. @throws {Error} unless the text to break stands there exactly once. */
export function broken(source: string, { says, file, find, replace }: Mutation): string {
  const pieces = source.split(find);
  if (pieces.length === 2) return pieces.join(replace);
  const times = pieces.length === 1 ? "no longer" : `${pieces.length - 1} times`;
  throw new Error(`breakage "${says}": its text stands ${times} in devcluster/src/${file}`);
}
