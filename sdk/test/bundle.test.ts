import { beforeEach, describe, expect, test } from "vitest";

import { bundle, combine, task } from "../src/index.ts";
import { forgetTasks, registry } from "./fakes/host.ts";

beforeEach(forgetTasks);

const fn = (n: number): number => n;

async function settingsOf(name: string): Promise<object | undefined> {
  const manifest = await registry().manifest();
  return manifest.find((entry) => entry.name === name)?.settings;
}

describe("a bundle()", () => {
  test("gives its defaults to its tasks, each taken whole from the task if that sets it (S8, S9)", async () => {
    const app = bundle({ timeoutSeconds: 300, instanceType: "pro", retry: { maxRetries: 9, jitterFactor: 1 } });

    const plain = app.task("plain", fn);
    const own = app.task("own", { timeoutSeconds: 5, retry: { maxRetries: 0 } }, fn);

    expect(plain.options).toEqual({
      timeoutSeconds: 300,
      instanceType: "pro",
      retry: { maxRetries: 9, jitterFactor: 1 },
    });
    expect(own.options).toEqual({ timeoutSeconds: 5, instanceType: "pro", retry: { maxRetries: 0 } });
    expect(await settingsOf("plain")).toEqual(plain.options);
    expect(await settingsOf("own")).toEqual(own.options);
  });

  test("has tags and labels for its tasks, and a task's own are taken instead (S9)", async () => {
    const app = bundle({ tags: ["group"], labels: { team: "a" }, gracePeriodSeconds: 0, logPrints: true });
    app.task("plain", fn);
    app.task("own", { tags: [], labels: { type: "cpu" } }, fn);

    expect(await registry().manifest()).toMatchObject([
      { tags: ["group"], labels: { team: "a" }, settings: { gracePeriodSeconds: 0, logPrints: true } },
      { tags: [], labels: { type: "cpu" } },
    ]);
  });

  test("takes all four forms of a definition, and an option that is undefined counts as absent", () => {
    const app = bundle({ timeoutSeconds: 5 });
    const other = bundle();

    expect(app.task(fn).options).toEqual({ timeoutSeconds: 5 });
    expect(
      other.task({ deadlineSeconds: 9 }, function one() {
        return 1;
      }).options,
    ).toEqual({ deadlineSeconds: 9 });
    expect(app.task("named", { timeoutSeconds: undefined } as object, fn).options).toEqual({ timeoutSeconds: 5 });
  });

  test.each([
    { own: { resources: { cpu: 2 } }, inForce: { resources: { cpu: 2 } } },
    { own: { instanceType: "pro" }, inForce: { instanceType: "pro" } },
  ])("gives way as a size, however the task says its own: $own (S61)", ({ own, inForce }) => {
    const types = bundle({ instanceType: "starter" });
    const profiles = bundle({ resources: { memoryMb: 512 } });

    expect(types.task("a", own, fn).options).toEqual(inForce);
    expect(profiles.task("b", own, fn).options).toEqual(inForce);
  });

  test("whose default is wrong is refused by the first task that takes it (S28)", () => {
    const app = bundle({ timeoutSeconds: 0 });

    const problem = 'Task "a": timeoutSeconds must be an integer from 1 to 604800, got 0';
    expect(() => app.task("a", fn)).toThrow(new RangeError(problem));
    expect(() => app.task("a", { timeoutSeconds: 1 }, fn)).not.toThrow();
  });

  test("does not follow later changes of the object that its defaults came from", () => {
    const defaults = { timeoutSeconds: 5 };
    const app = bundle(defaults);

    defaults.timeoutSeconds = 50;

    expect(app.task("a", fn).options).toEqual({ timeoutSeconds: 5 });
  });
});

describe("several groups (S10)", () => {
  test("are joined with the defaults that each has given to its tasks", () => {
    const fast = bundle({ timeoutSeconds: 5 });
    const slow = bundle({ timeoutSeconds: 500 });
    const [a, b] = [fast.task("a", fn), slow.task("b", fn)];

    const all = combine(fast, slow);

    expect(all.tasks).toEqual([a, b]);
    expect(all.tasks.map(({ options }) => options)).toEqual([{ timeoutSeconds: 5 }, { timeoutSeconds: 500 }]);
    expect(combine(all, fast).tasks).toEqual([a, b]);
  });

  test("cannot both have a task of one name; the first stays", async () => {
    const [first, second] = [bundle({ timeoutSeconds: 5 }), bundle()];
    first.task("square", fn);

    const error = new Error('Task "square" is defined in more than one bundle()');
    expect(() => second.task("square", fn)).toThrow(error);
    expect(second.tasks).toEqual([]);
    expect(await settingsOf("square")).toEqual({ timeoutSeconds: 5 });
  });

  test("but a name that is taken within one group, or outside of any, is just taken (S5)", () => {
    const app = bundle();
    app.task("a", fn);
    task("b", fn);

    expect(() => app.task("a", fn)).toThrow(new Error('Task "a" is already registered'));
    expect(() => app.task("b", fn)).toThrow(new Error('Task "b" is already registered'));
    expect(() => task("a", fn)).toThrow(new Error('Task "a" is already registered'));
  });
});
