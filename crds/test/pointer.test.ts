import type { Json } from "../src/json.ts";
import { pointerPattern } from "../src/dependency.ts";
import { toPointer, valueAt, withValuesAt } from "../src/pointer.ts";
import fc from "fast-check";
import { expect, test } from "vitest";

/** Every place in a value, by its path. */
function pathsIn(value: Json, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [path];
  const members: [string | number, Json][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...members.flatMap(([part, member]) => pathsIn(member, [...path, part]))];
}

const json = fc.jsonValue().map((value) => value as Json); // as fast-check promises
const parts = fc.array(fc.oneof(fc.string(), fc.constantFrom("a/b", "m~n", "", "__proto__", "0")), { minLength: 1 });

test("each place of a value has a pointer, which leads there (S130)", () => {
  fc.assert(
    fc.property(json, (value) => {
      for (const path of pathsIn(value)) {
        const member = path.reduce<unknown>((at, part) => Reflect.get(Object(at), part), value);
        expect(valueAt(value, toPointer(path))).toEqual(member);
      }
    }),
  );
});

test("what is put in a place is found there, and nothing else has changed", () => {
  fc.assert(
    fc.property(json, fc.nat(), fc.constantFrom<Json>("new", null, { a: 1 }), (value, pick, replacement) => {
      const places = pathsIn(value).filter(({ length }) => length > 0);
      const path = places[pick % Math.max(places.length, 1)];
      if (!path) return;
      const pointer = toPointer(path);

      const changed = withValuesAt(value, new Map([[pointer, replacement]])) as Json; // JSON in the place of JSON

      expect(valueAt(changed, pointer)).toEqual(replacement);
      expect(withValuesAt(changed, new Map([[pointer, valueAt(value, pointer)]]))).toEqual(value);
    }),
  );
});

test("a pointer that the code makes is one that the schema takes", () => {
  fc.assert(
    fc.property(parts, (path) => {
      expect(toPointer(path)).toMatch(pointerPattern);
    }),
  );
});

test.each(["/1", "/a", "/0/a/b", "/-1", "/00", "/length", "/0/constructor", "/0/__proto__"])(
  "%s leads nowhere in [{a: 1}]",
  (pointer) => {
    expect(valueAt([{ a: 1 }], pointer)).toBeUndefined();
    expect(withValuesAt([{ a: 1 }], new Map([[pointer, "new"]]))).toEqual([{ a: 1 }]);
  },
);

test("a member called __proto__ is a member like any other", () => {
  const value = JSON.parse('{"__proto__": {"a": null}}') as Json; // a text of ours

  const changed = withValuesAt(value, new Map([["/__proto__/a", 1]]));

  expect(JSON.stringify(changed)).toBe('{"__proto__":{"a":1}}');
  expect(Object.getPrototypeOf(changed)).toBe(Object.prototype);
});
