// The laws of `decide`: what holds whatever happens to a run. Tables show cases; a law catches the second pod that every
// row of a table lets through. Each law is also played against a decide with a fault planted in it, and has to catch it.
import { ConditionType } from "@stint/crds/conditions";
import fc from "fast-check";
import { expect, test } from "vitest";

import { decide as realDecide } from "../../src/core/decide.ts";
import { conditionOf, isTrue } from "../../src/core/status.ts";
import { aFailure, aManifestTask, aRevision, aSuccess, aTaskRun, aWorld, resolvedSettings } from "../builders.ts";
import * as box from "./world-in-a-box.ts";
import { aBox, settle, type Box, type Decide } from "./world-in-a-box.ts";

/** Left to chance, few runs would live to spend a whole budget. */
function exitsUntilItGivesUp(b: Box): void {
  for (let attempt = 1; attempt <= 4; attempt++) {
    settle(b);
    box.start(b);
    box.end(b, "Failed", 1);
    settle(b);
    box.wait(b, 5000);
  }
}

const fates = {
  start: (b: Box) => box.start(b),
  exit: (b: Box) => box.end(b, "Failed", 1),
  exitWithoutReport: (b: Box) => box.end(b, "Succeeded", 0, "Completed"),
  outOfMemory: (b: Box) => box.end(b, "Failed", 137, "OOMKilled"),
  refuse: (b: Box) => box.refuseByKubelet(b),
  disrupt: (b: Box) => box.disrupt(b),
  vanish: (b: Box) => box.vanish(b),
  loseNode: (b: Box) => box.loseNode(b),
  healNode: (b: Box) => box.healNode(b),
  reap: (b: Box) => box.reap(b),
  cancel: (b: Box) => box.cancel(b),
  rerun: (b: Box) => box.rerun(b),
  pause: (b: Box) => box.setSuspend(b, true),
  resume: (b: Box) => box.setSuspend(b, false),
  succeed: (b: Box) => void box.report(b, aSuccess()),
  fail: (b: Box) => void box.report(b, aFailure()),
  failForGood: (b: Box) => void box.report(b, aFailure({ reason: "NonRetryableError" })),
  quota: (b: Box) => void (b.refusal = { kind: "quota", message: "exceeded quota" }),
  reject: (b: Box) => void (b.refusal = { kind: "rejected", message: "no" }),
  waitABit: (b: Box) => box.wait(b, 700),
  waitLong: (b: Box) => box.wait(b, 70_000),
  waitForever: (b: Box) => box.wait(b, 8_000_000),
  exitUntilItGivesUp: exitsUntilItGivesUp,
} as const;
type Fate = keyof typeof fates;

/** Cancels and rejections end a run, so they are drawn less often than what lets it go on. */
const fate = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom<Fate>("start", "exit", "waitABit", "waitLong", "reap", "vanish") },
  { weight: 6, arbitrary: fc.constantFrom<Fate>("outOfMemory", "disrupt", "refuse", "fail", "loseNode", "healNode") },
  { weight: 4, arbitrary: fc.constant<Fate>("rerun") },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Fate>("exitWithoutReport", "quota", "waitForever", "succeed", "pause", "resume"),
  },
  { weight: 1, arbitrary: fc.constantFrom<Fate>("cancel", "reject", "failForGood", "exitUntilItGivesUp") },
);
const history = fc.record({
  fates: fc.array(fate, { maxLength: 40 }),
  maxRetries: fc.integer({ min: 0, max: 3 }),
  maxInfrastructureRetries: fc.integer({ min: 0, max: 3 }),
  hasHooks: fc.boolean(),
  deadlineSeconds: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

/** Plays a history and says which laws it broke. */
function play({ fates: names, deadlineSeconds, hasHooks, ...retry }: History, decide: Decide = realDecide): string[] {
  const run = aTaskRun({ spec: { retry, deadlineSeconds } });
  const hook = [{ name: "notify" }];
  const hooks = { onRunning: hook, onCompletion: hook, onFailure: hook };
  const manifest = [aManifestTask(hasHooks ? { hooks } : {})];
  const b = aBox(run, aWorld({ revision: aRevision({ manifest }) }), decide);
  settle(b);
  for (const name of names) {
    const before = b.run;
    fates[name](b);
    const decision = settle(b);
    b.violations.push(...broken(name, before, b, decision));
    if (b.violations.length > 0) break;
  }
  return b.violations;
}

function broken(fate: Fate, before: Box["run"], b: Box, last: ReturnType<Decide>): string[] {
  const found: string[] = [];
  const { status } = b.run;
  if (box.holding(b).length > 1) found.push("two pods live at once");
  const again = b.decide(b.run, b.pods, b.world, b.now);
  const acts = again.actions.filter(({ kind }) => kind !== "recordEvent");
  if (acts.length > 0 || JSON.stringify(again.status) !== JSON.stringify(status ?? {})) found.push("not settled");
  if (last.requeueAt && last.requeueAt <= b.now) found.push("requeued in the past");
  return [...found, ...resting(fate, before, b), ...budgets(b), ...counts(b), ...hooks(b)];
}

/** A run that has ended stays as it is, but for a rerun; one that is paused begins nothing (S154, S173). */
function resting(fate: Fate, before: Box["run"], { run: { spec, status } }: Box): string[] {
  const isOver = isTrue(before.status, ConditionType.Finished);
  const isSame = JSON.stringify(before.status) === JSON.stringify(status);
  const hasBegun = (status?.attemptCount ?? 0) > (before.status?.attemptCount ?? 0);
  return [
    ...(isOver && !isSame && fate !== "rerun" ? ["a terminal run changed"] : []),
    ...(spec.suspend === true && hasBegun ? ["a paused run began an attempt"] : []),
  ];
}

/** What has been paid for since the last rerun, which began with both budgets whole (S94, S170). */
function budgets({ run: { status }, attemptsBefore }: Box): string[] {
  const { userRetries = 0, infrastructureRetries = 0, attempts = [], resolved } = status ?? {};
  const retry = (resolved ?? resolvedSettings()).retry;
  const retried = attempts.slice(attemptsBefore, -1);
  const paidByUser = retried.filter((attempt) => attempt.class === "User").length;
  const paidByCluster = retried.filter((attempt) => attempt.class === "Infrastructure").length;
  const found: string[] = [];
  if (userRetries !== paidByUser || infrastructureRetries !== paidByCluster) found.push("budgets are mixed");
  if (userRetries > retry.maxRetries) found.push("maxRetries is overdrawn");
  if (infrastructureRetries > retry.maxInfrastructureRetries) found.push("maxInfrastructureRetries is overdrawn");
  const bound = 1 + retry.maxRetries + retry.maxInfrastructureRetries;
  if (attempts.length - attemptsBefore > bound) found.push("more attempts than both budgets pay for");
  return found;
}

/** Each instant starts its hook, once (S105, S106). */
function hooks({ started, run: { status }, world: { revision } }: Box): string[] {
  const names = started.map(({ name }) => name);
  const found = new Set(names).size === names.length ? [] : ["a hook was started twice"];
  const running = started.filter(({ event }) => event.phase === "Running").length;
  const attempts = revision?.manifest[0]?.hooks ? (status?.attempts ?? []) : [];
  return running === attempts.filter(({ startedAt }) => startedAt !== undefined).length
    ? found
    : [...found, "attempts that ran and their onRunning differ"];
}

function counts({ run: { status } }: Box): string[] {
  return status?.attemptCount === status?.attempts?.length ? [] : ["attempts are miscounted"];
}

test("whatever happens, every law of a run holds", () => {
  fc.assert(
    fc.property(history, (what) => {
      expect(play(what)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("every run ends once nothing holds it up any more", () => {
  fc.assert(
    fc.property(history, ({ fates: names, ...settings }) => {
      const b = aBox(aTaskRun({ spec: { retry: { maxRetries: settings.maxRetries, maxInfrastructureRetries: 1 } } }));
      settle(b);
      for (const name of names) {
        fates[name](b);
        settle(b);
      }
      box.healNode(b);
      box.setSuspend(b, false);
      for (let round = 0; round < 40 && !isTrue(b.run.status, ConditionType.Finished); round++) {
        box.start(b);
        settle(b);
        box.end(b, "Failed", 1);
        box.reap(b);
        box.wait(b, 120_000);
        settle(b);
      }

      expect(isTrue(b.run.status, ConditionType.Finished)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("the same look gives the same decision", () => {
  const run = aTaskRun();

  expect(realDecide(run, [], aWorld(), new Date(0))).toEqual(realDecide(run, [], aWorld(), new Date(0)));
});

const planted: Readonly<Record<string, { readonly fault: Decide; readonly law: RegExp }>> = {
  "a pod is created whenever the last one is not running": {
    law: /beside|two pods|settled|rest/,
    fault: (run, pods, world, now) =>
      realDecide(
        run,
        pods.filter(({ status }) => status.phase === "Running"),
        world,
        now,
      ),
  },
  "the status changes with every look": {
    law: /settled|rest/,
    fault: (run, pods, world, now) => {
      const decision = realDecide(run, pods, world, now);
      return {
        ...decision,
        status: { ...decision.status, observedGeneration: (run.status?.observedGeneration ?? 0) + 1 },
      };
    },
  },
  "a finished run goes on": {
    law: /terminal/,
    fault: (run, pods, world, now) => {
      const reopened =
        isTrue(run.status, ConditionType.Finished) && pods.some(({ status }) => status.phase === "Failed");
      const conditions = (run.status?.conditions ?? []).filter(({ type }) => type !== ConditionType.Finished);
      return realDecide(reopened ? { ...run, status: { ...run.status, conditions } } : run, pods, world, now);
    },
  },
  "the user pays for the cluster": {
    law: /mixed|overdrawn/,
    fault: (run, pods, world, now) => {
      const decision = realDecide(run, pods, world, now);
      const { infrastructureRetries = 0, userRetries = 0 } = decision.status;
      if (decision.rule !== "starting" || infrastructureRetries === 0) return decision;
      return { ...decision, status: { ...decision.status, infrastructureRetries: 0, userRetries: userRetries + 1 } };
    },
  },
  "a rerun goes on spending what was spent before": {
    law: /mixed/,
    fault: (run, pods, world, now) => {
      const decision = realDecide(run, pods, world, now);
      if (decision.rule !== "reopening") return decision;
      const { userRetries = 0, infrastructureRetries = 0 } = run.status ?? {};
      return { ...decision, status: { ...decision.status, userRetries, infrastructureRetries } };
    },
  },
  "a requeue lies in the past": {
    law: /past/,
    fault: (run, pods, world, now) => {
      const decision = realDecide(run, pods, world, now);
      return conditionOf(decision.status.conditions, ConditionType.Succeeded)?.reason === "AwaitingRetry"
        ? { ...decision, requeueAt: new Date(now.getTime() - 1) }
        : decision;
    },
  },
};

test.each(Object.entries(planted))("a planted fault is caught: %s", (_, { fault, law }) => {
  const sampled = fc.sample(history, { numRuns: 400, seed: 7 });

  const found = sampled.flatMap((what) => play(what, fault));

  expect(found.some((violation) => law.test(violation))).toBe(true);
});
