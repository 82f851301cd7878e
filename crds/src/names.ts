// What may be called how: task names, parameter names, tags, versions and labels (S3 to S6, S18, S20, S252). Each function
// gives the message of the first fault, or `undefined`; the SDK asks at definition, the operator when a manifest arrives.
import { optionLimits } from "./option-limits.ts";

const taskName = /^[A-Za-z0-9_](?:[A-Za-z0-9_./-]{0,254}[A-Za-z0-9_])?$/;

export function taskNameProblem(name: string): string | undefined {
  if (name === "") return "A task needs a name";
  if (!taskName.test(name)) {
    return `Task name "${name}" is not allowed: use 1 to 256 of A-Z a-z 0-9 _ - . /, beginning and ending with a letter, a digit or _`;
  }
  return /^stint[/.]/.test(name) ? `Task name "${name}" is reserved` : undefined;
}

const reservedParameters: ReadonlySet<string> = new Set(
  "waitFor wait_for returnState return_state __proto__ constructor prototype".split(" "),
);

export function parameterNameProblem(task: string, names: readonly string[]): string | undefined {
  const reserved = names.find((name) => reservedParameters.has(name));
  return reserved === undefined ? undefined : `Task "${task}": parameter name "${reserved}" is reserved`;
}

const word = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

export function tagProblem(tag: string): string | undefined {
  return word.test(tag)
    ? undefined
    : `tag "${tag}" is not allowed: use 1 to ${optionLimits.tagLength} of A-Z a-z 0-9 _ - .`;
}

/** `v<major>.<minor>`, both without leading zeros (S252). */
export function versionProblem(task: string, version: string): string | undefined {
  if (/^v(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})$/.test(version)) return undefined;
  return `Task "${task}": invalid version "${version}", expected v<major>.<minor>`;
}

const labelPrefix = /^(?=.{1,253}\/)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\//;
const ourPrefix = /^(?:[^/]*\.)?stint\.dev\//;

export function labelProblem(task: string, labels: Readonly<Record<string, string>>): string | undefined {
  for (const [key, value] of Object.entries(labels)) {
    if (ourPrefix.test(key)) return `Task "${task}": label "${key}" is reserved`;
    const isAllowed = word.test(key.replace(labelPrefix, "")) && (value === "" || word.test(value));
    if (!isAllowed) return `Task "${task}": label "${key}: ${value}" does not follow the label syntax of Kubernetes`;
  }
  return undefined;
}
