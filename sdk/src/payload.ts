// Arguments and results on their way out of the process: as JSON, or refused with the place that is none (S46 to S48).
import type { Json } from "@stint/crds/json";

import { isPlain } from "./plain.ts";

/** What is deeper would run out of stack somewhere on its way. The gateway takes 1000; an argument stands in a list there. */
const deepest = 999;

/** A value that is not JSON. `message` is `value at <path> is <what>`, with `$` for the whole: `value at $.a[2] is a bigint`. */
export class NotJsonError extends Error {
  override readonly name = "NotJsonError";
  /** Where the value stands in the whole. */
  readonly path: readonly (string | number)[];

  constructor(path: readonly (string | number)[], what: string) {
    super(`value at ${pathInWords(path)} is ${what}`);
    this.path = path;
  }
}

/** What has been entered on the way down: by the parts of its path, and by the objects, in which a cycle would show. */
interface Place {
  readonly path: readonly (string | number)[];
  readonly within: readonly object[];
  readonly isElsewhere?: Elsewhere | undefined;
}

/** Asked of each object on the way: whether its value is to come from elsewhere, so that null holds its place. */
export type Elsewhere = (value: object, path: readonly (string | number)[]) => boolean;

/**
 * The value as JSON: a copy, made of null, booleans, numbers, strings, arrays and plain objects.
 *
 * `undefined` becomes null, in an object it is left out, and `toJSON()` is asked. Source: S46, S47.
 *
 * @throws {NotJsonError} naming the first value that is not JSON; `path` says where `value` itself stands.
 */
export function toJson(value: unknown, path: readonly (string | number)[] = [], isElsewhere?: Elsewhere): Json {
  return convert(value, { path, within: [], isElsewhere });
}

function convert(value: unknown, place: Place): Json {
  switch (typeof value) {
    case "undefined":
      return null;
    case "boolean":
    case "string":
      return value;
    case "number":
      return Number.isFinite(value) ? value + 0 : refuse(place, String(value)); // + 0: JSON has no -0
    case "object":
      return value === null ? null : convertObject(value, place);
    case "bigint":
    case "symbol":
    case "function":
      return refuse(place, `a ${typeof value}`);
  }
}

function convertObject(value: object, place: Place): Json {
  if (place.within.includes(value)) return refuse(place, "a cycle");
  if (place.within.length >= deepest) return refuse(place, `nested deeper than ${deepest} levels`);
  if (place.isElsewhere?.(value, place.path) === true) return null;
  const inner: Place = { ...place, within: [...place.within, value] };

  const toJSON: unknown = read(() => Reflect.get(value, "toJSON"), place);
  if (typeof toJSON === "function") {
    const key = String(place.path.at(-1) ?? "");
    return convert(
      read(() => Reflect.apply(toJSON, value, [key]), place),
      inner,
    );
  }
  if (Array.isArray(value)) return convertArray(value, inner);
  if (isPlain(value)) return convertMembers(value, inner);
  return refuse(place, isGenerator(value) ? "a generator" : `an instance of ${className(value)}`);
}

export type AnyGenerator = Generator<unknown, unknown, undefined> | AsyncGenerator<unknown, unknown, undefined>;

/** A generator of the language's own, whoever returned it: other iterables are values and no streams of them. */
export function isGenerator(value: unknown): value is AnyGenerator {
  return ["[object Generator]", "[object AsyncGenerator]"].includes(Object.prototype.toString.call(value));
}

function className(value: object): string {
  const { constructor }: { constructor: unknown } = value; // anybody's word
  return typeof constructor === "function" ? constructor.name : "a class";
}

function convertArray(array: readonly unknown[], place: Place): Json {
  // Array.from, because map would leave the holes of a sparse array.
  return Array.from(array, (element, at) => convert(element, below(place, at)));
}

function convertMembers(object: object, place: Place): Json {
  const members: [string, Json][] = [];
  for (const name of Object.keys(object)) {
    const inner = below(place, name);
    const value: unknown = read(() => Reflect.get(object, name), inner);
    if (value !== undefined) members.push([name, convert(value, inner)]);
  }
  return Object.fromEntries(members); // not by assignment: a member may be called __proto__
}

function below(place: Place, part: string | number): Place {
  return { ...place, path: [...place.path, part] };
}

/** A getter, a proxy or a toJSON() is the user's code: what it throws says what is wrong with the value. */
function read(get: () => unknown, place: Place): unknown {
  try {
    return get();
  } catch (error) {
    return refuse(place, `unreadable: ${String(error)}`);
  }
}

function refuse({ path }: Place, what: string): never {
  throw new NotJsonError(path, what);
}

function pathInWords(path: readonly (string | number)[]): string {
  const parts = path.map((part) => {
    if (typeof part === "number") return `[${part}]`;
    return /^[A-Za-z_$][\w$]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
  });
  return `$${parts.join("")}`;
}
