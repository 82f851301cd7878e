// The tasks of the scenarios: an inline bundle, written as a user would write one. Its text is what the cluster gets.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";

import { currentContext, NonRetryableError, RetryAfter, task, TaskRunError } from "@stint/sdk";

export const area = task("area", (w: number, h: number = 2) => w * h);
export const echo = task("echo", (value: unknown, ...rest: unknown[]) => [value, ...rest]);
export const greet = task("greet", (name: string | null, greeting = "Hello") => `${greeting}, ${name}!`);

const sizeSchema = {
  type: "object",
  properties: { url: { type: "string", pattern: "^https:" }, width: { type: "number", default: 640 } },
  required: ["url"],
};
export const sized = task("sized", { inputSchema: sizeSchema }, (size: object) => size);
export const misfits = task("misfits", { resultSchema: { type: "object" } }, () => 3);

/** Yields once and goes on until it is stopped. */
export const endless = task("endless", { retry: { maxRetries: 0 } }, async function* () {
  const { signal } = currentContext();
  yield "first";
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
});
export const interrupts = task("interrupts", async () => {
  const read: string[] = [];
  const child = endless();
  try {
    for await (const value of child) {
      read.push(value);
      await child.cancel();
    }
  } catch (error) {
    read.push(error instanceof TaskRunError ? error.reason : String(error));
  }
  return read;
});
export const yieldsTwice = task("yields-twice", { retry: { delaysSeconds: [4] } }, function* () {
  const { attempt } = currentContext();
  yield `a${attempt}`;
  if (attempt === 1) throw new Error("the first attempt fails between the two");
  yield `b${attempt}`;
});
export const readsAnew = task("reads-anew", async () => {
  const read: string[] = [];
  for await (const value of yieldsTwice()) read.push(value);
  return [read, await yieldsTwice.with({ retry: { delaysSeconds: [0] } })()];
});

export const caches = task("caches", async () => {
  const { cache } = currentContext();
  for (const value of ["first", "second"]) await cache.set("a", value);
  const [value, keys] = [await cache.get("a"), await cache.keys()];
  await cache.delete("a");
  return [String(value && Buffer.from(value)), keys, await cache.keys()];
});

export const fails = task("fails", (message: string) => {
  throw new RangeError(message);
});
export const thirdTime = task("third-time", () => {
  const { attempt } = currentContext();
  if (attempt < 3) throw new Error(`attempt ${attempt} is too early`);
  return attempt;
});
export const hopeless = task("hopeless", () => {
  throw new NonRetryableError("there is no point");
});
export const patient = task("patient", { retry: { maxRetries: 1 } }, () => {
  if (currentContext().attempt === 1) throw new RetryAfter(3, "come back in three seconds");
  return "came back";
});

export const sleeps = task("sleeps", { gracePeriodSeconds: 5 }, async (seconds: number) => {
  const { signal } = currentContext();
  const reason = await new Promise<unknown>((resolve) => {
    const timer = setTimeout(() => resolve("slept"), seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve(signal.reason);
    });
  });
  if (reason instanceof Error) console.log(`aborted by ${reason.name}: ${reason.message}`);
  return "awake";
});
export const spins = task("spins", { timeoutSeconds: 2, gracePeriodSeconds: 0, retry: { maxRetries: 0 } }, () => {
  for (;;);
});

export const fillsBuffers = task("fills-buffers", async (untilMib: number) => {
  const kept: Buffer[] = [];
  for (let mib = 0; mib < untilMib; mib += 8) {
    kept.push(Buffer.alloc(8 * 2 ** 20, 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  // Where memory is measured now and then, and not limited by a kernel, it has to be held for a moment.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return kept.length * 8;
});
export const fillsHeap = task("fills-heap", (entries: number) => {
  const kept: object[] = [];
  for (let i = 0; i < entries; i++) kept.push({ i, text: `entry ${i}` });
  return kept.length;
});

export const leaves = task("leaves", (code: number) => {
  process.exit(code);
});
export const nothing = task("nothing", () => undefined);
export const notJson = task("not-json", () => ({ a: [1, 2, 10n] }));
export const large = task("large", (bytes: number) => "x".repeat(bytes - 2));
export const nulls = task("nulls", () => ({ a: null, list: [null, { b: null }] }));

export const square = task("square", async (n: number) => n * n);
export const sumSquares = task("sum_squares", async (a: number, b: number) => {
  const [x, y] = await Promise.all([square(a), square(b)]);
  return x + y;
});
/** Ends only where its counterpart runs too: each waits for the other. */
export const meets = task("meets", { timeoutSeconds: 60 }, async (own: string, other: string) => {
  const { cache } = currentContext();
  await cache.set(own, "is here");
  while (!(await cache.get(other))) await new Promise((resolve) => setTimeout(resolve, 100));
  return `${own} met ${other}`;
});
export const meeting = task("meeting", () => Promise.all([meets("a", "b"), meets("b", "a")]));
export const differs = task("differs", async () => {
  await Promise.all([square(2), square.with({ instanceType: "e2e-large" })(3)]);
});
export const catches = task("catches", async () => {
  try {
    await fails.with({ retry: { maxRetries: 0 } })("the child gave up");
    return "no failure";
  } catch (error) {
    return error instanceof TaskRunError
      ? { reason: error.reason, task: error.task, phase: error.phase }
      : String(error);
  }
});
export const passesOn = task("passes-on", { retry: { maxRetries: 0 } }, async () => {
  await fails.with({ retry: { maxRetries: 0 } })("the child gave up");
});
export const parent = task("parent", async (seconds: number) => {
  await Promise.all([sleeps(seconds), sleeps(seconds)]);
});
export const stamps = task("stamps", () => Date.now());
/** What a task may do to the machine that it runs on. */
export const confinement = task("confinement", () => ({
  user: process.getuid?.(),
  root: writing("/written"),
  temporary: writing("/tmp/written"),
}));
function writing(path: string): string {
  try {
    writeFileSync(path, "");
    return "allowed";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
/** Milliseconds from the process's start to here, and of a bare Node from its start to its first line. */
export const overhead = task("overhead", () => {
  const entered = performance.now();
  const once = (): number =>
    Number(execFileSync(process.execPath, ["-e", "process.stdout.write(String(performance.now()))"]));
  const bare = Array.from({ length: 9 }, once).sort((a, b) => a - b)[4];
  return { entered, bare };
});
