import fc from "fast-check";
import type { TaskRun } from "@stint/crds/taskrun";
import { describe, expect, test } from "vitest";

import { withSituation } from "../../src/core/status.ts";
import {
  controllerUid,
  slimMetadata,
  summaryOf,
  toObservedRun,
  toOwnedPod,
  toSlimNode,
} from "../../src/effects/reading.ts";
import type { Pod } from "../../src/effects/resources.ts";
import { anAcceptedRun, anAttempt, aPod, aTaskRun, stamp, t0 } from "../builders.ts";

const moment = { now: t0, generation: 1 };

/** A run as the API server sends it: with its input, and perhaps its result. */
function sent(run = aTaskRun(), input: unknown = [4], result?: unknown): TaskRun {
  const { input: _, status, spec, ...rest } = run;
  return {
    ...rest,
    spec: { ...spec, input },
    ...(status && { status: { ...status, ...(result !== undefined && { result }) } }),
  };
}

function nested(levels: number): unknown {
  return JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
}

describe("an input", () => {
  test("is kept as its hash, its size and its shape", () => {
    const observed = toObservedRun(sent(aTaskRun(), { n: 4, unit: "m" }));

    expect(observed.input).toMatchObject({ bytes: 18, shape: { kind: "object", members: ["n", "unit"] } });
    expect(observed.spec).not.toHaveProperty("input");
    expect(JSON.stringify(observed)).not.toContain('"m"');
  });

  test.each<[unknown, object]>([
    [[], { kind: "array", length: 0 }],
    [[1, null], { kind: "array", length: 2 }],
    [{}, { kind: "object", members: [] }],
    [null, { kind: "other", type: "null" }],
    ["text", { kind: "other", type: "string" }],
    [0, { kind: "other", type: "number" }],
  ])("%j has its shape", (input, shape) => {
    expect(summaryOf(input).shape).toEqual(shape);
  });

  test("that is absent equals an empty list (S29)", () => {
    expect(summaryOf(undefined)).toEqual(summaryOf([]));
  });

  test("has one hash whatever the order of its members, and another for every other value", () => {
    const shuffled = fc.dictionary(fc.string(), fc.jsonValue()).map((object) => ({
      object,
      turned: Object.fromEntries(Object.entries(object).toReversed()),
    }));
    fc.assert(
      fc.property(shuffled, fc.jsonValue(), ({ object, turned }, other) => {
        expect(summaryOf(turned).hash).toBe(summaryOf(object).hash);
        const isSame = summaryOf([other]).hash === summaryOf([object]).hash;
        expect(isSame).toBe(JSON.stringify(sorted(other)) === JSON.stringify(sorted(object)));
      }),
    );
  });

  test("keeps nulls apart from what is absent, at every depth", () => {
    const hashes = [[null], [], [{ a: null }], [{}], [[null]], [0], ["null"]].map((input) => summaryOf(input).hash);

    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test("of hundreds of levels is like any other, and one that no stack carries is no error", () => {
    expect(summaryOf(nested(500)).shape).toEqual({ kind: "array", length: 1 });
    expect(summaryOf(nested(100_000))).toEqual({
      hash: "",
      bytes: 0,
      shape: { kind: "other", type: "a value nested too deeply" },
    });
  });

  test("is not read again while its run has the same generation, and is once it has another", () => {
    const first = toObservedRun(sent());

    const again = toObservedRun(sent(aTaskRun(), [5]), first);
    const edited = toObservedRun(sent(aTaskRun({ metadata: { generation: 2 } }), [5]), first);
    const namesake = toObservedRun(sent(aTaskRun({ metadata: { uid: "namesake" } }), [5]), first);

    expect(again.input).toBe(first.input);
    expect(edited.input).toEqual(summaryOf([5]));
    expect(namesake.input).toEqual(summaryOf([5]));
  });
});

describe("a run", () => {
  test("keeps its status while it lives, but no result", () => {
    const run = anAcceptedRun([anAttempt()], {}, { kind: "Running", reason: "AttemptRunning" });

    const observed = toObservedRun(sent(run, [4], { secret: 1 }));

    expect(observed.status).toEqual(run.status);
  });

  test("that has none has none", () => {
    expect(toObservedRun(sent())).not.toHaveProperty("status");
  });

  test("that is finished is a stub: what removal, its parent and its children need, and no more", () => {
    const run = anAcceptedRun(
      [anAttempt()],
      {
        metadata: { labels: { "stint.dev/root": "top" }, annotations: { note: "x", "stint.dev/key": "a" } },
        spec: { ttlSecondsAfterFinished: 60, cancel: true, timeoutSeconds: 5 },
      },
      { kind: "Succeeded", reason: "Completed" },
    );

    const stub = toObservedRun(sent(run, { n: 4 }, 16));

    expect(stub.spec).toEqual({ task: "math/square", cancel: true, ttlSecondsAfterFinished: 60 });
    expect(stub.metadata).toMatchObject({ name: "square-4", labels: { "stint.dev/root": "top" } });
    expect(stub.metadata.annotations).toEqual({ "stint.dev/key": "a" });
    expect(Object.keys(stub.status ?? {}).toSorted()).toEqual(["attemptCount", "conditions", "finishedAt", "phase"]);
    expect(stub.status?.conditions?.map(({ type }) => type)).toEqual(["Succeeded", "Finished"]);
    expect(stub.input.shape).toEqual({ kind: "array", length: 0 });
  });

  test("that is finished keeps what is below it, and a rerun, depend on (S170, S173)", () => {
    const rerun = { generation: 1, revision: "Latest" } as const;
    const done = { rerunGeneration: 1, rerunAt: stamp(3) };
    const failed = { kind: "Failed", reason: "TaskError", message: "bad" } as const;

    const stub = toObservedRun(sent(anAcceptedRun([], { spec: { suspend: true, rerun }, status: done }, failed)));

    expect(stub.spec).toEqual({ task: "math/square", suspend: true, rerun });
    expect(stub.status).toMatchObject(done);
  });

  test("that is finished keeps what it has told, which its root adds up, or is the root to add to (S148)", () => {
    const progress = [{ label: "rows", total: 2, done: 2 }];
    const told = { progress, summed: { at: stamp(3), own: progress } };
    const done = { kind: "Succeeded", reason: "Completed" } as const;

    expect(toObservedRun(sent(anAcceptedRun([], { status: told }, done))).status).toMatchObject(told);
  });

  test("of which a rerun is due is kept whole (S170)", () => {
    const failed = { kind: "Failed", reason: "TaskError", message: "bad" } as const;
    const run = anAcceptedRun([anAttempt()], { spec: { timeoutSeconds: 5, rerun: { generation: 1 } } }, failed);
    const stub = toObservedRun(sent(anAcceptedRun([anAttempt()], {}, failed), [4, 5]));

    const whole = toObservedRun(sent(aTaskRun({ ...run, metadata: { generation: 2 } }), [4, 5]), stub);

    expect(whole.spec.timeoutSeconds).toBe(5);
    expect(whole.status?.attempts).toHaveLength(1);
    expect(whole.input.shape).toEqual({ kind: "array", length: 2 });
  });

  test.each([
    { given: "a null", pointer: "/0/a", dangling: undefined },
    { given: "another value", pointer: "/0/b", dangling: "/0/b" },
    { given: "nothing", pointer: "/1", dangling: "/1" },
  ])("whose input has $given where a result is to go (S130)", ({ pointer, dangling }) => {
    const run = aTaskRun({ spec: { inputRefs: [{ pointer, run: "a" }] } });

    expect(toObservedRun(sent(run, [{ a: null, b: 1 }])).input.danglingRef).toBe(dangling);
  });

  test("that is being ended, but is not finished, is no stub", () => {
    const status = withSituation({ attempts: [anAttempt()] }, { kind: "Running", reason: "Canceling" }, moment);

    expect(toObservedRun(sent(aTaskRun({ status }))).status?.attempts).toHaveLength(1);
  });
});

describe("what goes into a cache", () => {
  test("metadata lose what nobody reads and much memory goes to", () => {
    const { metadata } = aTaskRun();
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}", note: "kept" };
    const heavy = { ...metadata, managedFields: [{ manager: "kubectl" }], annotations };

    expect(slimMetadata(heavy)).toEqual({ ...metadata, annotations: { note: "kept" } });
  });

  test("a pod keeps its node and what tells of its end, and nothing else of its spec", () => {
    const { status, metadata, apiVersion, kind } = aPod();
    const spec = { nodeName: "node-1", containers: [{ name: "task", env: [{ name: "KEY", value: "secret" }] }] };
    const pod: Pod = { apiVersion, kind, metadata, spec, status: Object.assign({ podIP: "10.0.0.1" }, status) };

    expect(toOwnedPod(pod)).toEqual({ apiVersion, kind, metadata, spec: { nodeName: "node-1" }, status });
  });

  test("a pod of which nothing is known yet is a pod all the same", () => {
    const { metadata, apiVersion, kind } = aPod();

    expect(toOwnedPod({ apiVersion, kind, metadata, spec: {} })).toMatchObject({ spec: {}, status: {} });
  });

  test("a node keeps its taints and whether it is Ready: its heartbeats are no news", () => {
    const conditions = [
      { type: "MemoryPressure", status: "False" },
      { type: "Ready", status: "True", lastHeartbeatTime: "2026-01-01T00:00:00Z" },
    ];
    const taints = [{ key: "node.kubernetes.io/unreachable", effect: "NoExecute" }];
    const { metadata } = aPod();

    const node = toSlimNode({ apiVersion: "v1", kind: "Node", metadata, spec: { taints }, status: { conditions } });

    expect(node).toMatchObject({ spec: { taints }, status: { conditions: [{ type: "Ready", status: "True" }] } });
    expect(JSON.stringify(node)).not.toMatch(/Heartbeat|MemoryPressure/);
  });

  test("the controller is the owner that says so, not the first one", () => {
    const owner = { apiVersion: "v1", kind: "X", name: "x" };
    const ownerReferences = [
      { ...owner, uid: "a" },
      { ...owner, uid: "b", controller: true },
    ];

    expect(controllerUid(aTaskRun({ metadata: { ownerReferences } }))).toBe("b");
    expect(controllerUid(aTaskRun())).toBeUndefined();
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}
