// Strategic merge: a merge patch that knows, for Kubernetes' own kinds, which lists are maps in disguise.
import { isDeepStrictEqual } from "node:util";

import { isList, isPlain, list, type Plain, plain, text } from "./json.ts";

/** What makes two items of the list under this name the same thing. Lists that are not named here are replaced whole. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  env: "name",
  volumes: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  imagePullSecrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  ownerReferences: "uid",
  conditions: "type",
  taints: "key",
  addresses: "type",
  secrets: "name",
};

/** Lists of plain values that are sets. */
const sets = new Set(["finalizers"]);

/** What makes the items of a list the same; `ports` is keyed by another field in a Service than in a container. */
export function mergeKeyOf(name: string, items: readonly unknown[]): string | undefined {
  if (name !== "ports") return mergeKeys[name];
  return items.some((item) => "containerPort" in plain(item)) ? "containerPort" : "port";
}

export function isSetList(name: string): boolean {
  return sets.has(name);
}

/** The object with the patch merged in; neither is changed. */
export function strategicMerge(current: unknown, patch: Plain): unknown {
  if (patch["$patch"] === "replace") return withoutDirectives(patch);
  const merged: Record<string, unknown> = { ...plain(current) };
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith("$")) continue;
    if (value === null) delete merged[name];
    else merged[name] = mergedMember(name, merged[name], value);
  }
  return directed(merged, patch);
}

/** With what the patch's directives say about whole members. */
function directed(merged: Record<string, unknown>, patch: Plain): Plain {
  const deletion = "$deleteFromPrimitiveList/";
  for (const [name, value] of Object.entries(patch)) {
    if (!name.startsWith(deletion)) continue;
    const member = name.slice(deletion.length);
    merged[member] = list(merged[member]).filter((item) => !list(value).includes(item));
  }
  const retained = patch["$retainKeys"];
  if (!isList(retained)) return merged;
  return Object.fromEntries(Object.entries(merged).filter(([name]) => retained.includes(name)));
}

function mergedMember(name: string, current: unknown, patch: unknown): unknown {
  if (isPlain(patch)) return strategicMerge(current, patch);
  if (!isList(patch)) return patch;
  if (isSetList(name)) return [...new Set([...list(current), ...patch])];
  const key = mergeKeyOf(name, [...list(current), ...patch]);
  return key === undefined || !patch.every(isPlain) ? patch : mergedList(list(current), patch, key);
}

function mergedList(current: readonly unknown[], patch: readonly Plain[], key: string): readonly unknown[] {
  if (patch.some((item) => item["$patch"] === "replace")) return patch.filter((item) => item["$patch"] === undefined);
  const merged = [...current];
  for (const item of patch) {
    const index = merged.findIndex((one) => isDeepStrictEqual(plain(one)[key], item[key]));
    if (text(item["$patch"]) === "delete") {
      if (index >= 0) merged.splice(index, 1);
    } else if (index >= 0) merged[index] = strategicMerge(merged[index], item);
    else merged.push(strategicMerge({}, item));
  }
  return merged;
}

function withoutDirectives(patch: Plain): Plain {
  return Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith("$")));
}
