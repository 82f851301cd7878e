import type { KubernetesObject } from "@stint/operator/effects/cluster";

export interface SelectedBy {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** Whether an object is selected, by the grammar of the API server. A selector that it would refuse throws. */
export function isSelected(object: KubernetesObject, { namespace, labelSelector, fieldSelector }: SelectedBy): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  if (!terms(labelSelector).every((term) => matchesLabels(term, object.metadata.labels ?? {}))) return false;
  return terms(fieldSelector).every((term) => matchesField(term, object));
}

/** `a=b,c in (d,e)` has two terms: commas in parentheses separate values. */
function terms(selector: string | undefined): readonly string[] {
  return selector ? selector.split(/,(?![^(]*\))/).map((term) => term.trim()) : [];
}

function matchesLabels(term: string, labels: Readonly<Record<string, string>>): boolean {
  const set = /^(\S+) (in|notin) \(([^)]*)\)$/.exec(term);
  if (set) {
    const [, key = "", operator, values = ""] = set;
    const isIn = values.split(",").some((value) => value.trim() === labels[key]);
    return operator === "in" ? isIn : !isIn;
  }
  const equality = /^([^=!]+?)(==|=|!=)([^=!]*)$/.exec(term);
  if (equality) {
    const [, key = "", operator, value] = equality;
    return operator === "!=" ? labels[key] !== value : labels[key] === value;
  }
  if (!/^!?[\w./-]+$/.test(term)) throw new Error(`unable to parse label selector: ${term}`);
  return term.startsWith("!") ? labels[term.slice(1)] === undefined : labels[term] !== undefined;
}

function matchesField(term: string, object: KubernetesObject): boolean {
  const parsed = /^([\w.]+)(==|=|!=)(.*)$/.exec(term);
  if (!parsed) throw new Error(`unable to parse field selector: ${term}`);
  const [, path = "", operator, value] = parsed;
  const found = path.split(".").reduce<unknown>(memberOf, object);
  const text = typeof found === "string" ? found : ""; // every selectable field is a string
  return operator === "!=" ? text !== value : text === value;
}

function memberOf(object: unknown, member: string): unknown {
  return typeof object === "object" && object !== null ? Reflect.get(object, member) : undefined;
}
