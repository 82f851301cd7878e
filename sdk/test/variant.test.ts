import { beforeEach, describe, expect, test } from "vitest";

import { task, taskRef } from "../src/index.ts";
import { forgetTasks, registry } from "./fakes/host.ts";

beforeEach(forgetTasks);

const fn = (n: number): number => n;

describe("a variant", () => {
  test("replaces options, tags too, and registers nothing (S26)", async () => {
    const square = task("square", { timeoutSeconds: 60, tags: ["a"] }, fn);

    const variant = square.with({ tags: ["b"], deadlineSeconds: 9 }).with({ timeoutSeconds: 5 });

    expect(variant.name).toBe("square");
    expect(variant.options).toEqual({ timeoutSeconds: 5, deadlineSeconds: 9, tags: ["b"] });
    expect(square.options).toEqual({ timeoutSeconds: 60, tags: ["a"] });
    expect(await registry().manifest()).toHaveLength(1);
  });

  test.each([
    "name",
    "inputSchema",
    "resultSchema",
    "version",
    "parameters",
    "runName",
    "gracePeriodSeconds",
    "logPrints",
  ])("cannot have another %s (S26)", (key) => {
    const square = task("square", fn);

    expect(() => square.with({ [key]: "x" })).toThrow(new TypeError(`option "${key}" cannot be overridden`));
  });

  test("is of one size: a profile replaces a type, and a type a profile (S61)", () => {
    const square = task("square", { instanceType: "pro" }, fn);

    const profile = square.with({ resources: { cpu: 4 } });

    expect(profile.options).toEqual({ resources: { cpu: 4 } });
    expect(profile.with({ instanceType: "starter" }).options).toEqual({ instanceType: "starter" });
    const both = new TypeError('Task "square": give instanceType or resources, not both');
    expect(() => square.with({ instanceType: "pro", resources: {} })).toThrow(both);
  });

  test.each<[object, Error]>([
    [{ timeoutSeconds: 0 }, new RangeError('Task "square": timeoutSeconds must be an integer from 1 to 604800, got 0')],
    [{ key: "" }, new RangeError('Task "square": key must be a string of 1 to 256 characters, got ""')],
    [
      { startAt: "tomorrow" },
      new RangeError('Task "square": startAt must be a Date or an instant in RFC 3339, got "tomorrow"'),
    ],
    [{ waitFor: ["a"] }, new RangeError('Task "square": waitFor must be a list of task instances, got a list of 1')],
    [{ waitfor: [] }, new TypeError('Task "square": unknown option "waitfor"')],
  ])("is checked as a definition is: %j", (options, error) => {
    const square = task("square", fn);

    expect(() => square.with(options)).toThrow(error);
  });
});

describe("a reference", () => {
  test("has the task's name", () => {
    expect(taskRef("media/images/resize").name).toBe("images/resize");
  });

  test.each(["resize", "media/", "Media/resize", "media/resize:7", "media/a b"])(
    "must be <bundle>/<task>: %s",
    (reference) => {
      const error = new TypeError(`Task reference "${reference}" is not allowed: use <bundle>/<task>`);

      expect(() => taskRef(reference)).toThrow(error);
    },
  );
});
