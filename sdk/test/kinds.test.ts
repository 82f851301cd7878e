// Which functions can be tasks, and what they may call (S22, S25).
import { beforeEach, describe, expect, test } from "vitest";

import { currentContext, task } from "../src/index.ts";
import { attempt, FakeHost, forgetTasks, succeeded } from "./fakes/host.ts";

beforeEach(forgetTasks);

class Scale {
  readonly #factor: number;

  constructor(factor: number) {
    this.#factor = factor;
  }

  static double(n: number): number {
    return n * 2;
  }

  by(n: number): number {
    return n * this.#factor;
  }
}

const scale = new Scale(2);

describe("a task may be", () => {
  test.each<{ kind: string; fn: (n: number) => unknown; value: unknown }>([
    {
      kind: "a function",
      fn: function double(n: number) {
        return n * 2;
      },
      value: 8,
    },
    { kind: "an async function", fn: async (n: number) => Promise.resolve(n * 2), value: 8 },
    { kind: "an arrow function", fn: (n: number) => n * 2, value: 8 },
    // oxlint-disable-next-line typescript/unbound-method -- a method that uses no `this` is what is given here
    { kind: "a static method", fn: Scale.double, value: 8 },
    { kind: "a bound method", fn: scale.by.bind(scale), value: 8 },
    {
      kind: "a generator",
      fn: function* (n: number) {
        yield n;
        yield n * 2;
      },
      value: [4, 8],
    },
    {
      kind: "an async generator",
      fn: async function* (n: number) {
        yield await Promise.resolve(n);
        yield n * 2;
      },
      value: [4, 8],
    },
  ])("$kind (S22)", async ({ fn, value }) => {
    task("double", fn);

    expect(await attempt("double", [4])).toEqual(succeeded(value));
  });

  test("a bound one, whose hidden names the option tells (S22, S32)", async () => {
    task("hidden", scale.by.bind(scale));
    task("told", { parameters: ["n"] }, scale.by.bind(scale));

    const message = "task hidden has no readable parameter names; set the option parameters or inputSchema";
    expect(await attempt("hidden", { n: 4 })).toMatchObject({ reason: "InvalidInput", error: { message } });
    expect(await attempt("told", { n: 4 })).toEqual(succeeded(8));
  });
});

test("a plain function that a task calls is a plain call: same process, same context, no run (S25)", async () => {
  const host = new FakeHost();
  const object = { n: 1n };
  const plain = (given: object) => [given, currentContext().runId] as const;
  task("t", () => {
    const [given, runId] = plain(object);
    return [given === object, runId];
  });

  const report = await attempt("t", [], host);

  expect(report).toEqual(succeeded([true, "run-1"]));
  expect(host.starts).toEqual([]);
});
