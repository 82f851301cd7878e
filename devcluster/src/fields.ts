// The fields of an object, one by one, as `managedFields` names them.
//
//   FI1. Items of a list that is a map are named by their key, `k:{"name":"a"}`, those of a set by value, `v:"a"`; any other
//        list is one field. A custom resource's schema says which is which, for Kubernetes' own kinds their merge keys do.
//   FI2. What the server writes into metadata belongs to nobody.
import { isList, isPlain, type Plain, plain } from "./json.ts";
import { memberSchema, type Structural } from "./schema.ts";
import { isSetList, mergeKeyOf } from "./strategic.ts";

/** Values by their path: the steps to it, `f:spec` and the like, joined by line feeds. */
export type Fields = ReadonlyMap<string, unknown>;

export const stepEnd = "\n";

/** How the items of a list are told apart. */
export type ListKind =
  | { readonly kind: "map"; readonly keys: readonly string[] }
  | { readonly kind: "set" }
  | { readonly kind: "atomic" };

export interface ListPlace {
  readonly name: string;
  readonly items: readonly unknown[];
  readonly schema: Structural | undefined;
  /** A kind of Kubernetes' own, or metadata. */
  readonly isBuiltin: boolean;
}

export function listKind({ name, items, schema, isBuiltin }: ListPlace): ListKind {
  if (!isBuiltin) {
    const kind = schema?.["x-kubernetes-list-type"] ?? "atomic";
    return kind === "map" ? { kind, keys: schema?.["x-kubernetes-list-map-keys"] ?? [] } : { kind };
  }
  const key = mergeKeyOf(name, items);
  if (key !== undefined && items.every(isPlain)) return { kind: "map", keys: [key] };
  return { kind: isSetList(name) ? "set" : "atomic" };
}

/** The step to an item of a list that is a map. */
export function keyStep(item: unknown, keys: readonly string[]): string {
  return `k:${JSON.stringify(Object.fromEntries(keys.map((key) => [key, plain(item)[key]])))}`;
}

const ofTheServer = new Set([
  ...["apiVersion", "kind", "metadata"].map((name) => `f:${name}`),
  ...["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "generateName"].map(
    (name) => `f:metadata${stepEnd}f:${name}`,
  ),
  ...["deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"].map(
    (name) => `f:metadata${stepEnd}f:${name}`,
  ),
]);

export function fieldsOf(object: Plain, schema: Structural | undefined): Fields {
  const fields = new Map<string, unknown>();
  collect({ value: object, schema, path: "", name: "", isBuiltin: schema === undefined }, fields);
  return new Map([...fields].filter(([path]) => !ofTheServer.has(path)));
}

interface Place {
  readonly value: unknown;
  readonly schema: Structural | undefined;
  readonly path: string;
  readonly name: string;
  readonly isBuiltin: boolean;
}

function collect(place: Place, fields: Map<string, unknown>): void {
  const { value, path } = place;
  if (isPlain(value) && (Object.keys(value).length > 0 || path === "")) {
    if (place.schema?.["x-kubernetes-map-type"] === "atomic") return void fields.set(path, value);
    for (const [name, member] of Object.entries(value)) collect(memberPlace(place, name, member), fields);
  } else if (isList(value)) collectItems(place, value, fields);
  else fields.set(path, value);
}

function memberPlace({ schema, path, isBuiltin }: Place, name: string, value: unknown): Place {
  const inner = schema && memberSchema(schema, name);
  const isMetadata = path === "" && name === "metadata";
  return {
    value,
    schema: isMetadata ? undefined : inner,
    path: extended(path, `f:${name}`),
    name,
    isBuiltin: isBuiltin || isMetadata,
  };
}

function collectItems(
  { path, schema, name, isBuiltin }: Place,
  items: readonly unknown[],
  fields: Map<string, unknown>,
): void {
  const kind = listKind({ name, items, schema, isBuiltin });
  if (kind.kind === "atomic") return void fields.set(path, items);
  for (const item of items) {
    const step = kind.kind === "map" ? keyStep(item, kind.keys) : `v:${JSON.stringify(item)}`;
    const inner = extended(path, step);
    if (kind.kind === "set") fields.set(inner, item);
    else collect({ value: item, schema: schema?.items, path: inner, name: "", isBuiltin }, fields);
  }
}

function extended(path: string, step: string): string {
  return path === "" ? step : `${path}${stepEnd}${step}`;
}

/** The paths as a tree: `fieldsV1`. */
export function toTree(paths: Iterable<string>): Plain {
  const tree: Record<string, unknown> = {};
  for (const path of paths) {
    let node = tree;
    for (const step of path.split(stepEnd)) {
      const inner = (node[step] ?? {}) as Record<string, unknown>; // only this function fills the tree
      node[step] = inner;
      node = inner;
    }
  }
  return tree;
}

/** The paths in a tree; a `.` says of the node above it what its members say too. */
export function fromTree(tree: Plain, path = ""): readonly string[] {
  const members = Object.entries(tree).filter(([step]) => step !== ".");
  if (members.length === 0) return path === "" ? [] : [path];
  return members.flatMap(([step, inner]) => fromTree(plain(inner), extended(path, step)));
}

/** As a refusal names it: `.spec.containers[name="a"].image`. */
export function fieldName(path: string): string {
  return path
    .split(stepEnd)
    .map((step) => {
      const name = step.slice(2);
      if (step.startsWith("f:")) return `.${name}`;
      if (step.startsWith("v:")) return `[=${name}]`;
      const keys = Object.entries(plain(JSON.parse(name)));
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");
}
