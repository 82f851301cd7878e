// What `currentContext()` answers outside a run, for those who ask it to (S290).
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { currentContext, getRunLogger, task, withContext } from "../src/index.ts";
import { attempt, forgetTasks } from "./fakes/host.ts";

beforeEach(forgetTasks);
afterEach(() => {
  vi.unstubAllEnvs();
});

const outside = new Error("currentContext() called outside a run");

describe("withContext()", () => {
  test("makes up a context, whose other fields are those of a local run", () => {
    const context = withContext({ attempt: 3, tags: ["x"] }, () => currentContext());

    expect(context).toMatchObject({ attempt: 3, tags: ["x"], runId: "local", executionId: "local", maxRetries: 0 });
    expect(() => currentContext()).toThrow(outside);
  });

  test("lasts across awaits, and nested calls add up", async () => {
    const seen = await withContext({ attempt: 3, runId: "run-9" }, async () => {
      await new Promise(setImmediate);
      return withContext({ attempt: 4 }, () => currentContext());
    });

    expect(seen).toMatchObject({ attempt: 4, runId: "run-9", executionId: "run-9", rootRunId: "run-9" });
  });

  test("tells a task that runs here what it is to see", () => {
    const look = task("look", (_n: number) => [currentContext().attempt, currentContext().taskName]);

    expect(withContext({ attempt: 3 }, () => look.local(1))).toEqual([3, "look"]);
  });

  test("makes no run: nothing can be started in it", () => {
    const square = task("square", (n: number) => n * n);

    expect(() => withContext({ attempt: 3 }, () => square(2))).toThrow('Task "square" called outside a run');
  });

  test("changes nothing inside an attempt", async () => {
    task("t", () => withContext({ attempt: 9 }, () => currentContext().attempt));

    expect(await attempt("t", [])).toMatchObject({ value: 2 });
  });
});

describe("the environment", () => {
  test("makes up a context too, field by field", () => {
    vi.stubEnv("STINT_RUNTIME__TASK_RUN__ATTEMPT", "3");
    vi.stubEnv("STINT_RUNTIME__TASK_RUN__ROOT_RUN_ID", "top");
    vi.stubEnv("STINT_RUNTIME__TASK_RUN__TAGS", "x,y");
    vi.stubEnv("STINT_RUNTIME__TASK_RUN__DEADLINE", "2026-01-01T00:00:00Z");

    expect(currentContext()).toMatchObject({
      attempt: 3,
      rootRunId: "top",
      tags: ["x", "y"],
      deadline: new Date("2026-01-01T00:00:00Z"),
      runId: "local",
    });
    expect(() => getRunLogger()).not.toThrow();
    expect(withContext({ attempt: 4 }, () => currentContext())).toMatchObject({ attempt: 4, rootRunId: "top" });
  });

  test("is ignored inside an attempt, also by what runs locally there", async () => {
    vi.stubEnv("STINT_RUNTIME__TASK_RUN__ATTEMPT", "9");
    const inner = task("inner", () => currentContext().attempt);
    task("t", () => [currentContext().attempt, inner.local()]);

    expect(await attempt("t", [])).toMatchObject({ value: [2, 1] });
  });

  test.each([
    ["ATEMPT", "3", "STINT_RUNTIME__TASK_RUN__ATEMPT names no field of the context that a variable can set"],
    ["ATTEMPT", "three", 'STINT_RUNTIME__TASK_RUN__ATTEMPT must be a number, got "three"'],
    ["REVISION", "", 'STINT_RUNTIME__TASK_RUN__REVISION must be a number, got ""'],
    ["DEADLINE", "soon", 'STINT_RUNTIME__TASK_RUN__DEADLINE must be an instant, got "soon"'],
  ])("is refused where it makes no sense: %s=%s", (field, value, problem) => {
    vi.stubEnv(`STINT_RUNTIME__TASK_RUN__${field}`, value);

    expect(() => currentContext()).toThrow(new TypeError(problem));
  });
});
