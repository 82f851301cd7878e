// Runs that wait for others, and runs that hand others over, with the real functions (S128 to S140).
import { allowFailure, currentContext, NonRetryableError, task, type TaskRunError } from "@stint/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createHarness, type Harness } from "../src/index.ts";
import { square } from "./tasks.ts";

const total = task("total", (values: readonly number[], start: number) => {
  const { upstream } = currentContext();
  return { sum: values.reduce((x, y) => x + y, start), after: upstream.map(({ phase }) => phase) };
});
const broken = task("broken", { retry: { maxRetries: 0 } }, (): number => {
  throw new RangeError("bad");
});
const described = task("described", (value: number | TaskRunError) =>
  value instanceof Error ? `${value.name}: ${value.reason}` : `${value}`,
);
const log: string[] = [];
const note = task("note", (text: string) => void log.push(text));

/** Hands three notes over, the last after the others; its first attempt fails after it has submitted. */
const plan = task("plan", { retry: { maxRetries: 1, waitDurationMs: 0 } }, () => {
  const { submit, attempt } = currentContext();
  const [a, b] = [submit(note, [`a${attempt}`]), submit(note, [`b${attempt}`])];
  submit(note, [`c${attempt}`], { dependsOn: [a, b] });
  if (attempt === 1) throw new Error("submitted for nothing");
  return "planned";
});
const tasks = [square, total, broken, described, note, plan];
let h: Harness;

beforeEach(async () => {
  log.length = 0;
  h = await createHarness({ tasks });
});

afterEach(() => h.close());

describe("a run that takes the results of others", () => {
  test("starts when they are there, and its caller has waited for none (S130, S142)", async () => {
    const fanIn = task("fan-in", async () => total(square.map([1, 2, 3]), square(10)));
    await using own = await createHarness({ tasks: [fanIn, square, total] });

    const { result } = await own.run(fanIn, []);

    expect(result).toEqual({ sum: 114, after: Array.from({ length: 4 }, () => "Succeeded") });
  });

  test("is skipped if one of them fails (S132), unless that is allowed (S133)", async () => {
    const careful = task("careful", async () => {
      const failed = broken();
      const { phase, reason, message } = await described(failed).details();
      return { phase, reason, message, failed: failed.id, allowed: await described(allowFailure(failed)) };
    });
    await using own = await createHarness({ tasks: [careful, broken, described] });

    const { result } = await own.run(careful, []);

    expect(result).toMatchObject({
      phase: "Skipped",
      reason: "UpstreamFailed",
      message: expect.stringMatching(/^upstream run trn-\w+ is Failed$/),
      allowed: "TaskRunError: TaskError",
    });
  });

  test("may be one of a thousand (S128, S130)", { timeout: 600_000 }, async () => {
    const wide = task("wide", async (n: number) => total(square.map(Array.from({ length: n }, (_, at) => at)), 0));
    await using own = await createHarness({ tasks: [wide, square, total] });

    const run = await own.run(wide, [1000]);

    expect(run).toMatchObject({ phase: "Succeeded", result: { sum: 332_833_500 } });
    const all = await own.runs();
    expect(all).toHaveLength(1002);
    expect(all.filter(({ attempts }) => attempts.length !== 1)).toEqual([]);
  });
});

describe("a run that hands others over", () => {
  test("ends when they have, and its failed attempt leaves nothing behind (S134 to S136)", async () => {
    const run = await h.run(plan, []);

    expect(run).toMatchObject({ phase: "Succeeded", result: "planned" });
    expect(log.toSorted()).toEqual(["a2", "b2", "c2"]);
    expect(log.at(-1)).toBe("c2");
    expect(await h.runs()).toHaveLength(4);
  });

  test("fails with them (S139)", async () => {
    const doomed = task("doomed", () => {
      const { submit } = currentContext();
      submit(note, ["never"], { dependsOn: [submit(broken, [])] });
    });
    await using own = await createHarness({ tasks: [doomed, broken, note] });

    const run = await own.run(doomed, []);

    expect(run).toMatchObject({ phase: "Failed", reason: "SubtaskFailed" });
    const [, ...below] = await own.runs();
    expect(below.map(({ reason }) => reason).toSorted()).toEqual(["TaskError", "TreeFailed"]);
    expect(log).toEqual([]);
  });

  test("counts the retries that it was told (S134)", async () => {
    let tries = 0;
    const flaky = task("twice", { retry: { maxRetries: 9, waitDurationMs: 0 } }, () => {
      tries++;
      throw new Error("again");
    });
    const starter = task("starter", () => void currentContext().submit(flaky, [], { maxRetries: 1, optional: true }));
    await using own = await createHarness({ tasks: [starter, flaky] });

    const run = await own.run(starter, []);

    expect(run.phase).toBe("Succeeded");
    expect(tries).toBe(2);
  });

  test("may hand over many, and not more than a thousand (S135)", async () => {
    const many = task("many", { retry: { maxRetries: 0 } }, (n: number) => {
      for (let at = 0; at < n; at++) currentContext().submit(square, [at]);
    });
    await using own = await createHarness({ tasks: [many, square] });

    const some = await own.run(many, [150]);
    const tooMany = await own.run(many, [1001]);

    expect(some.phase).toBe("Succeeded");
    expect(tooMany.error?.message).toMatch(/^run \S+ submitted 1001 subtasks, the limit is 1000$/);
    expect(await own.runs()).toHaveLength(152);
  });

  test("is not handed over by what ends for good (S135)", async () => {
    const final = task("final", () => {
      currentContext().submit(note, ["never"]);
      throw new NonRetryableError("no");
    });
    await using own = await createHarness({ tasks: [final, note] });

    expect(await own.run(final, [])).toMatchObject({ phase: "Failed", reason: "NonRetryableError" });
    expect(await own.runs()).toHaveLength(1);
  });
});
