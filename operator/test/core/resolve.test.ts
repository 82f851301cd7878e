import type { Retry, TaskSettings } from "@stint/crds/settings";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { resolveSettings, settingsProblem } from "../../src/core/resolve.ts";
import { aTaskRun, resolvedSettings } from "../builders.ts";

interface Places {
  readonly run?: Omit<TaskSettings, "gracePeriodSeconds"> & { readonly ttlSecondsAfterFinished?: number };
  readonly task?: TaskSettings;
  readonly bundle?: TaskSettings;
  readonly operator?: TaskSettings;
}

function resolve({ run = {}, task = {}, bundle = {}, operator = {} }: Places) {
  return resolveSettings(aTaskRun({ spec: run }).spec, { settings: task }, bundle, operator);
}

describe("which setting is in force (S9)", () => {
  test("without any, the built-in ones are", () => {
    expect(resolve({})).toEqual(resolvedSettings());
  });

  test("a run's is before its task's, a task's before its bundle's, and the operator's comes last", () => {
    const run = { timeoutSeconds: 1 };
    const task = { timeoutSeconds: 2 };
    const bundle = { timeoutSeconds: 3 };
    const operator = { timeoutSeconds: 4 };

    expect(resolve({ run, task, bundle, operator }).timeoutSeconds).toBe(1);
    expect(resolve({ task, bundle, operator }).timeoutSeconds).toBe(2);
    expect(resolve({ bundle, operator }).timeoutSeconds).toBe(3);
    expect(resolve({ operator }).timeoutSeconds).toBe(4);
  });

  test("each field comes from the highest place that sets it", () => {
    const settings = resolve({
      run: { instanceType: "pro", ttlSecondsAfterFinished: 0 },
      task: { instanceType: "starter", gracePeriodSeconds: 0 },
      bundle: { gracePeriodSeconds: 30, startTimeoutSeconds: 60 },
      operator: { startTimeoutSeconds: 90, deadlineSeconds: 3600 },
    });

    expect(settings).toEqual({
      ...resolvedSettings(),
      instanceType: "pro",
      gracePeriodSeconds: 0, // an explicit 0 counts as set
      ttlSecondsAfterFinished: 0,
      startTimeoutSeconds: 60,
      deadlineSeconds: 3600,
    });
  });

  test("a retry object replaces those below it as a whole", () => {
    const { retry } = resolve({
      run: { retry: { maxRetries: 1 } },
      task: { retry: { jitterFactor: 2, maxRetries: 9 } },
    });

    expect(retry).toEqual({ ...resolvedSettings().retry, maxRetries: 1, backoffScaling: 1.5 });
  });
});

describe("the size in force", () => {
  test("is a standard one if nobody says another (S55)", () => {
    expect(resolve({}).instanceType).toBe("standard");
    expect(resolve({ task: { instanceType: "pro" }, run: { instanceType: "starter" } }).instanceType).toBe("starter");
  });

  test.each<[string, Places, object]>([
    [
      "a run's profile, and not its task's type",
      { run: { resources: { cpu: 4 } }, task: { instanceType: "pro" } },
      { resources: { cpu: 4 } },
    ],
    [
      "a run's type, and not its task's profile",
      { run: { instanceType: "pro" }, task: { resources: { cpu: 4 } } },
      { instanceType: "pro" },
    ],
    [
      "a profile taken whole",
      { task: { resources: { cpu: 4 } }, bundle: { resources: { memoryMb: 9 } } },
      { resources: { cpu: 4 } },
    ],
    ["the operator's profile", { operator: { resources: {} } }, { resources: {} }],
  ])("is %s (S9, S61)", (_, places, size) => {
    const { instanceType, resources } = resolve(places);

    expect({ instanceType, ...(resources && { resources }) }).toEqual({ instanceType: "standard", ...size });
  });
});

test("prints are recorded if the highest place that says something says so (S9, S144)", () => {
  expect(resolve({}).logPrints).toBeUndefined();
  expect(resolve({ bundle: { logPrints: true } }).logPrints).toBe(true);
  expect(resolve({ task: { logPrints: false }, bundle: { logPrints: true } }).logPrints).toBeUndefined();
});

test("an explicit 0 of a task stands, whatever the operator's default; the default holds where nobody is more specific (S102)", () => {
  const ops = { retry: { maxRetries: 9 } };

  expect(resolve({ task: { retry: { maxRetries: 0 } }, operator: ops }).retry.maxRetries).toBe(0);
  expect(
    resolve({ run: { retry: { maxRetries: 1 } }, task: { retry: { maxRetries: 0 } }, operator: ops }).retry.maxRetries,
  ).toBe(1);
  expect(resolve({ operator: ops }).retry).toMatchObject({ maxRetries: 9, backoffScaling: 1.5 });
});

describe("the retry in force", () => {
  const builtIn = { jitterFactor: 0, when: "Always", maxInfrastructureRetries: 10 };

  test.each<[string, Retry | undefined, object]>([
    ["none anywhere (S78)", undefined, { maxRetries: 3, waitDurationMs: 1000, backoffScaling: 2 }],
    ["an empty object (S79)", {}, { maxRetries: 3, waitDurationMs: 1000, backoffScaling: 1.5 }],
    ["no retries", { maxRetries: 0 }, { maxRetries: 0, waitDurationMs: 1000, backoffScaling: 1.5 }],
    ["a wait of 0", { waitDurationMs: 0 }, { maxRetries: 3, waitDurationMs: 0, backoffScaling: 1.5 }],
    ["a list of waits", { delaysSeconds: [5, 60] }, { maxRetries: 3, delaysSeconds: [5, 60] }],
    [
      "a larger type",
      { outOfMemory: { instanceType: "pro" }, when: "Always", maxRetries: undefined },
      { maxRetries: 3, waitDurationMs: 1000, backoffScaling: 1.5, outOfMemory: { instanceType: "pro" } },
    ],
  ])("given %s", (_, retry, inForce) => {
    const places = retry === undefined ? {} : { task: { retry } };

    expect(resolve(places).retry).toEqual({ ...builtIn, ...inForce });
  });
});

describe("settings that no schema has seen", () => {
  test.each<[TaskSettings & { ttlSecondsAfterFinished?: number }, string]>([
    [{ timeoutSeconds: 0 }, "timeoutSeconds must be an integer from 1 to 604800, got 0"],
    [{ resources: { cpu: 0.05 } }, "resources.cpu must be a number from 0.1 to 1024, got 0.05"],
    [{ resources: { memoryMb: 1.5 } }, "resources.memoryMb must be an integer from 1 to 16777216, got 1.5"],
    [{ timeoutSeconds: 1.5 }, "timeoutSeconds must be an integer from 1 to 604800, got 1.5"],
    [{ startTimeoutSeconds: 604_801 }, "startTimeoutSeconds must be an integer from 1 to 604800, got 604801"],
    [{ deadlineSeconds: -1 }, "deadlineSeconds must be an integer from 1 to 2592000, got -1"],
    [{ gracePeriodSeconds: 601 }, "gracePeriodSeconds must be an integer from 0 to 600, got 601"],
    [{ ttlSecondsAfterFinished: 1e9 }, "ttlSecondsAfterFinished must be an integer from 0 to 31536000, got 1000000000"],
    [{ retry: { maxRetries: 101 } }, "retry.maxRetries must be an integer from 0 to 100, got 101"],
    [{ retry: { waitDurationMs: NaN } }, "retry.waitDurationMs must be an integer from 0 to 86400000, got NaN"],
    [{ retry: { backoffScaling: 0.5 } }, "retry.backoffScaling must be a number from 1 to 100, got 0.5"],
    [{ retry: { jitterFactor: -0.1 } }, "retry.jitterFactor must be a number from 0 to 10, got -0.1"],
    [{ retry: { delaysSeconds: [1, 86_401] } }, "retry.delaysSeconds[1] must be a number from 0 to 86400, got 86401"],
    [{ retry: { delaysSeconds: [] } }, "retry.delaysSeconds must be 1 to 50 numbers, got []"],
    [
      { retry: { maxInfrastructureRetries: -1 } },
      "retry.maxInfrastructureRetries must be an integer from 0 to 100, got -1",
    ],
  ])("%j is refused with the field, its rule and the value (S28)", (settings, problem) => {
    expect(settingsProblem("resize", settings)).toBe(`Task "resize": ${problem}`);
  });

  test.each<[Retry, string]>([
    [{ delaysSeconds: [1], waitDurationMs: 0 }, "retry.delaysSeconds excludes waitDurationMs and backoffScaling"],
    [{ delaysSeconds: [1], backoffScaling: 2 }, "retry.delaysSeconds excludes waitDurationMs and backoffScaling"],
    [{ delaysSeconds: Array.from({ length: 51 }, () => 1) }, "retry.delaysSeconds has 51 entries, the limit is 50"],
    [{ outOfMemory: { instanceType: "pro" }, when: "RetryableOnly" }, "retry.outOfMemory needs retry.when Always"],
  ])("%j contradicts itself (S80)", (retry, problem) => {
    expect(settingsProblem("resize", { retry })).toBe(problem);
    expect(settingsProblem("resize", resolve({ task: { retry } }))).toBe(problem);
  });

  test("whatever is within the bounds resolves to what is within the bounds", () => {
    const seconds = fc.integer({ min: 1, max: 604_800 });
    const settings: fc.Arbitrary<TaskSettings> = fc.record(
      {
        timeoutSeconds: seconds,
        startTimeoutSeconds: seconds,
        gracePeriodSeconds: fc.integer({ min: 0, max: 600 }),
        retry: fc.record(
          {
            maxRetries: fc.integer({ min: 0, max: 100 }),
            backoffScaling: fc.double({ min: 1, max: 100, noNaN: true }),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(settings, settings, settings, (task, bundle, operator) => {
        expect(settingsProblem("resize", resolve({ task, bundle, operator }))).toBeUndefined();
      }),
    );
  });
});
