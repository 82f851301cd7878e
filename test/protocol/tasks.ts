// The user's code of all stories: between them these tasks make a runner send everything that it can send.
import { currentContext, NonRetryableError, RetryableError, RetryAfter, task, taskRef } from "@stint/sdk";

export const square = task("square", (n: number) => n * n);

export const broken = task("broken", () => {
  throw new RangeError("out of range");
});

export const later = task("later", () => {
  throw new RetryAfter(90, "not now");
});

export const again = task("again", () => {
  throw new RetryableError("once more");
});

export const never = task("never", { retry: { maxRetries: 2 } }, () => {
  throw new NonRetryableError("hopeless");
});

export const picky = task("picky", { retryIf: () => false }, () => {
  throw new Error("not for me");
});

export const count = task("count", function* (to: number) {
  for (let n = 1; n <= to; n++) yield n;
});

export const shows = task("shows", { runName: "shows {n}" }, (n: number) => {
  const context = currentContext();
  context.display = "half of it";
  context.progress("rows").add(2);
  context.progress("rows").done();
  return n;
});

export const sum = task("sum", { tags: ["math"] }, async (a: number, b: number) => {
  const [x, y] = await Promise.all([square(a), square.with({ timeoutSeconds: 60, tags: ["part"] })(b)]);
  const failed = await broken().details();
  return { sum: x + y, failed: failed.message };
});

export const keyed = task("keyed", async () => square.with({ key: "the-four" })(4));

export const ordered = task("ordered", async () => {
  const first = square(2);
  return square.with({ waitFor: [first] })(first);
});

export const manages = task("manages", async () => {
  const one = broken();
  await one.wait();
  await one.rerun({ latest: true });
  const two = square(3);
  await two.cancel();
  return "done";
});

export const total = task("total", async (to: number) => {
  let sum = 0;
  for await (const n of count(to)) sum += n;
  return sum;
});

export const hands = task("hands", () => {
  const { submit } = currentContext();
  const first = submit(square, [2], { maxRetries: 1 });
  submit(square, [3], { dependsOn: [first], optional: true });
  return "handed over";
});

const named = taskRef<[number], number>("math/square");

export const triggers = task("triggers", async () => (await named.trigger([5], { name: "five" })).id);

export const remembers = task("remembers", async () => {
  const { cache } = currentContext();
  await cache.set("a", "value", { ttlSeconds: 60 });
  const found = await cache.get("a");
  const keys = await cache.keys();
  await cache.delete("a");
  return { found: new TextDecoder().decode(found), keys };
});

export const patient = task("patient", () => {
  const { signal } = currentContext();
  currentContext().display = "waiting";
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
});
