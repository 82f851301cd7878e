// JSON pointers (RFC 6901) into an input (S130). No zod here, since the runner loads it.
import { isArray, isObject, type Json } from "./json.ts";

/** A pointer to the place that these members and elements lead to, from the outermost. */
export function toPointer(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** What the pointer points at; `undefined` if there is nothing. */
export function valueAt(value: Json, pointer: string): Json | undefined {
  let found: Json | undefined = value;
  for (const part of partsOf(pointer)) found = memberOf(found, part);
  return found;
}

/**
 * A copy of the value with others in their places. A place that is not there stays so.
 *
 * What is put in need be no JSON: a failed run arrives as an error (S133).
 */
export function withValuesAt<T>(value: Json, places: ReadonlyMap<string, T>): unknown {
  const tree = new Map<string, Branch<T>>();
  for (const [pointer, replacement] of places) plant(tree, partsOf(pointer), replacement);
  return replaced(value, tree);
}

/** What is to change below a value, by member or element. */
type Branch<T> = { readonly leaf: T } | { readonly below: Map<string, Branch<T>> };

function plant<T>(tree: Map<string, Branch<T>>, [part = "", ...rest]: readonly string[], leaf: T): void {
  if (rest.length === 0) {
    tree.set(part, { leaf });
    return;
  }
  const found = tree.get(part);
  const below = found && "below" in found ? found.below : new Map<string, Branch<T>>();
  tree.set(part, { below });
  plant(below, rest, leaf);
}

function replaced<T>(value: Json, tree: ReadonlyMap<string, Branch<T>>): unknown {
  const inner = (part: string, member: Json): unknown => {
    const branch = tree.get(part);
    if (!branch) return member;
    return "leaf" in branch ? branch.leaf : replaced(member, branch.below);
  };
  if (isArray(value)) return value.map((element, index) => inner(String(index), element));
  if (!isObject(value)) return value;
  // Not by assignment: a member may be called __proto__.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inner(name, member)]));
}

function partsOf(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function memberOf(value: Json | undefined, part: string): Json | undefined {
  if (isArray(value)) return /^(0|[1-9][0-9]*)$/.test(part) ? value[Number(part)] : undefined;
  return isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
}
