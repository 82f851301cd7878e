/** An object of JSON whose members are yet to be looked at. */
export type Plain = Readonly<Record<string, unknown>>;

export function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object, or one without members. */
export function plain(value: unknown): Plain {
  return isPlain(value) ? value : {};
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

export function list(value: unknown): readonly unknown[] {
  return isList(value) ? value : [];
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** What stands under a chain of members; undefined where the chain breaks. */
export function at(value: unknown, ...members: readonly string[]): unknown {
  return members.reduce<unknown>((inner, member) => (isPlain(inner) ? inner[member] : undefined), value);
}

/** The object without one member. */
export function without(object: Plain, member: string): Plain {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== member));
}

/** A copy with the members that are not undefined: a member that is undefined is one too many for a comparison. */
export function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T; // less, never other
}
