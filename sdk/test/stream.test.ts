import type { StreamNews, StreamPosition } from "@stint/crds/attempt";
import type { Json } from "@stint/crds/json";
import { childName } from "@stint/crds/labels";
import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";

import { task, TaskRunError } from "../src/index.ts";
import { readValues } from "../src/stream.ts";
import { anOutcome, attempt, failed, FakeHost, forgetTasks, succeeded } from "./fakes/host.ts";

beforeEach(forgetTasks);

const first = childName({ parentUid: "uid-1", attempt: 2, sequence: 1 });

function defineCount() {
  return task("count", function* (to: number) {
    for (let n = 1; n <= to; n++) yield n;
  });
}

/** A parent that reads the child and gives what it has got, with the error that ended it. */
function defineReader(count = defineCount()) {
  return task("reader", async () => {
    const got: Json[] = [];
    try {
      for await (const n of count(3)) got.push(n);
    } catch (error) {
      got.push(error instanceof TaskRunError ? error.reason : String(error));
    }
    return got;
  });
}

/** What a reader gets in turn, and then the child's outcome. */
function script(host: FakeHost, ...news: readonly StreamNews[]): void {
  let turn = 0;
  host.streams.set(first, () => news[turn++]);
}

function values(attemptNumber: number, from: number, ...list: Json[]): StreamNews {
  return { values: list, next: { attempt: attemptNumber, chunk: 0, value: from + list.length } };
}

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

describe("for await over a child", () => {
  test("gives each value as it comes (S24)", async () => {
    defineReader();
    const host = new FakeHost();
    script(host, values(1, 0, 1, 2), values(1, 2, 3));
    host.childEnds = (_, name) => anOutcome(name, { result: [1, 2, 3] });

    expect(await attempt("reader", [], host)).toEqual(succeeded([1, 2, 3]));
  });

  test("gives what is only in the result from there", async () => {
    defineReader();
    const host = new FakeHost();
    script(host, values(1, 0, 1));
    host.childEnds = (_, name) => anOutcome(name, { result: [1, 2, 3] });

    expect(await attempt("reader", [], host)).toEqual(succeeded([1, 2, 3]));
  });

  test("begins anew with a retry, delivered values included (S24)", async () => {
    defineReader();
    const host = new FakeHost();
    script(host, values(1, 0, 1, 2), values(2, 0, 1));
    host.childEnds = (_, name) => anOutcome(name, { attempts: 3, result: [1, 2, 3] });

    expect(await attempt("reader", [], host)).toEqual(succeeded([1, 2, 1, 1, 2, 3]));
  });

  test("throws after the values of a run that fails", async () => {
    defineReader();
    const host = new FakeHost();
    script(host, values(1, 0, 1, 2));
    host.childEnds = (_, name) => anOutcome(name, { phase: "Failed", reason: "TimedOut" });

    expect(await attempt("reader", [], host)).toEqual(succeeded([1, 2, "TimedOut"]));
  });

  test("gives the elements of a list that a plain function returns, and refuses any other result", async () => {
    defineReader();
    const list = new FakeHost();
    list.childEnds = (_, name) => anOutcome(name, { result: ["a", "b"] });
    const number = new FakeHost();
    number.childEnds = (_, name) => anOutcome(name, { result: 3 });

    expect(await attempt("reader", [], list)).toEqual(succeeded(["a", "b"]));
    expect(await attempt("reader", [], number)).toEqual(
      succeeded([`TypeError: task run ${first} (demo/child) has no values: its result is no list`]),
    );
  });

  test("may be left before its end", async () => {
    const count = defineCount();
    task("taker", async () => {
      for await (const n of count(3)) return n;
      return undefined;
    });
    const host = new FakeHost();
    script(host, values(1, 0, 1, 2));

    expect(await attempt("taker", [], host)).toEqual(succeeded(1));
  });
});

test("however a result is cut into news, and read again, a reader has each value once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer(), { minLength: 1, maxLength: 4 })),
      fc.nat(5),
      async (chunks, seen) => {
        const all = chunks.flat();
        const told = chunks.slice(0, seen);
        const next = async ({ chunk, value }: StreamPosition): Promise<StreamNews> => {
          const at = value === 0 ? chunk : chunk + 1;
          const found = told[at];
          if (found) return { values: found, next: { attempt: 1, chunk: at, value: found.length } };
          return { outcome: anOutcome("child", { result: all }) };
        };

        expect(await collected(readValues({ valuesAfter: next }))).toEqual(all);
      },
    ),
  );
});

describe("a generator", () => {
  test("tells each value to the process as JSON, in order (S24)", async () => {
    task("mixed", function* () {
      yield 1;
      yield { at: new Date(0), gone: undefined };
    });
    const host = new FakeHost();

    await attempt("mixed", [], host);

    expect(host.values).toEqual([1, { at: "1970-01-01T00:00:00.000Z" }]);
  });

  test("cannot yield a generator (S24, S48)", async () => {
    task("nested", function* () {
      yield (function* () {
        yield 1;
      })();
    });
    const host = new FakeHost();

    expect(await attempt("nested", [], host)).toEqual(
      failed(
        "ResultNotSerializable",
        "TypeError",
        'result of task "nested" is not JSON-serializable: value at $[0] is a generator',
      ),
    );
    expect(host.values).toEqual([]);
  });
});

describe("in local()", () => {
  test("values come as they are produced (S112)", async () => {
    const said: string[] = [];
    const count = task("count", async function* (to: number) {
      for (let n = 1; n <= to; n++) {
        said.push(`yields ${n}`);
        yield n;
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const reader = task("reader", async () => {
      for await (const n of count(3)) said.push(`reads ${n}`);
    });

    await reader.local();

    expect(said).toEqual(["yields 1", "reads 1", "yields 2", "reads 2", "yields 3", "reads 3"]);
  });

  test("a failure comes after them, and a list's elements come at its end", async () => {
    const broken = task("broken", function* () {
      yield 1;
      throw new Error("broke");
    });
    const list = task("list", () => ["a", "b"]);
    const reader = task("reader", async () => {
      const got: unknown[] = await collected(list());
      try {
        for await (const n of broken()) got.push(n);
      } catch (error) {
        got.push(error instanceof TaskRunError && error.reason);
      }
      return got;
    });

    expect(await reader.local()).toEqual(["a", "b", 1, "TaskError"]);
  });
});
