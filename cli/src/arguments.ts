// What stands behind an option, from text to value. What is wrong is said in commander's words, with the option's name.
import { InvalidArgumentError } from "commander";

/** A whole number from 0. Bounds beyond that are the API server's to check, with a message that names them. */
export function parseWhole(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It has to be a whole number.");
}

/** For options that may be repeated. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
