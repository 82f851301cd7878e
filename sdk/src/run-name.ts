// What a run is called, by the option `runName` (S21): a template filled with the arguments, or a function of them.
import type { ProgressRequest } from "@stint/crds/attempt";
import { bindArguments } from "@stint/crds/binding";
import { isObject, type Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import type { Signature } from "@stint/crds/manifest";
import { toReportedError } from "@stint/crds/thrown";

import type { RunName } from "./options.ts";
import type { Definition } from "./registry.ts";

/** A name of JavaScript in braces; all else is text. */
const placeholder = /\{([\p{ID_Start}$_][\p{ID_Continue}$]*)\}/gu;

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

/** The name that the task gives to a run with this input, or why it gives none. The input must fit the signature. */
export function nameOfRun(
  { runName, entry }: Definition,
  input: Json,
): Pick<ProgressRequest, "displayName" | "invalidRunName"> {
  if (runName === undefined) return {};
  const args = bindArguments(entry.signature, input);
  if (typeof runName === "string") return { displayName: filled(runName, entry.signature, args) };
  try {
    const name: unknown = runName(args);
    return typeof name === "string"
      ? { displayName: name }
      : invalid(entry.name, `returned ${kindOf(name)}, not a string`);
  } catch (thrown) {
    const { name, message } = toReportedError(thrown);
    return invalid(entry.name, `threw ${name}: ${message}`);
  }
}

function invalid(task: string, what: string): Pick<ProgressRequest, "invalidRunName"> {
  return { invalidRunName: `runName of task "${task}" ${what}`.slice(0, limits.attemptErrorLength) };
}

function filled(template: string, { parameters = [], objectArgument }: Signature, args: readonly unknown[]): string {
  const valueOf = (name: string): unknown => {
    if (objectArgument) return memberOf(args[0], name);
    const at = parameters.findIndex((parameter) => parameter.name === name);
    return parameters[at]?.rest ? args.slice(at) : args[at];
  };
  return template.replace(placeholder, (_, name: string) => toText(valueOf(name)));
}

function memberOf(value: unknown, name: string): unknown {
  const object = value as Json | undefined; // an argument, which is JSON
  return isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}

/** A text as it is, a value left out as nothing, all else as JSON. */
function toText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
