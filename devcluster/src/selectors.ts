// Which objects a list or a watch is about.
import type { KubeObject } from "./api.ts";
import { at } from "./json.ts";
import { badRequest } from "./refusal.ts";
import type { Resource } from "./resource.ts";

export type Selects = (object: KubeObject) => boolean;

/**
 * What `labelSelector` and `fieldSelector` of a request ask for; an empty text asks for everything.
 * @throws {Refusal} 400 where the API server would not understand it either.
 */
export function parseSelectors(resource: Resource, labelSelector: string, fieldSelector: string): Selects {
  const requirements = splitRequirements(labelSelector).map(parseRequirement);
  const fields = fieldSelector
    .split(",")
    .filter(Boolean)
    .map((text) => parseField(resource, text));
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return requirements.every((meets) => meets(labels)) && fields.every((meets) => meets(object));
  };
}

type Requirement = (labels: Readonly<Record<string, string>>) => boolean;

/** At the commas that stand outside of parentheses. */
function splitRequirements(selector: string): readonly string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((text) => text.trim())
    .filter(Boolean);
}

const setBased = /^([^\s!=()<>]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const equality = /^([^\s!=()<>]+)\s*(==|=|!=)\s*([^\s!=()]*)$/;
const existence = /^(!?)\s*([^\s!=()<>]+)$/;

function parseRequirement(text: string): Requirement {
  const [, setKey, operator, members] = setBased.exec(text) ?? [];
  if (setKey !== undefined) {
    const values = (members ?? "").split(",").map((value) => value.trim());
    return operator === "in"
      ? (labels) => labels[setKey] !== undefined && values.includes(labels[setKey])
      : (labels) => labels[setKey] === undefined || !values.includes(labels[setKey]);
  }
  const [, key, sign, value] = equality.exec(text) ?? [];
  if (key !== undefined) return sign === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  const [, not, name] = existence.exec(text) ?? [];
  if (name !== undefined) return (labels) => Object.hasOwn(labels, name) !== (not === "!");
  const found = text.split(/\s+/)[1] ?? text;
  throw badRequest(`unable to parse requirement: found '${found}', expected: in, notin, =, ==, !=, gt, lt`);
}

function parseField(resource: Resource, text: string): Selects {
  const [, path = "", sign, value = ""] = /^([^=!]+)(==|=|!=)(.*)$/.exec(text.trim()) ?? [];
  if (sign === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${text}'`);
  const selectable = [
    "metadata.name",
    ...(resource.namespaced ? ["metadata.namespace"] : []),
    ...resource.selectableFields,
  ];
  if (!selectable.includes(path)) throw badRequest(unknownField(resource, path));
  const isWanted = (found: string): boolean => (sign === "!=" ? found !== value : found === value);
  return (object) => isWanted(fieldText(object, path));
}

function unknownField(resource: Resource, path: string): string {
  if (resource.schema || resource.selectableFields.length > 0) return `field label not supported: ${path}`;
  return `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

function fieldText(object: KubeObject, path: string): string {
  const value = at(object, ...path.split("."));
  return value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
}
