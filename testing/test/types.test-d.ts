// Types of the harness: what may be asked, and what comes back. Compiled, never run.
import { task, taskRef } from "@stint/sdk";
import { expectTypeOf } from "vitest";

import { createHarness, type RunState } from "../src/index.ts";

const square = task("square", (n: number) => n * n);
const greet = task("greet", async (name: string, polite = false) => ({ text: `${name}${polite}` }));
const count = task("count", function* () {
  yield 1;
});
const remote = taskRef<[string], URL>("media/resize");

export async function harness(): Promise<void> {
  const h = await createHarness({ tasks: [square, greet, count], bundles: { media: [square] } });

  expectTypeOf(await h.run(square, [3])).toEqualTypeOf<RunState<number>>();
  expectTypeOf((await h.run(greet, ["a"])).result).toEqualTypeOf<{ text: string } | undefined>();
  expectTypeOf((await h.run(count)).result).toEqualTypeOf<number[] | undefined>();
  expectTypeOf((await h.run(remote, ["a"])).result).toEqualTypeOf<URL | undefined>();
  expectTypeOf((await h.run(square.with({ timeoutSeconds: 5 }), [3])).result).toEqualTypeOf<number | undefined>();

  const run = await h.trigger(greet, { name: "a", polite: true }, { name: "run-1" });
  expectTypeOf(await run.result()).toEqualTypeOf<{ text: string }>();
  expectTypeOf(await h.get(run)).toEqualTypeOf<RunState<{ text: string }>>();
  expectTypeOf(await h.get("run-1")).toEqualTypeOf<RunState>();

  await h.fail(run, "NodeLost");
  await h.clock.advance("10s");
  await h.clock.advance(10);

  // @ts-expect-error -- a number is asked for
  await h.run(square, ["3"]);
  // @ts-expect-error -- there is a parameter
  await h.run(square, []);
  // @ts-expect-error -- there is a parameter
  await h.run(square);
  // @ts-expect-error -- a function is no task
  await h.run((n: number) => n, [3]);
  // @ts-expect-error -- no reason of a pod
  await h.fail(run, "Broken");
  // @ts-expect-error -- no duration
  await h.clock.advance("10 seconds");
  // @ts-expect-error -- a task is needed
  await createHarness({ tasks: [(n: number) => n] });
}
