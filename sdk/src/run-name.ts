// What a run is called, by the option `runName` (S21): a template filled with the arguments, or a function of them.
import type { ProgressRequest } from "@stint/crds/attempt";
import { bindArguments } from "@stint/crds/binding";
import { isObject, type Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import type { Signature } from "@stint/crds/manifest";
import { toReportedError } from "@stint/crds/thrown";

import { placeholder } from "./placeholders.ts";
import type { Definition } from "./registry.ts";

/** The name that the task gives to a run with this input, or why it gives none. The input must fit the signature. */
export function nameOfRun(
  { runName, entry, described }: Definition,
  input: Json,
): Pick<ProgressRequest, "displayName" | "invalidRunName"> {
  if (runName === undefined) return {};
  const { signature } = described();
  const args = bindArguments(signature, input);
  if (typeof runName === "string") return { displayName: filled(runName, signature, args) };
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
