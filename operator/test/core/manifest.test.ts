import type { Manifest, ManifestTask } from "@stint/crds/manifest";
import { ManifestSchema } from "@stint/crds/manifest-schema";
import { limits } from "@stint/crds/limits";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { manifestProblem, type ManifestContext } from "../../src/core/manifest.ts";
import { aManifestTask, anInstanceType, instanceTypes } from "../builders.ts";

const context: ManifestContext = {
  bundle: "math",
  instanceTypes: instanceTypes(anInstanceType("standard"), anInstanceType("pro-plus")),
};

function problemOf(...tasks: readonly ManifestTask[]): string | undefined {
  const problem = manifestProblem(tasks, context);
  return problem && `${problem.reason}: ${problem.message}`;
}

function tasks(count: number): Manifest {
  return Array.from({ length: count }, (_, index) => aManifestTask({ name: `task-${index}` }));
}

/** One task whose manifest has exactly that many bytes, most of them of characters with two. */
function sized(bytes: number): Manifest {
  const rest = bytes - Buffer.byteLength(JSON.stringify([aManifestTask({ functionName: "" })]));
  return [aManifestTask({ functionName: "é".repeat(Math.floor(rest / 2)) + "x".repeat(rest % 2) })];
}

test("a manifest of good tasks has no problem", () => {
  const full = aManifestTask({
    name: "images/resize_2.fast",
    description: "Resizes.",
    tags: ["nightly"],
    labels: { "example.com/type": "cpu", team: "" },
    settings: { instanceType: "pro_plus", timeoutSeconds: 300, retry: { maxRetries: 0, delaysSeconds: [1, 2] } },
  });

  expect(problemOf(full, aManifestTask())).toBeUndefined();
});

describe("the size of a manifest", () => {
  test("an empty one is NoTasks", () => {
    expect(problemOf()).toBe("NoTasks: entry point registered no tasks");
  });

  test("the limit of 500 tasks is inclusive (S16)", () => {
    expect(problemOf(...tasks(500))).toBeUndefined();
    expect(problemOf(...tasks(501))).toBe("TooManyTasks: bundle math defines 501 tasks, the limit is 500");
  });

  test("the limit of 262144 bytes is inclusive, and counts UTF-8", () => {
    expect(problemOf(...sized(limits.manifestBytes))).toBeUndefined();
    expect(problemOf(...sized(limits.manifestBytes + 1))).toBe(
      "ManifestTooLarge: manifest of bundle math is 262145 bytes, the limit is 262144 bytes",
    );
  });
});

describe("an invalid task", () => {
  test.each([
    [{ name: "" }, "A task needs a name"],
    [
      { name: "a b" },
      'Task name "a b" is not allowed: use 1 to 256 of A-Z a-z 0-9 _ - . /, beginning and ending with a letter, a digit or _',
    ],
    [{ name: "stint/cache" }, 'Task name "stint/cache" is reserved'],
    [
      { signature: { objectArgument: false, parameters: [{ name: "waitFor", required: true, rest: false }] } },
      'Task "square": parameter name "waitFor" is reserved',
    ],
    [{ description: "x".repeat(2049) }, 'Task "square": description has 2049 characters, the limit is 2048'],
    [{ tags: ["-a"] }, 'tag "-a" is not allowed: use 1 to 63 of A-Z a-z 0-9 _ - .'],
    [{ tags: Array.from({ length: 51 }, (_, n) => `t${n}`) }, 'Task "square": tags must be at most 50 strings, got 51'],
    [{ labels: { "stint.dev/run": "x" } }, 'Task "square": label "stint.dev/run" is reserved'],
    [
      { settings: { instanceType: "pro-plus", resources: { cpu: 1 } } },
      'Task "square": give instanceType or resources, not both',
    ],
    [{ version: "1.0" }, 'Task "square": invalid version "1.0", expected v<major>.<minor>'],
    [{ problem: 'Task "square": default of "n" is not JSON' }, 'Task "square": default of "n" is not JSON'],
    [
      { hooks: { onFailure: Array.from({ length: 17 }, () => ({ name: "notify" })) } },
      'Task "square": onFailure must be at most 16 hooks, got 17',
    ],
    [{ hooks: { onRunning: [{ name: "a b" }] } }, 'Task "square": onRunning refers to no task: "a b"'],
    [
      { hooks: { onRunning: [{ bundle: "b".repeat(41), name: "a" }] } },
      `Task "square": onRunning refers to no task: "${"b".repeat(41)}/a"`,
    ],
    [{ settings: { timeoutSeconds: 0 } }, 'Task "square": timeoutSeconds must be an integer from 1 to 604800, got 0'],
  ] satisfies [Partial<ManifestTask>, string][])("%o is InvalidManifest", (overrides, message) => {
    expect(problemOf(aManifestTask(overrides))).toBe(`InvalidManifest: ${message}`);
  });

  test("the second task of a name is the one that is wrong", () => {
    expect(problemOf(aManifestTask(), aManifestTask({ name: "other" }), aManifestTask())).toBe(
      'InvalidManifest: Task "square" is already registered',
    );
  });

  test("the first of several problems is told", () => {
    expect(problemOf(aManifestTask({ tags: ["-"] }), aManifestTask({ name: "" }))).toContain('tag "-"');
  });
});

describe("a schema that cannot be worked with is UnsupportedSchema", () => {
  test.each(["inputSchema", "resultSchema"])("as %s (S39)", (option) => {
    const remote = { type: "object", properties: { a: { $ref: "https://example.com/a.json" } } };

    expect(problemOf(aManifestTask({ [option]: remote }))).toBe(
      `UnsupportedSchema: Task "square": ${option} has a $ref at /properties/a that does not point into the schema: "https://example.com/a.json"`,
    );
    expect(
      problemOf(aManifestTask({ [option]: { $ref: "#/$defs/a", $defs: { a: { type: "object" } } } })),
    ).toBeUndefined();
  });
});

describe("an instance type that nobody installed", () => {
  const message = 'UnknownInstanceType: unknown instance type "gpu"; known: pro-plus, standard';

  test("is a problem where a task names it", () => {
    expect(problemOf(aManifestTask({ settings: { instanceType: "gpu" } }))).toBe(message);
  });

  test("is a problem where a task would step up to it", () => {
    expect(problemOf(aManifestTask({ settings: { retry: { outOfMemory: { instanceType: "gpu" } } } }))).toBe(message);
  });

  test("is a problem where the bundle's defaults name it", () => {
    const problem = manifestProblem([aManifestTask()], { ...context, defaults: { instanceType: "gpu" } });

    expect(`${problem?.reason}: ${problem?.message}`).toBe(message);
  });
});

describe("the shape of a manifest", () => {
  test("what a runner sends comes through whole", () => {
    const sent = [
      aManifestTask({
        description: "Squares.",
        version: "v1.3",
        settings: {
          resources: { cpu: 0.5, memoryMb: 512 },
          logPrints: true,
          instanceType: "pro",
          timeoutSeconds: 1,
          startTimeoutSeconds: 1,
          deadlineSeconds: 1,
          gracePeriodSeconds: 0,
          retry: { maxRetries: 1, when: "RetryableOnly", jitterFactor: 1, outOfMemory: { instanceType: "pro" } },
        },
        signature: { objectArgument: true, objectOptional: true, parameters: [] },
        inputSchema: { type: "object", properties: { __proto__: { default: null } } },
        resultSchema: { $comment: "anything" },
        problem: "none",
      }),
    ];

    expect(ManifestSchema.parse(sent)).toEqual(sent);
  });

  test("hooks that are tasks are read (S106)", () => {
    const hooked = aManifestTask({ hooks: { onFailure: [{ name: "notify" }, { bundle: "mail", name: "send" }] } });

    expect(ManifestSchema.parse([hooked])).toEqual([hooked]);
  });

  test("members of a newer SDK are dropped", () => {
    expect(ManifestSchema.parse([{ ...aManifestTask(), outputs: ["a"] }])).toEqual([aManifestTask()]);
  });

  test("a number out of bounds is let in, for the bundle to show", () => {
    expect(ManifestSchema.safeParse([aManifestTask({ settings: { timeoutSeconds: -1 } })]).success).toBe(true);
  });

  test.each([
    {},
    "tasks",
    [1],
    [{}],
    [{ ...aManifestTask(), name: 1 }],
    [{ ...aManifestTask(), kind: "Flow" }],
    [{ ...aManifestTask(), inputSchema: true }],
  ])("%o is not a manifest", (value) => {
    expect(ManifestSchema.safeParse(value).success).toBe(false);
  });
});

test("whatever has the shape of a manifest has a verdict", () => {
  const word = fc.string({ maxLength: 300 });
  const anyTask = fc.record({
    name: fc.oneof(word, fc.constantFrom("square", "stint/x", "")),
    tags: fc.array(word, { maxLength: 60 }),
    labels: fc.dictionary(word, word),
    description: fc.string({ maxLength: 3000 }),
    settings: fc.record({ timeoutSeconds: fc.double(), instanceType: word }, { requiredKeys: [] }),
  });

  fc.assert(
    fc.property(fc.array(anyTask, { maxLength: 5 }), (overrides) => {
      const manifest = overrides.map((one) => aManifestTask(one));
      const names = new Set(manifest.map(({ name }) => name));
      const problem = manifestProblem(manifest, context);

      const isGood = manifest.length > 0 && names.size === manifest.length;

      expect(problem?.message ?? (isGood ? "good" : "")).not.toBe("");
    }),
  );
});
