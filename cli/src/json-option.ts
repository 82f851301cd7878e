// JSON that was typed into a shell, or stands in a file.
import { readFileSync } from "node:fs";

import type { Json } from "@stint/crds/json";

import { usage } from "./problem.ts";

/** The value of an option; `@file` and `@-` stand for what is in that file, or comes from stdin. Throws a usage problem. */
export function parseJsonOption(option: string, text: string): Json {
  const source = text.startsWith("@") ? read(option, text.slice(1)) : text;
  try {
    return JSON.parse(source) as Json; // nothing else comes out of it
  } catch (error) {
    const remedy = `Quote it for the shell: ${option} '["a", 1]'. A text stands in double quotes inside the single ones.`;
    throw usage(`${option} is not JSON: ${error instanceof Error ? error.message : String(error)}`, remedy);
  }
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usage(`${option} cannot be read: ${why}`, "Name a file that exists, or give the JSON itself.");
  }
}
