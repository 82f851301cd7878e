// Subtasks that a function hands over (S134 to S138, S140).
import { childName } from "@stint/crds/labels";
import { beforeEach, describe, expect, test } from "vitest";

import { allowFailure, currentContext, task, taskRef, type Submission } from "../src/index.ts";
import { attempt, FakeHost, forgetTasks, refusal, succeeded } from "./fakes/host.ts";

const aChild = () => task("child", { retry: { maxRetries: 5 } }, (...args: unknown[]): unknown => args);
let host: FakeHost;
let child: ReturnType<typeof aChild>;

beforeEach(() => {
  forgetTasks();
  host = new FakeHost();
  child = aChild();
});

function inRun(parent: () => unknown): Promise<object> {
  task("parent", parent);
  return attempt("parent", [], host);
}

const submit: ReturnType<typeof currentContext>["submit"] = (...given) => currentContext().submit(...given);
const nameOf = (sequence: number): string => childName({ parentUid: "uid-1", attempt: 2, sequence });
const error = (name: string, message: string) => ({ kind: "failed", error: { name, message } });

describe("ctx.submit", () => {
  test("sends when the function has returned, and the report counts what was sent (S134, S135)", async () => {
    let sentWithin = -1;

    const report = await inRun(() => {
      submit(child, [1]);
      submit(taskRef<[string], string>("media/resize"), ["u"], { maxRetries: 0, optional: true });
      sentWithin = host.starts.length;
      return "done";
    });

    expect(sentWithin).toBe(0);
    expect(host.starts).toEqual([
      { sequence: 1, task: { name: "child" }, input: [1], options: {}, submission: {} },
      {
        sequence: 2,
        task: { bundle: "media", name: "resize" },
        input: ["u"],
        options: { optional: true },
        submission: { maxRetries: 0 },
      },
    ]);
    expect(report).toEqual({ ...succeeded("done"), submitted: 2 });
    expect(host.awaited).toEqual([]);
  });

  test("gives a reference that is known at once, numbered with the calls (S118)", async () => {
    await inRun(() => {
      void child(0);
      expect(submit(child, [1]).id).toBe(nameOf(2));
    });

    expect(host.starts.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  test("follows others with all that stands below them, and takes values of calls (S130, S138)", async () => {
    await inRun(() => {
      const value = child(0);
      const [a, b] = [submit(child, [1]), submit(child, [2])];
      submit(child.with({ timeoutSeconds: 5, waitFor: [allowFailure(child(9))] }), [value], { dependsOn: [a, b] });
    });

    expect(host.starts.find(({ sequence }) => sequence === 5)).toMatchObject({
      input: [null],
      options: {
        timeoutSeconds: 5,
        dependsOn: [
          { run: nameOf(1) },
          { run: nameOf(4), allowFailure: true },
          { run: nameOf(2), scope: "Subtree" },
          { run: nameOf(3), scope: "Subtree" },
        ],
        inputRefs: [{ pointer: "/0", run: nameOf(1) }],
      },
    });
  });

  test("leaves nothing behind when the function fails (S135)", async () => {
    const report = await inRun(() => {
      submit(child, [1]);
      throw new RangeError("bad");
    });

    expect(report).toMatchObject(error("RangeError", "bad"));
    expect(host.starts).toEqual([]);
  });

  test("waits for the answers before the report leaves (S135)", async () => {
    const acknowledged = Promise.withResolvers<void>();
    host.acknowledge = () => acknowledged.promise;
    let isReported = false;
    const report = inRun(() => void submit(child, [1])).finally(() => (isReported = true));

    await new Promise(setImmediate);
    expect(isReported).toBe(false);
    acknowledged.resolve();

    expect(await report).toMatchObject({ kind: "succeeded", submitted: 1 });
  });
});

describe("a hand-over that is refused fails the attempt", () => {
  test("for good if the tree is full (S127)", async () => {
    const message = "run tree of run-1 has reached its size limit of 10000";
    host.acknowledge = ({ sequence }) =>
      sequence === 2 ? Promise.reject(refusal("TreeLimitExceeded", message)) : Promise.resolve();

    const report = await inRun(() => {
      for (const n of [1, 2, 3]) submit(child, [n]);
    });

    expect(report).toMatchObject({ ...error("ClientError", message), reason: "TreeLimitExceeded", retryable: false });
  });

  test("as an error of its own otherwise, and as a cancel where that is the reason (S125)", async () => {
    host.acknowledge = () => Promise.reject(refusal("Canceled", "run run-1 is being canceled"));

    const report = await inRun(() => void submit(child, [1]));

    expect(report).toMatchObject({ ...error("CanceledError", "run run-1 is being canceled"), reason: "TaskError" });
  });
});

describe("ctx.submit throws", () => {
  const untyped = (...given: readonly unknown[]) => Reflect.apply(currentContext().submit, undefined, given);

  test.each<[string, (...given: readonly unknown[]) => unknown, string, string]>([
    ["for what is no task", (s) => untyped(s, []), "TypeError", "submit() takes a task"],
    [
      "for a key (S120)",
      () => submit(child.with({ key: "a" }), []),
      "TypeError",
      'Task "child": option "key" is for calls',
    ],
    [
      "for an unknown option",
      () => untyped(child, [], { queue: "q" }),
      "TypeError",
      'Task "child": unknown option "queue"',
    ],
    [
      "for what is no reference (S137)",
      () => untyped(child, [], { dependsOn: ["trn-1"] }),
      "TypeError",
      "dependsOn takes references returned by submit()",
    ],
    [
      "for an instance in the place of a reference (S137)",
      () => untyped(child, [], { dependsOn: [child(1)] }),
      "TypeError",
      "dependsOn takes references returned by submit()",
    ],
    [
      "for a number of retries out of its bounds (S28)",
      () => submit(child, [], { maxRetries: 101 }),
      "RangeError",
      'Task "child": maxRetries must be an integer from 0 to 100, got 101',
    ],
    [
      "for an argument that is not JSON (S42)",
      () => submit(child, [1n]),
      "TypeError",
      'argument 1 of task "child" is not JSON-serializable: value at $ is a bigint',
    ],
  ])("%s", async (_, call, name, message) => {
    expect(await inRun(() => call("child"))).toMatchObject(error(name, message));
    expect(host.starts.filter(({ submission }) => submission)).toEqual([]);
  });

  test("for the 1001st of an attempt (S135)", async () => {
    const report = await inRun(() => {
      for (let n = 0; n <= 1000; n++) submit(child, [n]);
    });

    expect(report).toMatchObject(error("RangeError", "run run-1 submitted 1001 subtasks, the limit is 1000"));
    expect(host.starts).toEqual([]);
  });

  test("for a reference of another run (S137)", async () => {
    let foreign: Submission | undefined;
    task("other", () => void (foreign = submit(child, [])));
    await attempt("other", [], host, { uid: "uid-2" });

    const report = await inRun(() => submit(child, [], { dependsOn: foreign ? [foreign] : [] }));

    const message = `subtask ${foreign?.id} does not belong to run run-1`;
    expect(report).toMatchObject(error("TypeError", message));
  });

  test("once the function has returned", async () => {
    let late: unknown;
    await inRun(() => {
      const context = currentContext();
      setImmediate(() => {
        try {
          context.submit(child, []);
        } catch (thrown) {
          late = thrown;
        }
      });
    });
    await new Promise(setImmediate);
    await new Promise(setImmediate);

    expect(late).toEqual(new Error("run run-1 has returned: submit() comes too late"));
  });
});

test("inside .local() a submission is checked and not run (S112)", () => {
  let runs = 0;
  const counted = task("counted", () => void runs++);
  const outer = task("outer", () => {
    const first = submit(counted, []);
    return submit(counted, [], { dependsOn: [first] }).id;
  });

  expect(outer.local()).toMatch(/^trn-/);
  expect(runs).toBe(0);
});
