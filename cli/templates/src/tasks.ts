// The entry point: what is defined or imported here are the bundle's tasks.
import { task } from "@stint/sdk";

/** Each call inside a run is a run of its own, in a pod of its own. */
export const square = task("square", { instanceType: "starter" }, (n: number) => n * n);

export const sumSquares = task(
  "sum_squares",
  { instanceType: "starter", description: "squares two numbers side by side and adds them" },
  async (a: number, b: number) => {
    const [x, y] = await Promise.all([square(a), square(b)]);
    return x + y;
  },
);
