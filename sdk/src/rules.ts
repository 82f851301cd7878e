// Rules for options, as data: what a value must be, and what is said of one that is not (S7, S28). JavaScript callers have no
// compiler, so a rule takes anything.

/** Where a value stands, for the message: `field` is `retry.maxRetries`, say. */
export interface Place {
  readonly task: string;
  readonly field: string;
}

/** The value as it is kept, or a throw. */
export type Rule<T> = (value: unknown, place: Place) => T;

export type Rules<T> = { readonly [Field in keyof T]-?: Rule<T[Field]> };

interface Bounds {
  readonly min: number;
  readonly max: number;
}

export function mustBe({ task, field }: Place, rule: string, value: unknown): RangeError {
  return new RangeError(`Task "${task}": ${field} must be ${rule}, got ${inWords(value)}`);
}

export function integer({ min, max }: Bounds): Rule<number> {
  return (value, place) => {
    if (Number.isInteger(value) && isWithin(value, { min, max })) return value;
    throw mustBe(place, `an integer from ${min} to ${max}`, value);
  };
}

export function number({ min, max }: Bounds): Rule<number> {
  return (value, place) => {
    if (isWithin(value, { min, max })) return value;
    throw mustBe(place, `a number from ${min} to ${max}`, value);
  };
}

export function isWithin(value: unknown, { min, max }: Bounds): value is number {
  return typeof value === "number" && value >= min && value <= max;
}

export const boolean: Rule<boolean> = (value, place) => {
  if (typeof value === "boolean") return value;
  throw mustBe(place, "true or false", value);
};

/** A text that is not empty. */
export function text(maxLength: number): Rule<string> {
  return (value, place) => {
    if (typeof value === "string" && value.length >= 1 && value.length <= maxLength) return value;
    throw mustBe(place, `a string of 1 to ${maxLength} characters`, value);
  };
}

export function oneOf<const T extends string>(...words: readonly T[]): Rule<T> {
  return (value, place) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw mustBe(place, words.join(" or "), value);
  };
}

/** An object with these members, none of them required; one that is `undefined` counts as absent. */
export function object<T extends object>(rules: Rules<T>): Rule<T> {
  return (value, place) => {
    if (!isRecord(value)) throw mustBe({ ...place, field: place.field || "options" }, "an object", value);
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(
      members.map(([key, member]) => [key, ruleOf(rules, key, place)(member, below(place, key))]),
    ) as T; // by its rules
  };
}

function ruleOf<T extends object>(rules: Rules<T>, key: string, place: Place): Rule<unknown> {
  if (isOption(rules, key)) return rules[key];
  throw new TypeError(`Task "${place.task}": unknown option "${below(place, key).field}"`);
}

function isOption<T extends object>(rules: T, key: string): key is string & keyof T {
  return Object.hasOwn(rules, key);
}

function below({ task, field }: Place, key: string): Place {
  return { task, field: field === "" ? key : `${field}.${key}` };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function inWords(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
