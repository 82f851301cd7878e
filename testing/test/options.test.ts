// What a harness is made from, and what is said of what it cannot be made from (S287).
import { task } from "@stint/sdk";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { createHarness, HarnessError, type HarnessOptions } from "../src/index.ts";
import { Draws } from "../src/draws.ts";

const square = task("square", (n: number) => n * n);
const large = task("large", { instanceType: "huge" }, () => "large");
const flaky = task("flaky", () => {
  throw new Error("it broke");
});

const refused: readonly { given: string; options: HarnessOptions; then: string }[] = [
  {
    given: "no tasks",
    options: { tasks: [] },
    then: "A harness needs tasks. Give it those that the test runs: createHarness({ tasks: [square] }).",
  },
  {
    given: "a plain function",
    // @ts-expect-error -- not a task
    options: { tasks: [square, () => 1] },
    then: "tasks[1] is no task of this process. Define it with task() of @stint/sdk, and give what that returns.",
  },
  {
    given: "a plain function in another bundle",
    // @ts-expect-error -- not a task
    options: { tasks: [square], bundles: { media: [() => 1] } },
    then: "bundles.media[0] is no task of this process. Define it with task() of @stint/sdk, and give what that returns.",
  },
  {
    given: "a bad name of a bundle",
    options: { tasks: [square], bundles: { Media_: [square] } },
    then: '"Media_" is no name of a bundle. Use at most 40 of a-z, 0-9, "-" and ".", as in Kubernetes.',
  },
  {
    given: "a default out of bounds",
    options: { tasks: [square], defaults: { timeoutSeconds: 0 } },
    then: "The defaults are not allowed: timeoutSeconds: Too small: expected number to be >=1. Write them as spec.defaults of a TaskBundle: { timeoutSeconds: 600 }.",
  },
  {
    given: "a default that there is not",
    // @ts-expect-error -- no setting
    options: { tasks: [square], defaults: { timeout: 5 } },
    then: 'The defaults are not allowed: Unrecognized key: "timeout". Write them as spec.defaults of a TaskBundle: { timeoutSeconds: 600 }.',
  },
  {
    given: "an instance type without resources",
    // @ts-expect-error -- no resources
    options: { tasks: [square], instanceTypes: { huge: { cpu: "64" } } },
    then: 'Instance type "huge" is not allowed: resources: Invalid input: expected record, received undefined. Write it as in an InstanceType: { resources: { cpu: "1", memory: "2Gi" } }.',
  },
  {
    given: "no instant",
    options: { tasks: [square], now: "tomorrow" },
    then: '"tomorrow" is no instant. Give now as a Date or in RFC 3339: "2026-01-01T00:00:00Z".',
  },
  {
    given: "a task that no cluster would accept",
    options: { tasks: [large] },
    then: 'The tasks of bundle tests are not accepted: UnknownInstanceType: unknown instance type "huge"; known: pro, pro-max, pro-plus, pro-ultra, standard, starter. Change what it names, in a task\'s options or in those of createHarness().',
  },
];

test.each(refused)("$given is refused with what to do", async ({ options, then }) => {
  await expect(createHarness(options)).rejects.toThrow(new HarnessError(then));
});

describe("what is given is in force", () => {
  test("instance types, beside those of the chart (S54, S55)", async () => {
    const instanceTypes = { huge: { resources: { cpu: "64", memory: "256Gi" } } };
    await using h = await createHarness({ tasks: [large, square], instanceTypes });

    const [own, chart] = await Promise.all([h.run(large, []), h.run(square, [3], { instanceType: "pro" })]);

    expect(own.status).toMatchObject({ instanceType: "huge", resources: { cpu: "64", memory: "256Gi" } });
    expect(chart.status).toMatchObject({ instanceType: "pro", resources: { cpu: "2", memory: "4Gi" } });
  });

  test("defaults, for what nobody sets (S9)", async () => {
    await using h = await createHarness({ tasks: [flaky], defaults: { timeoutSeconds: 60, retry: { maxRetries: 1 } } });

    const run = await h.run(flaky, []);

    expect(run.attempts).toHaveLength(2);
    expect(run.status.resolved?.timeoutSeconds).toBe(60);
  });

  test("an instant", async () => {
    const now = new Date("2031-05-05T05:05:05Z");
    await using h = await createHarness({ tasks: [square], now });

    expect((await h.run(square, [3])).status.finishedAt).toBe(now.toISOString());
  });
});

describe("draws", () => {
  test("are the same for the same seed, and others for another", () => {
    const drawn = (seed: string) => {
      const draws = new Draws(seed);
      return [draws.number(), draws.number(), draws.uid(1), draws.runName()];
    };

    expect(drawn("a")).toEqual(drawn("a"));
    expect(new Set([...drawn("a"), ...drawn("b")]).size).toBe(8);
  });

  test("are from 0 to 1, and of the forms that Kubernetes and the SDK use", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (seed, serial) => {
        const draws = new Draws(seed);
        expect(draws.number()).toBeGreaterThanOrEqual(0);
        expect(draws.number()).toBeLessThan(1);
        expect(draws.uid(serial)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        expect(draws.runName()).toMatch(/^trn-[0-9a-v]{20}$/);
      }),
    );
  });
});
