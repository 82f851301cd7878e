import * as fc from "fast-check";
import { expect, test } from "vitest";

import { logLine } from "../src/log-line.ts";

const origin = { run: "square-4", attempt: 1, task: "math/square", tags: ["nightly"] };

function written(fields?: object): Record<string, unknown> {
  const line = logLine("info", "squared", origin, fields);
  expect(line.indexOf("\n")).toBe(line.length - 1);
  return JSON.parse(line) as Record<string, unknown>; // it was an object
}

test("a line says when, how loud, what and of which run, and then the fields (S143)", () => {
  expect(written({ n: 4 })).toEqual({ time: expect.any(String), level: "info", msg: "squared", ...origin, n: 4 });
  expect(Object.keys(written({ n: 4 })).slice(0, 3)).toEqual(["time", "level", "msg"]);
});

test("a field does not take the place of what every line has", () => {
  expect(written({ run: "another", level: "error", msg: "x" })).toMatchObject({
    ...origin,
    level: "info",
    msg: "squared",
  });
});

test("an error among the fields is written with its message and its stack, a bigint with its digits", () => {
  const { error, n } = written({ error: new RangeError("too far"), n: 2n ** 64n });

  expect(error).toEqual({ name: "RangeError", message: "too far", stack: expect.stringContaining("too far") });
  expect(n).toBe("18446744073709551616");
});

test("a circle is told, and the line is written all the same", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;

  expect(written({ circle })).toMatchObject({ ...origin, unwritable: expect.stringContaining("circular") });
});

test("whatever the fields are, it is one line of JSON", () => {
  fc.assert(
    fc.property(fc.object({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }), (fields) => {
      expect(written(fields)).toMatchObject(origin);
    }),
  );
});
