// What a harness leaves behind: nothing.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { currentContext, task } from "@stint/sdk";
import { afterEach, expect, test, vi } from "vitest";
import { parse } from "yaml";

import { createHarness } from "../src/index.ts";
import { toSettings } from "../src/options.ts";
import { registerBundles } from "../src/registration.ts";
import { World } from "../src/world.ts";

const square = task("square", (n: number) => n * n);
const waiting = task("waiting", () => new Promise(() => void currentContext().signal));

afterEach(() => void vi.useRealTimers());

test("nobody sleeps and nothing is watched once a world is closed", async () => {
  const settings = await toSettings({ tasks: [square, waiting] });
  const world = new World(settings);
  await world.start();
  await registerBundles(world, settings);

  await world.close();

  expect(world.clock.nextInMs).toBe(Number.POSITIVE_INFINITY);
});

test("what fails in the operator ends the test, and is not waited out", async () => {
  const settings = await toSettings({ tasks: [square] });
  const world = new World(settings);
  await world.start();
  vi.spyOn(world.hand.store, "replaceStatus").mockImplementation(() => {
    throw new TypeError("no such thing");
  });

  await expect(registerBundles(world, settings)).rejects.toThrow(
    /^The operator in the harness failed: reconcile failed: no such thing\. This is a bug of Stint: report it with the test that shows it\.$/,
  );

  await world.close();
});

test("the machine's timers may be faked beside it", async () => {
  vi.useFakeTimers();
  await using h = await createHarness({ tasks: [square] });

  expect((await h.run(square, [3])).result).toBe(9);
});

test("its instance types are those of the Helm chart (S54)", async () => {
  const values = parse(readFileSync(join(import.meta.dirname, "../../helm/values.yaml"), "utf8"));

  expect(Object.fromEntries((await toSettings({ tasks: [square] })).instanceTypes)).toEqual(values.instanceTypes);
});
