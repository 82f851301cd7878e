// Runs that depend on others: instances as arguments, `waitFor`, `allowFailure` (S130 to S133).
import { childName } from "@stint/crds/labels";
import { beforeEach, describe, expect, test } from "vitest";

import { allowFailure, currentContext, task, TaskRunError, type TaskInstance } from "../src/index.ts";
import { anOutcome, attempt, FakeHost, forgetTasks, refusal } from "./fakes/host.ts";

const aChild = () => task("child", (...args: unknown[]): unknown => args);
let host: FakeHost;
let child: ReturnType<typeof aChild>;

beforeEach(() => {
  forgetTasks();
  host = new FakeHost();
  child = aChild();
});

/** What the parent's function gives, or what it throws. */
async function inRun(parent: () => unknown): Promise<unknown> {
  task("parent", parent);
  const report = await attempt("parent", [], host);
  return report.kind === "succeeded" ? report.value : `${report.error.name}: ${report.error.message}`;
}

const nameOf = (sequence: number): string => childName({ parentUid: "uid-1", attempt: 2, sequence });
const asked = (sequence: number) => host.starts.find((start) => start.sequence === sequence);

describe("an instance as an argument (S130)", () => {
  test("holds the place of its value, and nobody waits for it here", async () => {
    host.childEnds = (_, name) => anOutcome(`not ${name}`);

    await inRun(() => {
      const first = child(1);
      child("x", first, { list: [0, first], "a/b": child(2) });
    });

    expect(asked(3)).toMatchObject({
      input: ["x", null, { list: [0, null], "a/b": null }],
      options: {
        dependsOn: [{ run: nameOf(1) }, { run: nameOf(2) }],
        inputRefs: [
          { pointer: "/1", run: nameOf(1) },
          { pointer: "/2/list/1", run: nameOf(1) },
          { pointer: "/2/a~1b", run: nameOf(2) },
        ],
      },
    });
    expect(host.awaited).toEqual([]);
  });

  test("of a keyed call is named once its start is acknowledged, and sent after it", async () => {
    await inRun(() => void child(child.with({ key: "a" })(1)));

    expect(host.starts.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(asked(2)?.options?.inputRefs).toEqual([{ pointer: "/0", run: "keyed-a" }]);
  });

  test("that was refused refuses what depends on it", async () => {
    host.acknowledge = ({ sequence }) =>
      sequence === 1 ? Promise.reject(refusal("TreeLimitExceeded", "run tree of run-1 is full")) : Promise.resolve();

    const told = await inRun(async () => child(child(1)));

    expect(told).toBe("ClientError: run tree of run-1 is full");
    expect(host.starts).toHaveLength(1);
  });

  test("may be an element that map walks, of a list that map gave (S128)", async () => {
    await inRun(() => child.map(child.map([1, 2])));

    expect([asked(3), asked(4)]).toMatchObject([
      { input: [null], options: { inputRefs: [{ pointer: "/0", run: nameOf(1) }] } },
      { input: [null], options: { inputRefs: [{ pointer: "/0", run: nameOf(2) }] } },
    ]);
  });

  test("may stand in a list of them: a fan-in", async () => {
    await inRun(() => void child(child.map([1, 2])));

    expect(asked(3)).toMatchObject({
      input: [[null, null]],
      options: { inputRefs: [{ pointer: "/0/0" }, { pointer: "/0/1" }] },
    });
  });

  test("is none of a trigger: a root run waits for no child", async () => {
    expect(await inRun(() => child.trigger([child(1)]))).toBe(
      'TypeError: argument 1 of task "child" is not JSON-serializable: value at $ is an instance of Instance',
    );
  });

  test("is not waited for by a trigger either", async () => {
    expect(await inRun(() => child.with({ waitFor: [child(1)] }).trigger([1]))).toBe(
      'TypeError: Task "child": option "waitFor" is for calls',
    );
  });

  test("cannot be one of more than 1000", async () => {
    const told = await inRun(() => child(child.map(Array.from({ length: 1001 }, (_, n) => n))));

    expect(told).toBe('RangeError: Task "child": dependsOn must be at most 1000 runs, got 1001');
    expect(host.starts).toHaveLength(1001);
  });
});

describe("waitFor (S131)", () => {
  test("names what comes before, and puts nothing into the input", async () => {
    await inRun(() => {
      const [a, b] = [child(1), child(2)];
      child.with({ waitFor: [a, b, a], timeoutSeconds: 5 })(3);
    });

    expect(asked(3)).toEqual({
      sequence: 3,
      task: { name: "child" },
      input: [3],
      options: { timeoutSeconds: 5, dependsOn: [{ run: nameOf(1) }, { run: nameOf(2) }] },
    });
  });

  test("takes the list that map gave", async () => {
    await inRun(() => void child.with({ waitFor: child.map([1, 2]) })());

    expect(asked(3)?.options?.dependsOn).toEqual([{ run: nameOf(1) }, { run: nameOf(2) }]);
  });

  test.each([[["run-1"]], [[Promise.resolve()]], ["run-1"]])("is refused for %j", async (waitFor) => {
    const untyped: { with(options: object): unknown } = child;

    expect(await inRun(() => untyped.with({ waitFor }))).toContain(
      'RangeError: Task "child": waitFor must be a list of task instances, got',
    );
  });
});

describe("allowFailure (S133)", () => {
  test("says so of the run, unless another place does not", async () => {
    await inRun(() => {
      const [a, b, c] = [child(1), child(2), child(3)];
      child.with({ waitFor: [allowFailure(a), allowFailure(b)] })(a, allowFailure(c));
    });

    expect(asked(4)?.options).toEqual({
      dependsOn: [{ run: nameOf(1) }, { run: nameOf(3), allowFailure: true }, { run: nameOf(2), allowFailure: true }],
      inputRefs: [
        { pointer: "/0", run: nameOf(1) },
        { pointer: "/1", run: nameOf(3) },
      ],
    });
  });

  test("gives the consumer an error where the value would be", async () => {
    const outcome = anOutcome("run-a", {
      phase: "Failed",
      reason: "TaskError",
      message: "failed after 1 attempt(s): bad",
    });
    let seen: unknown;
    task("consumer", (value: unknown, { inner }: { inner: unknown }) => {
      seen = [value, inner, currentContext().input];
    });

    await attempt("consumer", [1, { inner: null }], host, { failures: [{ pointer: "/1/inner", outcome }] });

    expect(seen).toEqual([1, expect.any(TaskRunError), [1, { inner: null }]]);
    expect(seen).toMatchObject([1, { runId: "run-a", reason: "TaskError" }, {}]);
  });

  test("takes no data for an error", async () => {
    let seen: unknown;
    task("consumer", (value: unknown) => void (seen = value));
    const data = { name: "TaskRunError", runId: "run-a", message: "bad" };

    await attempt("consumer", [data], host);

    expect(seen).toEqual(data);
    expect(seen).not.toBeInstanceOf(Error);
  });
});

test("the context tells how the runs ended that this one depends on (S142)", async () => {
  const upstream = [{ run: "a", phase: "Succeeded", reason: "Completed" }] as const;
  task("consumer", () => currentContext().upstream);

  expect(await attempt("consumer", [], host, { upstream })).toMatchObject({ value: upstream });
});

test("a run that was skipped says why when it is awaited (S115)", async () => {
  host.childEnds = (_, name) => anOutcome(name, { phase: "Skipped", reason: "UpstreamFailed", message: "m" });

  expect(await inRun(async () => child(1))).toBe(
    `TaskRunError: Task run ${nameOf(1)} (demo/child) was skipped: UpstreamFailed`,
  );
});

describe("inside .local() (S112)", () => {
  const fails = () =>
    task("fails", (): number => {
      throw new RangeError("bad");
    });

  test("a value goes where its run stands, and the order holds", async () => {
    const order: string[] = [];
    const note = task("note", async (text: string) => {
      await new Promise(setImmediate);
      order.push(text);
      return text.length;
    });
    const sum = task("sum", (numbers: number[]) => numbers.reduce((x, y) => x + y));
    const outer = task("outer", async () => {
      const first = note("first");
      const last = note.with({ waitFor: [first] })("last");
      return [await sum([first, 10, last]), (await last.details()).phase];
    });

    expect(await outer.local()).toEqual([19, "Succeeded"]);
    expect(order).toEqual(["first", "last"]);
  });

  test("a failure skips what depends on it (S132), unless it is allowed (S133)", async () => {
    const broken = fails();
    const nameOfError = task("name", (value: number | TaskRunError) => (value instanceof Error ? value.name : value));
    const outer = task("outer", async () => {
      const failed: TaskInstance<number> = broken();
      const { phase, reason, message } = await nameOfError(failed).details();
      return [phase, reason, message, await nameOfError(allowFailure(failed))];
    });

    expect(await outer.local()).toEqual(["Skipped", "UpstreamFailed", "upstream run local is Failed", "TaskRunError"]);
  });
});
