// The seven places that may say a setting, from the code that a user writes to what the operator pins (S9).
import type { ResolvedSettings, TaskSettings } from "@stint/crds/settings";
import type { TaskRunSpec } from "@stint/crds/taskrun";
import { beforeEach, expect, test } from "vitest";

import { resolveSettings } from "../../operator/src/core/resolve.ts";
import { bundle, type RunOptions } from "../src/index.ts";
import { attempt, FakeHost, forgetTasks, registry } from "./fakes/host.ts";

beforeEach(forgetTasks);

/** Highest first; the last place is the built-in one, which always says something. */
const places = ["run", "with", "task", "bundle", "bundleDefaults", "taskDefaults"] as const;

type Said = { readonly [Place in (typeof places)[number]]?: RunOptions };

/** What is in force for a run that is triggered inside a run, with each place saying its own. */
async function inForce(said: Said) {
  const app = bundle(said.bundle);
  const square = app.task("square", said.task ?? {}, (n: number) => n * n);
  app.task("parent", () =>
    square
      .with(said.with ?? {})
      .trigger([4], said.run ?? {})
      .then(() => null),
  );
  const host = new FakeHost();
  expect(await attempt("parent", [], host)).toMatchObject({ kind: "succeeded" });

  const spec: TaskRunSpec = { task: "demo/square", ...startOptions(host) };
  const [entry] = await registry().manifest();
  if (!entry) throw new Error("nothing is registered");
  const defaults = [said.bundleDefaults, said.taskDefaults].map((place = {}) => place as TaskSettings); // as the CRD has them
  forgetTasks();
  return resolveSettings(spec, entry, defaults[0] ?? {}, defaults[1] ?? {});
}

function startOptions({ triggered }: FakeHost): Partial<TaskRunSpec> {
  const { tags, ...options } = triggered[0]?.options ?? {};
  return { ...options, ...(tags && { tags: [...tags] }) };
}

test.each<{
  field: keyof ResolvedSettings;
  builtIn: unknown;
  at: (level: number) => RunOptions;
  of: (level: number) => unknown;
}>([
  { field: "timeoutSeconds", builtIn: 7200, at: (n) => ({ timeoutSeconds: n }), of: (n) => n },
  { field: "deadlineSeconds", builtIn: undefined, at: (n) => ({ deadlineSeconds: n }), of: (n) => n },
  { field: "instanceType", builtIn: "standard", at: (n) => ({ instanceType: `type-${n}` }), of: (n) => `type-${n}` },
  { field: "resources", builtIn: undefined, at: (n) => ({ resources: { cpu: n } }), of: (n) => ({ cpu: n }) },
])("$field is taken from the highest place that says it (S9)", async ({ field, builtIn, at, of }) => {
  for (const [highest] of [...places, "built-in"].entries()) {
    const said = Object.fromEntries(places.slice(highest).map((place, level) => [place, at(highest + level + 1)]));

    const settings = await inForce(said);

    expect(settings[field]).toEqual(highest < places.length ? of(highest + 1) : builtIn);
  }
});

test("a retry of a higher place replaces the lower one whole, an empty one too (S9, S79)", async () => {
  const loud = { maxRetries: 9, waitDurationMs: 5, jitterFactor: 1, maxInfrastructureRetries: 0 };
  const empty = { maxRetries: 3, waitDurationMs: 1000, backoffScaling: 1.5, jitterFactor: 0, when: "Always" };

  for (const [at, place] of places.entries()) {
    const lower = Object.fromEntries(places.slice(at + 1).map((below) => [below, { retry: loud }]));

    const { retry } = await inForce({ ...lower, [place]: { retry: {} } });

    expect(retry).toEqual({ ...empty, maxInfrastructureRetries: 10 });
  }
});

test("what one place leaves out another says, and an explicit 0 counts as said (S9)", async () => {
  const settings = await inForce({
    run: { retry: { maxRetries: 0 } },
    with: { deadlineSeconds: 60 },
    task: { startTimeoutSeconds: 30 },
    bundle: { timeoutSeconds: 5 },
    taskDefaults: { instanceType: "pro" },
  });

  expect(settings).toMatchObject({
    retry: { maxRetries: 0 },
    deadlineSeconds: 60,
    startTimeoutSeconds: 30,
    timeoutSeconds: 5,
    instanceType: "pro",
    gracePeriodSeconds: 10,
  });
});
