// What a run of the chaos is to do, and how it ends if nothing befalls it.
import type { TaskRunSpec } from "@stint/crds/taskrun";
import fc from "fast-check";

export type Ending =
  | { readonly phase: "Succeeded"; readonly result: unknown }
  | { readonly phase: "Failed"; readonly reason: string }
  | { readonly phase: "Canceled" };

export interface Story {
  /** Of tasks.ts. */
  readonly task: string;
  readonly input: readonly unknown[];
  readonly spec?: Partial<TaskRunSpec>;
  /** Canceled so long after its creation. */
  readonly cancelAfterMs?: number;
  readonly ends: Ending;
}

const small = fc.integer({ min: 1, max: 20 });
const numbers = fc.uniqueArray(small, { minLength: 2, maxLength: 3 });
const moment = fc.integer({ min: 100, max: 12_000 });
/** Longer than the chaos: it ends only if somebody ends it. */
const foreverMs = 600_000;

function succeeded(result: unknown): Ending {
  return { phase: "Succeeded", result };
}

function failed(reason: string): Ending {
  return { phase: "Failed", reason };
}

function sumOfSquares(values: readonly number[]): number {
  return values.reduce((sum, n) => sum + n * n, 0);
}

export const stories: fc.Arbitrary<Story> = fc.oneof(
  small.map((n) => ({ task: "square", input: [n], ends: succeeded(n * n) })),
  fc.tuple(moment, small).map(([ms, value]) => ({ task: "naps", input: [ms, value], ends: succeeded(value) })),
  fc
    .tuple(fc.integer({ min: 1, max: 2 }), small)
    .map(([failures, value]) => ({ task: "flaky", input: [failures, value], ends: succeeded(value) })),
  fc.constant({
    task: "flaky",
    input: [9, 0],
    spec: { retry: { maxRetries: 2, waitDurationMs: 400 } },
    ends: failed("TaskError"),
  }),
  fc.constant({ task: "hopeless", input: [], ends: failed("NonRetryableError") }),
  fc.constantFrom(0, 3).map((code) => ({ task: "leaves", input: [code], ends: failed("ExitedWithoutReport") })),
  fc.constant({ task: "large", input: [300_000], ends: succeeded("x".repeat(300_000)) }),
  fc.constant({ task: "large", input: [600_000], ends: failed("ResultTooLarge") }),
  fc
    .tuple(fc.constantFrom("family", "serial", "keyed"), numbers)
    .map(([task, values]) => ({ task, input: [values], ends: succeeded(sumOfSquares(values)) })),
  moment.map((ms) => ({ task: "leaves-child-behind", input: [ms], ends: succeeded("gone") })),
  moment.map((cancelAfterMs) => ({
    task: "naps",
    input: [foreverMs, 0],
    cancelAfterMs,
    ends: { phase: "Canceled" as const },
  })),
  fc.tuple(moment, small).map(([cancelAfterMs, n]) => ({
    task: "guardian",
    input: [foreverMs, 1 + (n % 3)],
    cancelAfterMs,
    ends: { phase: "Canceled" as const },
  })),
  fc.integer({ min: 2, max: 9 }).map((deadlineSeconds) => ({
    task: "naps",
    input: [foreverMs, 0],
    spec: { deadlineSeconds },
    ends: failed("DeadlineExceeded"),
  })),
  fc.constant({
    task: "naps",
    input: [foreverMs, 0],
    spec: { timeoutSeconds: 2, retry: { maxRetries: 1, waitDurationMs: 300 } },
    ends: failed("TimedOut"),
  }),
);
