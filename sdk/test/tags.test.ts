// The tags that a run is started with (S18, S19, S26).
import { beforeEach, describe, expect, test } from "vitest";

import { currentContext, task, taskRef, withTags } from "../src/index.ts";
import { attempt, FakeHost, forgetTasks } from "./fakes/host.ts";

let host: FakeHost;

beforeEach(() => {
  forgetTasks();
  host = new FakeHost();
});

/** The options with which `parent` starts what it starts. */
async function startedBy(parent: () => unknown): Promise<unknown[]> {
  task("parent", parent);
  const report = await attempt("parent", [], host);
  expect(report).toMatchObject({ kind: "succeeded" });
  return [...host.starts, ...host.triggered].map(({ options }) => options);
}

const aChild = () => task("child", { tags: ["own"] }, (n: number) => n);

describe("withTags()", () => {
  test("tags every run started inside, across awaits; nested ones add up, each tag once (S19)", async () => {
    const child = aChild();

    const options = await startedBy(() =>
      withTags(["nightly"], async () => {
        void child(1);
        await new Promise(setImmediate);
        void child(2);
        await withTags(["eu", "nightly"], () => child.trigger([3]));
        void child(4);
      }),
    );

    expect(options).toEqual([
      { tags: ["nightly"] },
      { tags: ["nightly"] },
      { tags: ["nightly"] },
      { tags: ["nightly", "eu"] },
    ]);
  });

  test("tags nothing outside, gives what its function gives, and two side by side do not mix", async () => {
    const child = aChild();
    const once = async (tag: string) =>
      withTags([tag], async () => {
        await new Promise(setImmediate);
        await child(1);
        return tag;
      });

    const given: unknown[] = [];
    const options = await startedBy(async () => {
      given.push(...(await Promise.all([once("a"), once("b")])));
      await child(2);
    });

    expect(given).toEqual(["a", "b"]);
    expect(options).toEqual([{ tags: ["a"] }, { tags: ["b"] }, undefined]);
  });

  test("refuses a bad tag (S18)", () => {
    const error = new TypeError('tag "a b" is not allowed: use 1 to 63 of A-Z a-z 0-9 _ - .');

    expect(() => withTags(["ok", "a b"], () => 1)).toThrow(error);
  });
});

describe("with()", () => {
  test("puts its tags in the place of the task's own, and the run says so (S26)", async () => {
    const child = aChild();

    const options = await startedBy(async () => {
      await child.with({ tags: ["other"] })(1);
      await child.with({ tags: [] })(2);
      await child.with({ tags: ["other"] }).with({ timeoutSeconds: 5 })(3);
      await child.with({ timeoutSeconds: 5 })(4);
    });

    expect(options).toEqual([
      { tags: ["other"], tagPolicy: "Replace" },
      { tags: [], tagPolicy: "Replace" },
      { timeoutSeconds: 5, tags: ["other"], tagPolicy: "Replace" },
      { timeoutSeconds: 5 },
    ]);
  });

  test("leaves the tags around the call and those of a trigger, which are joined (S18)", async () => {
    const child = aChild();

    const options = await startedBy(() =>
      withTags(["nightly"], async () => {
        await child.with({ tags: ["other"] })(1);
        await child.with({ tags: ["other"] }).trigger([2], { tags: ["mine"] });
        await taskRef<[number]>("media/resize").trigger([3], { tags: ["mine"] });
      }),
    );

    expect(options).toEqual([
      { tags: ["other", "nightly"], tagPolicy: "Replace" },
      { tags: ["other", "nightly", "mine"], tagPolicy: "Replace" },
      { tags: ["nightly", "mine"] },
    ]);
  });
});

describe("50 tags are the most", () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => `t${at}`);

  test("after all are joined (S18)", async () => {
    const child = aChild();
    const caught: unknown[] = [];

    await startedBy(async () => {
      await withTags(many(49), () => child(1));
      await withTags(many(50), async () => child.with({ tags: [] })(2));
      try {
        await withTags(many(50), () => child(3));
      } catch (error) {
        caught.push(error);
      }
    });

    expect(caught).toEqual([new RangeError('Task "child": tags must be at most 50 strings, got 51')]);
    expect(host.starts).toHaveLength(2);
  });
});

test("a local run has the tags that it would have in a cluster (S112)", async () => {
  const child = task("child", { tags: ["own"] }, () => currentContext().tags);
  const outer = task("outer", async () =>
    withTags(["nightly"], async () => [await child(), await child.with({ tags: ["other"] })()]),
  );

  expect(await outer.local()).toEqual([
    ["own", "nightly"],
    ["other", "nightly"],
  ]);
});

test("children do not inherit the tags of the run that starts them (S18)", async () => {
  const child = aChild();
  task("tagged", { tags: ["mine"] }, async () => child(1));

  await attempt("tagged", [], host, { tags: ["mine", "of the run"] });

  expect(host.starts[0]).not.toHaveProperty("options");
});
