// Who owns which field: the `managedFields` of an object.
import { isDeepStrictEqual } from "node:util";

import type { KubeObject } from "./api.ts";
import { toTime } from "./clock.ts";
import { type Fields, fieldsOf, fromTree, toTree } from "./fields.ts";
import { list, type Plain, plain, text } from "./json.ts";
import type { Structural } from "./schema.ts";

/** Who writes, and how. */
export interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly time: Date;
}

/** One entry of `managedFields`. */
export interface Owner {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string;
  readonly paths: ReadonlySet<string>;
}

export function ownersOf(object: KubeObject | undefined): readonly Owner[] {
  return list(object?.metadata.managedFields).map((entry) => {
    const { manager, operation, apiVersion, subresource, time, fieldsV1 } = plain(entry);
    return {
      manager: text(manager),
      operation: text(operation),
      apiVersion: text(apiVersion),
      subresource: text(subresource),
      time: text(time),
      paths: new Set(fromTree(plain(fieldsV1))),
    };
  });
}

export function isOwner(owner: Owner, { name, operation, apiVersion, subresource = "" }: Manager): boolean {
  return (
    owner.manager === name &&
    owner.operation === operation &&
    owner.apiVersion === apiVersion &&
    owner.subresource === subresource
  );
}

/** The entries; whoever owns nothing has none. */
export function toManagedFields(owners: readonly Owner[]): readonly object[] {
  return owners
    .filter(({ paths }) => paths.size > 0)
    .map(({ manager, operation, apiVersion, subresource, time, paths }) => ({
      manager,
      operation,
      apiVersion,
      time,
      fieldsType: "FieldsV1",
      fieldsV1: toTree(paths),
      ...(subresource && { subresource }),
    }));
}

export function ownerFor(manager: Manager, paths: ReadonlySet<string>): Owner {
  const { name, operation, apiVersion, subresource = "", time } = manager;
  return { manager: name, operation, apiVersion, subresource, time: toTime(time), paths };
}

/** After an update its manager owns what it changed, and nobody else does. */
export function ownedAfterUpdate(
  before: KubeObject | undefined,
  after: KubeObject,
  { manager, schema }: { readonly manager: Manager; readonly schema: Structural | undefined },
): readonly object[] {
  const was: Fields = before ? fieldsOf(before, schema) : new Map();
  const is = fieldsOf(after, schema);
  const changed = new Set(
    [...is].filter(([path, value]) => !isDeepStrictEqual(was.get(path), value)).map(([path]) => path),
  );
  const wished = ownersOf(after); // whoever says who owns what is believed: kubectl hands over what it had applied itself
  const owners = wished.length > 0 ? wished : ownersOf(before);
  const mine = owners.find((owner) => isOwner(owner, manager));
  const isKept = (path: string): boolean => is.has(path) && !changed.has(path);
  const others = owners
    .filter((owner) => owner !== mine)
    .map((owner) => ({ ...owner, paths: new Set([...owner.paths].filter(isKept)) }));
  const paths = new Set([...[...(mine?.paths ?? [])].filter((path) => is.has(path)), ...changed]);
  const isChanged = changed.size > 0 || !mine || paths.size !== mine.paths.size;
  return toManagedFields([...others, isChanged ? ownerFor(manager, paths) : { ...mine, paths }]);
}

function timeless(entries: readonly object[]): readonly Plain[] {
  return entries.map((entry) => ({ ...entry, time: undefined }));
}

/** Whether both say the same, whenever they said it. */
export function isSameOwnership(some: readonly object[] = [], others: readonly object[] = []): boolean {
  return isDeepStrictEqual(timeless(some), timeless(others));
}
