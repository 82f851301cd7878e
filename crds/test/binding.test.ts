import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { bindArguments, checkDeclaredLength, checkInput, shapeOf } from "../src/binding.ts";
import type { Json } from "../src/json.ts";
import type { Parameter, Signature } from "../src/manifest.ts";

const required = (name: string): Parameter => ({ name, required: true, rest: false });
const optional = (name: string): Parameter => ({ name, required: false, rest: false });
const rest = (name: string): Parameter => ({ name, required: false, rest: true });
const takes = (...parameters: readonly Parameter[]): Signature => ({ parameters, objectArgument: false });
const takesObject: Signature = { objectArgument: true };
const takesAnObjectOrNothing: Signature = { objectArgument: true, objectOptional: true };
const unreadable: Signature = { objectArgument: false };

const area = takes(required("w"), optional("h"));

describe("an input that cannot be bound", () => {
  test.each<{ given: string; signature: Signature; input: Json; text: string }>([
    // S29
    { given: "a string", signature: area, input: "x", text: "input must be a JSON array or a JSON object, got string" },
    { given: "null", signature: area, input: null, text: "input must be a JSON array or a JSON object, got null" },
    {
      given: "a number for an object",
      signature: takesObject,
      input: 3,
      text: "input must be a JSON array or a JSON object, got number",
    },
    // S35
    {
      given: "too few, all required",
      signature: takes(required("a"), required("b")),
      input: [1],
      text: "task t expected 2 argument(s), got 1",
    },
    { given: "too many for none", signature: takes(), input: [1], text: "task t expected 0 argument(s), got 1" },
    {
      given: "too few of some optional",
      signature: area,
      input: [],
      text: "task t expected 1 to 2 argument(s), got 0",
    },
    {
      given: "too many of some optional",
      signature: area,
      input: [1, 2, 3],
      text: "task t expected 1 to 2 argument(s), got 3",
    },
    {
      given: "too few before a rest parameter",
      signature: takes(required("a"), rest("more")),
      input: [],
      text: "task t expected at least 1 argument(s), got 0",
    },
    {
      given: "a required parameter behind an optional one",
      signature: takes(optional("a"), required("b")),
      input: [1],
      text: "task t expected 2 argument(s), got 1",
    },
    // S31
    {
      given: "two for the one object",
      signature: takesObject,
      input: [{}, {}],
      text: "task t expected 1 argument(s), got 2",
    },
    {
      given: "two for the one optional object",
      signature: takesAnObjectOrNothing,
      input: [{}, {}],
      text: "task t expected 0 to 1 argument(s), got 2",
    },
    // S36
    {
      given: "members missing",
      signature: takes(required("a"), optional("b"), required("c")),
      input: { b: 1 },
      text: "task t is missing argument(s): a, c",
    },
    {
      given: "members unknown",
      signature: area,
      input: { w: 1, x: 2, y: 3 },
      text: "task t got unexpected argument(s): x, y",
    },
    {
      given: "both faults",
      signature: area,
      input: { x: 2 },
      text: "task t is missing argument(s): w; task t got unexpected argument(s): x",
    },
    {
      given: "an inherited name is missing",
      signature: takes(required("toString")),
      input: {},
      text: "task t is missing argument(s): toString",
    },
    {
      given: "a rest parameter by name",
      signature: takes(required("a"), rest("more")),
      input: { a: 1 },
      text: "task t takes a rest parameter and needs an array input",
    },
    // S32
    {
      given: "names for a function without names",
      signature: unreadable,
      input: { a: 1 },
      text: "task t has no readable parameter names; set the option parameters or inputSchema",
    },
  ])("$given: $text", ({ signature, input, text }) => {
    expect(checkInput("t", signature, shapeOf(input))).toBe(text);
  });
});

describe("an input that can be bound", () => {
  test.each<{ given: string; signature: Signature; input: Json; args: readonly unknown[] }>([
    { given: "by position", signature: area, input: [3, 4], args: [3, 4] },
    { given: "by name, in any order", signature: area, input: { h: 4, w: 3 }, args: [3, 4] },
    { given: "a name left out", signature: area, input: { w: 3 }, args: [3, undefined] },
    { given: "null as a value (S34)", signature: area, input: { w: null, h: null }, args: [null, null] },
    { given: "a rest parameter", signature: takes(rest("all")), input: [1, 2, 3], args: [1, 2, 3] },
    { given: "the whole object", signature: takesObject, input: { billId: "b1" }, args: [{ billId: "b1" }] },
    { given: "the object in an array", signature: takesObject, input: [{ billId: "b1" }], args: [{ billId: "b1" }] },
    { given: "an optional object left out", signature: takesAnObjectOrNothing, input: [], args: [] },
    { given: "anything by position to a function without names", signature: unreadable, input: [1, 2], args: [1, 2] },
    { given: "an inherited name left out", signature: takes(optional("toString")), input: {}, args: [undefined] },
  ])("$given", ({ signature, input, args }) => {
    expect(checkInput("t", signature, shapeOf(input))).toBeUndefined();
    expect(bindArguments(signature, input)).toEqual(args);
  });

  test("a function without names is asked for its declared length alone (S32)", () => {
    expect(checkDeclaredLength("t", 2, shapeOf([1]))).toBe("task t expected at least 2 argument(s), got 1");
    expect(checkDeclaredLength("t", 2, shapeOf([1, 2, 3]))).toBeUndefined();
    expect(checkDeclaredLength("t", 2, shapeOf({}))).toBeUndefined();
  });
});

const someParameters = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 5 })
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.boolean().map((isRequired) => ({ name, required: isRequired, rest: false })))),
  );

test("by position and by name are the same call, if no argument is left out", () => {
  fc.assert(
    fc.property(someParameters, fc.array(fc.integer(), { minLength: 5, maxLength: 5 }), (parameters, values) => {
      const signature = takes(...parameters);
      const byPosition = values.slice(0, parameters.length);
      const byName = Object.fromEntries(parameters.map(({ name }, at) => [name, byPosition[at] ?? null]));

      expect(checkInput("t", signature, shapeOf(byPosition))).toBeUndefined();
      expect(checkInput("t", signature, shapeOf(byName))).toBeUndefined();
      expect(bindArguments(signature, byName)).toEqual(bindArguments(signature, byPosition));
    }),
  );
});

test("a named input passes exactly when it has every required name and no other than the known ones", () => {
  fc.assert(
    fc.property(
      someParameters,
      fc.uniqueArray(fc.string({ maxLength: 4 }), { maxLength: 5 }),
      fc.nat(),
      (parameters, strangers, mask) => {
        const known = parameters.map(({ name }) => name);
        const given = [...known.filter((_, at) => (mask >> at) % 2 === 0), ...strangers];
        const input = Object.fromEntries(given.map((name) => [name, 0]));

        const isGood =
          parameters.every(({ name, required }) => !required || given.includes(name)) &&
          given.every((name) => known.includes(name));

        expect(checkInput("t", takes(...parameters), shapeOf(input)) === undefined).toBe(isGood);
      },
    ),
  );
});
