import { runInNewContext } from "node:vm";

import { expect, test } from "vitest";

import { toReportedError } from "@stint/crds/thrown";

test.each([
  { given: "an error", thrown: Object.assign(new TypeError("no"), { stack: "at x" }), expected: ["TypeError", "no"] },
  { given: "an error without a message", thrown: new Error(""), expected: ["Error", ""] },
  {
    given: "an error of another realm",
    thrown: runInNewContext("new RangeError('far')"),
    expected: ["RangeError", "far"],
  },
  { given: "a text", thrown: "x", expected: ["Error", "x"] },
  { given: "null", thrown: null, expected: ["Error", "null"] },
  { given: "undefined", thrown: undefined, expected: ["Error", "undefined"] },
  {
    given: "an object without a prototype",
    thrown: Object.create(null),
    expected: ["Error", "[Object: null prototype] {}"],
  },
])("$given, thrown, is a failure (S74)", ({ thrown, expected: [name, message] }) => {
  expect(toReportedError(thrown)).toMatchObject({ name, message });
});

test("message and stack are cut to what a status keeps (S77)", () => {
  const thrown = Object.assign(new Error("m".repeat(5_000)), { stack: "s".repeat(20_000) });

  const { message, stack } = toReportedError(thrown);

  expect(message).toHaveLength(4_096);
  expect(stack).toHaveLength(16_384);
});
