// The parameters that a template of `runName` names (S21).
import type { Signature } from "@stint/crds/manifest";

import type { RunName } from "./options.ts";

/** A name of JavaScript in braces; all else is text. */
export const placeholder = /\{([\p{ID_Start}$_][\p{ID_Continue}$]*)\}/gu;

/**
 * The members of an object argument have no names before it comes, so only parameters are checked.
 *
 * @throws {TypeError} `Task "<name>": runName refers to unknown parameter "<p>"`
 */
export function checkRunName(task: string, runName: RunName | undefined, signature: Signature): void {
  if (typeof runName !== "string" || signature.objectArgument) return;
  const known = new Set(signature.parameters?.map(({ name }) => name));
  const unknown = [...runName.matchAll(placeholder)].map(([, name = ""]) => name).find((name) => !known.has(name));
  if (unknown !== undefined) throw new TypeError(`Task "${task}": runName refers to unknown parameter "${unknown}"`);
}
