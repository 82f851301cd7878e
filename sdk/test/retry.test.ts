import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";

import { exponentialBackoff, task, type RetryOptions } from "../src/index.ts";
import { forgetTasks } from "./fakes/host.ts";

beforeEach(forgetTasks);

function defined(retry: object): unknown {
  forgetTasks();
  return task("t", { retry: retry }, () => 1).options.retry;
}

describe("a retry policy is kept", () => {
  test.each<[string, RetryOptions, object]>([
    [
      "as given",
      { maxRetries: 0, jitterFactor: 10, when: "RetryableOnly", maxInfrastructureRetries: 0 },
      { maxRetries: 0, jitterFactor: 10, when: "RetryableOnly", maxInfrastructureRetries: 0 },
    ],
    ["without the defaults that the operator knows (S79)", {}, {}],
    [
      "with a fraction as the factor",
      { waitDurationMs: 86_400_000, backoffScaling: 1.5 },
      { waitDurationMs: 86_400_000, backoffScaling: 1.5 },
    ],
    [
      "with a step after running out of memory",
      { outOfMemory: { instanceType: "pro" } },
      { outOfMemory: { instanceType: "pro" } },
    ],
    // S82
    ["with its list of waits", { delaysSeconds: [1, 0.5] }, { delaysSeconds: [1, 0.5] }],
    ["with a constant wait as a list of one", { delaysSeconds: 5 }, { delaysSeconds: [5] }],
    [
      "with a function's list, asked with the default of retries",
      { delaysSeconds: (n) => [n] },
      { delaysSeconds: [3] },
    ],
    ["without an empty list where nothing is retried", { maxRetries: 0, delaysSeconds: [] }, { maxRetries: 0 }],
  ])("%s", (_, given, kept) => {
    expect(defined(given)).toEqual(kept);
  });
});

describe("a retry policy throws for", () => {
  test.each<[object, Error]>([
    [{ maxRetries: 101 }, new RangeError('Task "t": retry.maxRetries must be an integer from 0 to 100, got 101')],
    [{ maxRetries: 1.5 }, new RangeError('Task "t": retry.maxRetries must be an integer from 0 to 100, got 1.5')],
    [
      { waitDurationMs: -1 },
      new RangeError('Task "t": retry.waitDurationMs must be an integer from 0 to 86400000, got -1'),
    ],
    [{ backoffScaling: 0.5 }, new RangeError('Task "t": retry.backoffScaling must be a number from 1 to 100, got 0.5')],
    [{ jitterFactor: -0.1 }, new RangeError('Task "t": retry.jitterFactor must be a number from 0 to 10, got -0.1')],
    [{ when: "Never" }, new RangeError('Task "t": retry.when must be Always or RetryableOnly, got "Never"')],
    [
      { maxInfrastructureRetries: 101 },
      new RangeError('Task "t": retry.maxInfrastructureRetries must be an integer from 0 to 100, got 101'),
    ],
    [
      { outOfMemory: {} },
      new RangeError('Task "t": retry.outOfMemory.instanceType must be a string of 1 to 253 characters, got undefined'),
    ],
    [
      { outOfMemory: { instanceType: "pro" }, when: "RetryableOnly" },
      new RangeError("retry.outOfMemory needs retry.when Always"),
    ],
    [
      { delaysSeconds: [1], waitDurationMs: 1 },
      new RangeError("retry.delaysSeconds excludes waitDurationMs and backoffScaling"),
    ],
    [
      { delaysSeconds: 1, backoffScaling: 2 },
      new RangeError("retry.delaysSeconds excludes waitDurationMs and backoffScaling"),
    ],
    [{ delaysSeconds: Array(51).fill(1) }, new RangeError("retry.delaysSeconds has 51 entries, the limit is 50")],
    [
      { delaysSeconds: [1, 86_401] },
      new RangeError('Task "t": retry.delaysSeconds must be numbers from 0 to 86400, got 86401'),
    ],
    [{ delaysSeconds: [] }, new RangeError('Task "t": retry.delaysSeconds must be 1 to 50 numbers, got an empty list')],
    [
      { delaysSeconds: () => ["1"] },
      new TypeError('Task "t": retry.delaysSeconds must be a number, a list of numbers or a function that returns one'),
    ],
    [
      { delaysSeconds: () => undefined },
      new TypeError('Task "t": retry.delaysSeconds must be a number, a list of numbers or a function that returns one'),
    ],
  ])("%j", (retry, error) => {
    expect(() => defined(retry)).toThrow(error);
  });

  test("no object", () => {
    expect(() => defined([])).toThrow(new RangeError('Task "t": retry must be an object, got an empty list'));
  });
});

describe("exponentialBackoff (S83)", () => {
  test("doubles from its first wait, as often as there are retries", () => {
    expect(exponentialBackoff(10)(3)).toEqual([10, 20, 40]);
  });

  test("gives waits that a policy takes, whatever it is asked", () => {
    const policies = fc.record({
      first: fc.double({ min: 0, max: 1e9, noNaN: true }),
      maxRetries: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(policies, ({ first, maxRetries }) => {
        const delays = exponentialBackoff(first)(maxRetries);

        expect(delays).toHaveLength(Math.min(maxRetries, 50));
        expect(defined({ maxRetries, delaysSeconds: exponentialBackoff(first) })).toEqual({
          maxRetries,
          delaysSeconds: delays,
        });
      }),
    );
  });
});
