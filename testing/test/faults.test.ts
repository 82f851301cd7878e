// Faults: a pod ends as in a cluster, and the run takes it from there (S289).
import { FinalReason, InfrastructureReason, UserReason } from "@stint/crds/conditions";
import { currentContext, DisruptionError, task } from "@stint/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createHarness, type Fault, type Harness } from "../src/index.ts";
import { endings, Fault as allFaults } from "../src/memory/faults.ts";

const heard: unknown[] = [];
/** Until its first attempt has ended; after that it returns at once. */
const patient = task("patient", async () => {
  const { attempt, signal } = currentContext();
  if (attempt > 1) return `attempt ${attempt}`;
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      heard.push(signal.reason);
      reject(signal.reason);
    });
  });
});
/** As {@link patient}, but it has something to say for itself whatever happens. */
const stubborn = task("stubborn", async () => {
  const { attempt, signal } = currentContext();
  if (attempt === 1) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  return attempt;
});
const square = task("square", (n: number) => n * n);

const classes: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(UserReason).map((reason) => [reason, "User"])),
  ...Object.fromEntries(Object.keys(InfrastructureReason).map((reason) => [reason, "Infrastructure"])),
  ...Object.fromEntries(Object.keys(FinalReason).map((reason) => [reason, "Final"])),
};
const faults = Object.keys(allFaults) as Fault[]; // its own keys
const ofRunning = faults.filter((fault) => endings[fault].when === "running");
const ofStarting = faults.filter((fault) => endings[fault].when === "starting");
const told: readonly Fault[] = ["Evicted", "Preempted", "NodeShutdown", "PodDeleted"];

let h: Harness;

beforeEach(async () => {
  heard.length = 0;
  h = await createHarness({ tasks: [patient, stubborn, square] });
});

afterEach(() => h.close());

test("there is a fault for every reason that a pod's end can have (S75, S289)", () => {
  const ofUsers = Object.keys(UserReason).filter((reason) => reason !== "TaskError"); // the function's own
  const ofStarts = [FinalReason.ImagePullFailed, FinalReason.ContainerConfigFailed]; // the others are no pod's

  const expected = [...ofUsers, ...Object.keys(InfrastructureReason), ...ofStarts];
  expect(faults.toSorted()).toEqual(expected.toSorted());
});

describe("a running attempt", () => {
  test.each(ofRunning)(
    "that ends %s is followed by another one, on the budget of its class (S75, S289)",
    async (fault) => {
      const run = await h.trigger(patient, []);
      await h.clock.advance("1s");

      await h.fail(run, fault);
      const [first] = (await h.get(run)).attempts;
      await run.details();

      expect(first).toMatchObject({ number: 1, reason: fault, class: classes[fault] });
      const { phase, result, attempts, status } = await h.get(run);
      expect({ phase, result, attempts: attempts.length }).toEqual({
        phase: "Succeeded",
        result: "attempt 2",
        attempts: 2,
      });
      const isUsers = classes[fault] === "User";
      expect([status.userRetries, status.infrastructureRetries]).toEqual(isUsers ? [1, 0] : [0, 1]);
    },
  );

  test.each(ofRunning)("that ends %s does so however soon it comes (S289)", async (fault) => {
    const run = await h.trigger(patient, []);

    await h.fail(run, fault);

    expect((await h.get(run)).attempts[0]).toMatchObject({ reason: fault, class: classes[fault] });
  });

  test.each(told)("that is to end %s hears so from its signal (S169)", async (fault) => {
    const run = await h.trigger(patient, []);

    await h.fail(run, fault);

    expect(heard).toHaveLength(1);
    expect(heard[0]).toBeInstanceOf(DisruptionError);
  });

  test.each(ofRunning.filter((fault) => !told.includes(fault)))("that ends %s hears nothing", async (fault) => {
    const run = await h.trigger(patient, []);

    await h.fail(run, fault);
    await run.details();

    expect(heard).toEqual([]);
  });

  test.each(told)("that ends %s is not heard, whatever its function still returns (S289)", async (fault) => {
    const run = await h.trigger(stubborn, []);

    await h.fail(run, fault);
    await run.details();

    const { attempts, result } = await h.get(run);
    expect(attempts[0]?.reason).toBe(fault);
    expect(result).toBe(2);
  });

  test.each(ofStarting)("can no longer end %s", async (fault) => {
    const run = await h.trigger(patient, [], { name: "late" });

    await expect(h.fail(run, fault)).rejects.toThrow(
      `The attempt of run late is running, and can no longer end ${fault}. Call fail() before it starts: with startAt, or while the run waits for a retry.`,
    );
  });

  test("that is lost with its node leaves others on it alone (S98)", async () => {
    const lost = await h.trigger(patient, []);
    const other = await h.trigger(patient, []);
    await h.clock.advance("1s");

    await h.fail(lost, "NodeLost");
    await h.clock.advance("1m");

    expect((await h.get(lost)).phase).toBe("Succeeded");
    expect((await h.get(other)).attempts).toMatchObject([{ number: 1 }]);
    expect((await h.get(other)).reason).toBe("AttemptRunning");
  });
});

describe("a run without a running attempt", () => {
  const later = () => ({ startAt: new Date(h.clock.now().getTime() + 1000) });

  test.each(faults)("ends its next attempt %s (S289)", async (fault) => {
    const run = await h.trigger(square, [3], later());

    await h.fail(run, fault);
    await run.details();

    const { attempts, phase, reason } = await h.get(run);
    expect(attempts[0]).toMatchObject({ reason: fault, class: classes[fault] });
    const isFinal = classes[fault] === "Final";
    expect({ phase, reason }).toEqual(
      isFinal ? { phase: "Failed", reason: fault } : { phase: "Succeeded", reason: "Completed" },
    );
    expect(attempts).toHaveLength(isFinal ? 1 : 2);
  });

  test("ends one attempt, and not those after it", async () => {
    const run = await h.trigger(square, [3], { ...later(), retry: { maxRetries: 2, waitDurationMs: 5000 } });
    await h.fail(run, "OutOfMemory");
    await h.clock.advance("1s");

    await h.fail(run, "Killed");
    await run.details();

    const { attempts } = await h.get(run);
    expect(attempts.map(({ reason }) => reason)).toEqual(["OutOfMemory", "Killed", "Succeeded"]);
  });

  test("that is over has nothing left to fail", async () => {
    await h.run(square, [3], { name: "over" });

    await expect(h.fail("over", "Evicted")).rejects.toThrow(
      "Run over is over: Succeeded. Call fail() while it is live, or before its startAt.",
    );
  });
});

test("a larger instance type follows an attempt that ran out of memory (S88)", async () => {
  const run = await h.trigger(patient, [], { retry: { outOfMemory: { instanceType: "pro" } } });

  await h.fail(run, "OutOfMemory");
  await run.details();

  const { attempts } = await h.get(run);
  expect(attempts.map(({ instanceType }) => instanceType)).toEqual(["standard", "pro"]);
});

test("infrastructure failures use up a budget of their own (S95)", async () => {
  const retry = { maxInfrastructureRetries: 1 };
  const startAt = new Date(h.clock.now().getTime() + 1000);
  const run = await h.trigger(square, [3], { startAt, retry });
  await h.fail(run, "Evicted");
  await h.clock.advance("1s");

  await h.fail(run, "NodeLost");
  await run.details();

  expect(await h.get(run)).toMatchObject({ phase: "Failed", reason: "NodeLost", attempts: [{}, {}] });
});

test("what is no fault is refused with those that are", async () => {
  const run = await h.trigger(patient, []);

  // @ts-expect-error -- a function fails by throwing
  await expect(h.fail(run, "TaskError")).rejects.toThrow(
    /^No pod ends "TaskError"\. Use one of TimedOut, OutOfMemory, .*, ContainerConfigFailed\.$/,
  );
});
