import * as fc from "fast-check";
import type { ChildrenResponse } from "@stint/crds/attempt";
import { annotation } from "@stint/crds/labels";
import type { TaskRun } from "@stint/crds/taskrun";
import { describe, expect, test } from "vitest";

import { isTrue } from "../../src/core/status.ts";
import { taskRuns } from "../../src/effects/resources.ts";
import { startChildren } from "../../src/gateway/children.ts";
import { anAttempt, namespace, podUid, stamp } from "../builders.ts";
import { apiError } from "../fakes/cluster.ts";
import { GatewayBox, type Answer } from "./gateway-in-a-box.ts";

const keyed = { task: { name: "square" }, input: [2], key: "a" };

function started({ body }: Answer): string {
  const { children } = body as ChildrenResponse; // the gateway's own answer
  const [child] = children;
  if (!child || "error" in child) throw new Error(`not started: ${child?.error.message}`);
  return child.name;
}

test("an attempt that follows a rerun starts children of its own, but finds those of its keys (S171)", async () => {
  await using box = await GatewayBox.open();
  const call = { sequence: 1, task: { name: "square" }, input: [3] };
  const plain = started(await box.post("children", { starts: [call] }));
  const succeeded = started(await box.post("children", { starts: [{ sequence: 2, ...keyed }] }));
  const failed = started(await box.post("children", { starts: [{ sequence: 3, ...keyed, key: "b" }] }));
  box.finish(succeeded, "Succeeded");
  box.finish(failed, "Failed");
  const token = await box.beginSecondAttempt({ rerunGeneration: 1, rerunAt: stamp(5) });

  const again = [
    started(await box.post("children", { starts: [call] }, { token })),
    started(await box.post("children", { starts: [{ sequence: 2, ...keyed }] }, { token })),
    started(await box.post("children", { starts: [{ sequence: 3, ...keyed, key: "b" }] }, { token })),
  ];

  expect(again[0]).not.toBe(plain);
  expect(again[1]).toBe(succeeded);
  expect(again[2]).not.toBe(failed);
});

describe("the same key in a later attempt (S120)", () => {
  test("finds the child while it is live", async () => {
    await using box = await GatewayBox.open();
    const first = started(await box.post("children", { starts: [{ sequence: 1, ...keyed }] }));
    const token = await box.beginSecondAttempt();

    const second = started(await box.post("children", { starts: [{ sequence: 9, ...keyed }] }, { token }));

    expect(second).toBe(first);
  });

  test("finds the child that Succeeded", async () => {
    await using box = await GatewayBox.open();
    const first = started(await box.post("children", { starts: [{ sequence: 1, ...keyed }] }));
    box.finish(first, "Succeeded");
    const token = await box.beginSecondAttempt();

    const second = started(await box.post("children", { starts: [{ sequence: 1, ...keyed }] }, { token }));

    expect(second).toBe(first);
  });

  test.each(["Failed", "Canceled", "Skipped"] as const)(
    "starts another one after a child that is %s",
    async (phase) => {
      await using box = await GatewayBox.open();
      const first = started(await box.post("children", { starts: [{ sequence: 1, ...keyed }] }));
      box.finish(first, phase);
      const token = await box.beginSecondAttempt();

      const second = started(await box.post("children", { starts: [{ sequence: 1, ...keyed }] }, { token }));

      expect(second).not.toBe(first);
      expect(box.run(second)?.metadata.annotations).toMatchObject({
        [annotation.key]: "a",
        [annotation.ordinal]: "2",
        [annotation.parentAttempt]: "2",
      });
    },
  );
});

test("a repeated start answers with the child that it made, also when that has failed meanwhile (S118)", async () => {
  await using box = await GatewayBox.open();
  const start = { starts: [{ sequence: 1, ...keyed }] };
  const first = started(await box.post("children", start));
  box.finish(first, "Failed");

  const again = started(await box.post("children", start));
  const another = started(await box.post("children", { starts: [{ sequence: 2, ...keyed }] }));

  expect(again).toBe(first);
  expect(another).not.toBe(first);
});

test("two starts under one key in one request are one child", async () => {
  await using box = await GatewayBox.open();

  await box.post("children", { starts: [1, 2].map((sequence) => ({ sequence, ...keyed })) });

  expect(box.children()).toHaveLength(1);
});

test.each([
  { given: "another input", other: { ...keyed, input: [3] } },
  { given: "another task", other: { ...keyed, task: { name: "cube" } } },
])("a key is refused for $given", async ({ other }) => {
  await using box = await GatewayBox.open();
  await box.post("children", { starts: [{ sequence: 1, ...keyed }] });

  const answer = await box.post("children", { starts: [{ sequence: 2, ...other }] });

  const error = { code: "KeyConflict", message: 'key "a" was used for another call' };
  expect(answer.body).toMatchObject({ children: [{ sequence: 2, error }] });
});

test("only the newest child of a key is done again (S118)", async () => {
  await using box = await GatewayBox.open();
  const first = started(await box.post("children", { starts: [{ sequence: 1, ...keyed }] }));
  box.finish(first, "Failed");
  const second = started(await box.post("children", { starts: [{ sequence: 2, ...keyed }] }));
  box.finish(second, "Failed");

  const older = await box.post(`children/${first}/rerun`, {});
  const newest = await box.post(`children/${second}/rerun`, {});

  const message = `task run ${first} is not done again: run ${second} has its key`;
  expect(older).toMatchObject({ status: 409, body: { code: "CannotRerun", message } });
  expect(newest.status).toBe(200);
});

test("an instance among the arguments counts as null, whichever run it is (S120, S130)", async () => {
  await using box = await GatewayBox.open();
  const call = (run: string) => ({
    ...keyed,
    input: [null],
    options: { dependsOn: [{ run }], inputRefs: [{ pointer: "/0", run }] },
  });

  const first = started(await box.post("children", { starts: [{ sequence: 1, ...call("a") }] }));
  const token = await box.beginSecondAttempt();
  const second = started(await box.post("children", { starts: [{ sequence: 1, ...call("b") }] }, { token }));

  expect(second).toBe(first);
});

test("inputs are told apart by their content and not by the order of their members", async () => {
  await using box = await GatewayBox.open();
  const call = { sequence: 1, ...keyed };

  const first = started(await box.post("children", { starts: [{ ...call, input: { a: 1, b: 2 } }] }));
  const second = started(await box.post("children", { starts: [{ ...call, input: { b: 2, a: 1 } }] }));

  expect(second).toBe(first);
});

describe("whatever is repeated, lost or seen late", () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ sequence: fc.integer({ min: 1, max: 3 }), key: fc.constantFrom("a", "b", undefined) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ ends: fc.constantFrom("Failed" as const, "Succeeded" as const), child: fc.nat(5) }),
    },
    { weight: 1, arbitrary: fc.constantFrom("lostAnswer" as const, "behind" as const, "caughtUp" as const) },
  );

  test("a key has at most one live child, and a call without a key one child at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const box = new GatewayBox();
        const childrenOf = new Set<string>();

        for (const taken of steps) {
          if (typeof taken === "string") befall(taken, box);
          else if ("ends" in taken) endChild(taken.child, taken.ends, box);
          else {
            const name = await start(taken, box);
            if (name !== undefined && taken.key === undefined) childrenOf.add(`${taken.sequence} ${name}`);
          }

          expect(childrenOf.size).toBe(new Set([...childrenOf].map((pair) => pair.split(" ")[0])).size);
          for (const key of ["a", "b"]) expect(liveChildren(key, box).length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 100 },
    );
  });
});

function befall(fate: "lostAnswer" | "behind" | "caughtUp", box: GatewayBox): void {
  if (fate === "lostAnswer") box.cluster.commitThenFailNext("create", taskRuns, apiError("unavailable"));
  else if (fate === "behind") box.caches.fallBehind();
  else box.caches.catchUp();
}

function endChild(index: number, phase: "Failed" | "Succeeded", box: GatewayBox): void {
  const child = box.children()[index];
  if (child && !isTrue(child.status, "Finished")) box.finish(child.metadata.name, phase);
}

async function start(
  { sequence, key }: { readonly sequence: number; readonly key: string | undefined },
  { deps }: GatewayBox,
): Promise<string | undefined> {
  const pod = { namespace, podName: anAttempt().podName, podUid: podUid(1) };
  const call = { sequence, task: { name: "square" }, input: [], ...(key !== undefined && { key }) };
  try {
    const { children } = await startChildren(pod, [call], deps);
    const [child] = children;
    return child && "name" in child ? child.name : undefined;
  } catch {
    return undefined; // unavailable: the runner asks again
  }
}

function liveChildren(key: string, box: GatewayBox): readonly TaskRun[] {
  return box
    .children()
    .filter((child) => child.metadata.annotations?.[annotation.key] === key && !isTrue(child.status, "Finished"));
}
