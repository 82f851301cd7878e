import { beforeEach, describe, expect, test } from "vitest";

import { task } from "../src/index.ts";
import { forgetTasks, registry } from "./fakes/host.ts";

beforeEach(forgetTasks);

const bound: (a: number, b: number) => number = Math.max.bind(null);

describe("the manifest", () => {
  test("says of a task what the operator needs to run it (S15)", async () => {
    const options = {
      description: "Makes it smaller.",
      tags: ["image"],
      labels: { type: "cpu" },
      resources: { cpu: 2, memoryMb: 2048 },
      version: "v1.3",
      logPrints: true,
      timeoutSeconds: 300,
      retry: { maxRetries: 1 },
      gracePeriodSeconds: 30,
    };
    task("images/resize", options, async function resize(url: string, width = 640, ...rest: number[]) {
      return { url, width, rest };
    });

    expect(await registry().manifest()).toEqual([
      {
        name: "images/resize",
        kind: "Task",
        functionName: "resize",
        description: "Makes it smaller.",
        version: "v1.3",
        tags: ["image"],
        labels: { type: "cpu" },
        settings: {
          resources: { cpu: 2, memoryMb: 2048 },
          timeoutSeconds: 300,
          retry: { maxRetries: 1 },
          gracePeriodSeconds: 30,
          logPrints: true,
        },
        signature: {
          parameters: [
            { name: "url", required: true, rest: false },
            { name: "width", required: false, rest: false },
            { name: "rest", required: false, rest: true },
          ],
          objectArgument: false,
        },
        sourceHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
  });

  test("says v0.0 of a task without a version (S252)", async () => {
    task("a", (n: number) => n + 1);

    expect((await registry().manifest())[0]?.version).toBe("v0.0");
  });

  test("changes its source hash with the function's text, and with nothing else", async () => {
    task("a", (n: number) => n + 1);
    task("b", (n: number) => n + 1);
    task("c", (n: number) => n + 2);

    const [a, b, c] = (await registry().manifest()).map(({ sourceHash }) => sourceHash);
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  test.each<{ given: string; define: () => unknown; signature: object }>([
    {
      given: "a destructuring pattern takes the object (S31)",
      define: () => task("t", ({ id }: { id: string }) => id),
      signature: { objectArgument: true },
    },
    {
      given: "one with a default may be left out",
      define: () => task("t", ({ id = "" } = {}) => id),
      signature: { objectArgument: true, objectOptional: true },
    },
    {
      given: "args: object does so for a named parameter",
      define: () => task("t", { args: "object" }, (all: object) => all),
      signature: { parameters: [{ name: "all", required: true, rest: false }], objectArgument: true },
    },
    {
      given: "a bound function hides its names (S22)",
      define: () => task("t", bound),
      signature: { objectArgument: false },
    },
    {
      given: "which the option tells",
      define: () => task("t", { parameters: ["a", { name: "b", required: false }] }, bound),
      signature: {
        parameters: [
          { name: "a", required: true, rest: false },
          { name: "b", required: false, rest: false },
        ],
        objectArgument: false,
      },
    },
    {
      given: "and which override the source's, whose defaults still count (S33)",
      define: () => task("t", { parameters: ["url", "width"] }, (a: string, b = 640) => [a, b]),
      signature: {
        parameters: [
          { name: "url", required: true, rest: false },
          { name: "width", required: false, rest: false },
        ],
        objectArgument: false,
      },
    },
  ])("knows that $given", async ({ define, signature }) => {
    define();

    expect((await registry().manifest())[0]?.signature).toEqual(signature);
  });
});
