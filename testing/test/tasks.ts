// Tasks that many tests run. Each file of tests has a process of its own, and with it a registry.
import { currentContext, task } from "@stint/sdk";

export const square = task("square", (n: number) => n * n);

export const flaky = task("flaky", () => {
  throw new Error("it broke");
});

export const thirdTime = task("third-time", () => {
  const { attempt } = currentContext();
  if (attempt < 3) throw new Error(`attempt ${attempt} broke`);
  return attempt;
});

export const hypotenuse = task("hypotenuse", async (a: number, b: number) => {
  const [x, y] = await Promise.all([square(a), square(b)]);
  return Math.sqrt(x + y);
});

/** Waits for its signal, and fails with its reason. */
export const waiting = task("waiting", () => {
  const { signal } = currentContext();
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
});
