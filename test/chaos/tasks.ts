// The user's code of the chaos runs: an inline bundle, whose text is what the cluster gets. Every result follows from the input,
// so that a wrong one is known for wrong.
import { currentContext, type HookEvent, NonRetryableError, task } from "@stint/sdk";

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const square = task("square", (n: number) => n * n);

export const naps = task("naps", async (ms: number, value: number) => {
  await pass(ms);
  return value;
});

/** Ends only if somebody ends it, and then at once. */
export const waits = task("waits", async () => {
  const { signal } = currentContext();
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
});

/** Counts user retries, not attempts: what the cluster takes away is not its failure. */
export const flaky = task("flaky", async (failures: number, value: number) => {
  await pass(200);
  if (currentContext().userRetries < failures) throw new Error("not yet");
  return value;
});

export const hopeless = task("hopeless", () => {
  throw new NonRetryableError("there is no point");
});

export const leaves = task("leaves", { retry: { maxRetries: 1, waitDurationMs: 300 } }, (code: number) => {
  process.exit(code);
});

export const large = task("large", (length: number) => "x".repeat(length));

export const family = task("family", async (numbers: readonly number[]) => {
  const squares = await Promise.all(numbers.map((n) => square(n)));
  return squares.reduce((sum, n) => sum + n, 0);
});

export const serial = task("serial", async (numbers: readonly number[]) => {
  let sum = 0;
  for (const n of numbers) sum += await square(n);
  return sum;
});

/** Its first attempt fails after its children have begun; the second gets the same children by their keys. */
export const keyed = task("keyed", async (numbers: readonly number[]) => {
  const children = numbers.map((n) => square.with({ key: `n-${n}` })(n));
  const squares = await Promise.all(children);
  if (currentContext().userRetries < 1) throw new Error("the first attempt fails");
  return squares.reduce((sum, n) => sum + n, 0);
});

export const guardian = task("guardian", async (ms: number, children: number) => {
  await Promise.all(Array.from({ length: children }, (_, n) => naps(ms, n)));
});

export const leavesChildBehind = task("leaves-child-behind", (ms: number) => {
  void naps(ms, 1);
  return "gone";
});

export const mourner = task("mourner", ({ reason }: HookEvent) => reason);

export const mourned = task("mourned", { onFailure: mourner }, () => {
  throw new NonRetryableError("it is over");
});
