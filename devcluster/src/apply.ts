// Server-side apply: a manager says all that it wants of an object, and owns that from then on.
//
//   AP1. Another manager's field with another value is a conflict, unless the caller forces it and takes the field over.
//   AP2. What the manager wanted last time and no longer wants goes, if nobody else owns it.
//   AP3. What nobody has said anything about stays.
//   AP4. kubectl takes over unasked what its own client-side apply has set, unless somebody has changed it since.
import { isDeepStrictEqual } from "node:util";

import type { Draft, KubeObject } from "./api.ts";
import { type Fields, fieldName, fieldsOf, keyStep, listKind, stepEnd } from "./fields.ts";
import { isList, isPlain, list, plain, without } from "./json.ts";
import { isOwner, type Manager, type Owner, ownerFor, ownersOf, toManagedFields } from "./ownership.ts";
import { badRequest, Refusal } from "./refusal.ts";
import type { Resource } from "./resource.ts";
import { memberSchema, type Structural } from "./schema.ts";

export interface Application {
  readonly resource: Resource;
  readonly current: KubeObject | undefined;
  readonly config: Draft;
  readonly by: Manager;
  readonly isForced: boolean;
}

/** The object that the manager wants, and who owns what of it. @throws {Refusal} 409 (AP1), 400. */
export function applied(application: Application): {
  readonly object: Draft;
  readonly managedFields: readonly object[];
} {
  const { resource, current, config, by, isForced } = application;
  if (config.metadata.managedFields) throw badRequest("metadata.managedFields must be nil");
  const wanted = fieldsOf(config, resource.schema);
  const owners = ownersOf(current);
  const others = owners.filter((owner) => !isOwner(owner, by));
  const contested = current ? conflicts(wanted, fieldsOf(current, resource.schema), others) : [];
  const refused = contested.filter(({ path }) => !isForced && !isHandedOver(path, application));
  if (refused.length > 0) throw conflictOf(refused);
  const lost = new Set(contested.map(({ path }) => path));
  const left = others.map((owner) => ({
    ...owner,
    paths: new Set([...owner.paths].filter((path) => !lost.has(path))),
  }));
  const managedFields = toManagedFields([...left, ownerFor(by, new Set(wanted.keys()))]);
  if (!current) return { object: config, managedFields };
  const dropped = [...(owners.find((owner) => isOwner(owner, by))?.paths ?? [])].filter(
    (path) => !wanted.has(path) && !left.some(({ paths }) => paths.has(path)),
  );
  const isBuiltin = resource.schema === undefined;
  const merged = merge(current, config, { schema: resource.schema, name: "", isBuiltin });
  const object = dropped.reduce<unknown>(
    (rest, path) => removed(rest, path.split(stepEnd), { schema: resource.schema, name: "", isBuiltin }),
    merged,
  );
  return { object: object as Draft, managedFields }; // merged from two objects with metadata
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** AP4. */
function isHandedOver(path: string, { resource: { schema }, current, by }: Application): boolean {
  const text = current?.metadata.annotations?.[lastApplied];
  if (!current || text === undefined || by.name !== "kubectl") return false;
  const before = fieldsOf(plain(parsed(text)), schema);
  return before.has(path) && isDeepStrictEqual(before.get(path), fieldsOf(current, schema).get(path));
}

/** An annotation may hold anything. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Conflict {
  readonly path: string;
  readonly owner: Owner;
}

function conflicts(wanted: Fields, found: Fields, others: readonly Owner[]): readonly Conflict[] {
  const differing = [...wanted]
    .filter(([path, value]) => !isDeepStrictEqual(found.get(path), value))
    .map(([path]) => path);
  return differing.flatMap((path) => others.filter(({ paths }) => paths.has(path)).map((owner) => ({ path, owner })));
}

function conflictOf(found: readonly Conflict[]): Refusal {
  const causes = found.map(({ path, owner }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${inWords(owner)}`,
    field: fieldName(path),
  }));
  const [first] = causes;
  const whom = [...new Set(found.map(({ owner }) => inWords(owner)))].join(", ");
  const fields = causes.map(({ field }) => `- ${field}`).join("\n");
  const what =
    causes.length === 1 ? `${first?.message ?? ""}: ${first?.field ?? ""}` : `conflicts with ${whom}:\n${fields}`;
  const message = `Apply failed with ${causes.length} conflict${causes.length === 1 ? "" : "s"}: ${what}`;
  return new Refusal(message, { code: 409, reason: "Conflict", details: { causes } });
}

function inWords({ manager, subresource, operation, apiVersion }: Owner): string {
  const who = JSON.stringify(manager) + (subresource && ` with subresource ${JSON.stringify(subresource)}`);
  return operation === "Update" ? `${who} using ${apiVersion}` : who;
}

interface Place {
  readonly schema: Structural | undefined;
  readonly name: string;
  readonly isBuiltin: boolean;
}

function inner({ schema, isBuiltin, name: above }: Place, name: string): Place {
  const isMetadata = above === "" && name === "metadata";
  return {
    schema: isMetadata ? undefined : schema && memberSchema(schema, name),
    name,
    isBuiltin: isBuiltin || isMetadata,
  };
}

function merge(current: unknown, config: unknown, place: Place): unknown {
  if (isPlain(config)) {
    if (place.schema?.["x-kubernetes-map-type"] === "atomic") return config;
    const merged: Record<string, unknown> = { ...plain(current) };
    for (const [name, value] of Object.entries(config)) merged[name] = merge(merged[name], value, inner(place, name));
    return merged;
  }
  return isList(config) ? mergeList(list(current), config, place) : config;
}

function mergeList(current: readonly unknown[], config: readonly unknown[], place: Place): readonly unknown[] {
  const kind = listKind({ ...place, items: [...current, ...config] });
  if (kind.kind === "atomic") return config;
  const isSame = (one: unknown, other: unknown): boolean =>
    kind.kind === "set" ? isDeepStrictEqual(one, other) : keyStep(one, kind.keys) === keyStep(other, kind.keys);
  const items = { schema: place.schema?.items, name: "-", isBuiltin: place.isBuiltin };
  const kept = current.map((item) => {
    const wanted = config.find((one) => isSame(one, item));
    return wanted === undefined ? item : merge(item, wanted, items);
  });
  return [...kept, ...config.filter((item) => !current.some((one) => isSame(one, item)))];
}

/** AP2: the value without the field at the end of the steps. */
function removed(value: unknown, [step = "", ...rest]: readonly string[], place: Place): unknown {
  if (isList(value)) return removedFromList(value, [step, ...rest], place);
  const name = step.slice(2);
  if (!isPlain(value) || !(name in value)) return value;
  return rest.length > 0 ? { ...value, [name]: removed(value[name], rest, inner(place, name)) } : without(value, name);
}

/** An item whose key goes is gone itself. */
function removedFromList(value: readonly unknown[], [step = "", ...rest]: readonly string[], place: Place): unknown {
  const isIt = itemMatcher(step, value, place);
  const [next = ""] = rest;
  const isKey = rest.length === 1 && step.startsWith("k:") && next.slice(2) in plain(JSON.parse(step.slice(2)));
  if (rest.length === 0 || isKey) return value.filter((item) => !isIt(item));
  const items = { schema: place.schema?.items, name: "-", isBuiltin: place.isBuiltin };
  return value.map((item) => (isIt(item) ? removed(item, rest, items) : item));
}

function itemMatcher(step: string, items: readonly unknown[], place: Place): (item: unknown) => boolean {
  const kind = listKind({ ...place, items });
  return kind.kind === "map"
    ? (item) => keyStep(item, kind.keys) === step
    : (item) => `v:${JSON.stringify(item)}` === step;
}
