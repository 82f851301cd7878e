import { bundle } from "@stint/sdk";

/** For numbers the smallest plan is enough. */
export const numbers = bundle({ instanceType: "starter" });

/** The smallest task there is: a name and a function. */
export const square = numbers.task("square", (n: number) => n * n);

/** Arguments come by position, `["Ada"]`, or by name, `{"name": "Ada"}`; a default makes one optional. */
export const greet = numbers.task("greet", (name: string, greeting = "Hello") => `${greeting}, ${name}!`);

/** Each call is a run in a pod of its own; two that are started before the first await run side by side. */
export const sumSquares = numbers.task("sum_squares", async (a: number, b: number) => {
  const [x, y] = await Promise.all([square(a), square(b)]);
  return x + y;
});

/** Throwing is failing: the run tries again, up to three times. The coin is thrown anew each time, unless one is given. */
export const flipCoin = numbers.task(
  "flip_coin",
  { retry: { maxRetries: 3, waitDurationMs: 100, backoffScaling: 1.5 } },
  (coin = Math.random()) => {
    if (coin < 0.5) throw new Error("tails: try again");
    return "heads";
  },
);
