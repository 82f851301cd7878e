// Which hooks a look makes due, and with what they are started (S104 to S106).
import type { TaskHooks } from "@stint/crds/manifest";
import { expect, test } from "vitest";

import { decide } from "../../src/core/decide.ts";
import type { Decision } from "../../src/core/decision.ts";
import type { ObservedRun, OwnedPod, World } from "../../src/core/world.ts";
import {
  aFailure,
  aManifestTask,
  anAttempt,
  aPod,
  aRevision,
  aSuccess,
  aTaskRun,
  aWorld,
  after,
  received,
  resolvedSettings,
} from "../builders.ts";
import { inWords, live, running, terminated } from "./decide-row.ts";

const notify = { name: "notify" };
const all: TaskHooks = { onRunning: [notify], onCompletion: [notify], onFailure: [notify] };
const final = { retry: { ...resolvedSettings().retry, maxRetries: 0, maxInfrastructureRetries: 0 } };
const lastTry = { status: { resolved: resolvedSettings(final) } };
const wasStarted = { attempts: [anAttempt(1, { startedAt: after(1).toISOString() })] };
const lastStarted = { status: { ...lastTry.status, ...wasStarted } };

function looked(run: ObservedRun, pods: readonly OwnedPod[], more: Partial<World> = {}, hooks = all): Decision {
  const revision = aRevision({ manifest: [aManifestTask({ hooks })] });
  return decide(run, pods, aWorld({ revision, ...more }), after(10));
}

/** The hooks that become due, by the phase that they tell of. */
const due = ({ status }: Decision) => status.hooks?.map(({ event }) => event.phase) ?? [];

test.each<{ given: string; decision: () => Decision; then: readonly string[] }>([
  {
    given: "an attempt begins to run",
    decision: () => looked(live(), [aPod(1, "Running", { runningSeenAt: after(1) })]),
    then: ["Running"],
  },
  {
    given: "an attempt that was never seen running succeeds (S154)",
    decision: () => looked(live(), [aPod()], { report: received(aSuccess()) }),
    then: ["Running", "Succeeded"],
  },
  {
    given: "an attempt succeeds",
    decision: () => looked(running(lastStarted), [aPod()], { report: received(aSuccess()) }),
    then: ["Succeeded"],
  },
  {
    given: "an attempt fails, and another one follows (S105)",
    decision: () => looked(running({ status: wasStarted }), [aPod()], { report: received(aFailure()) }),
    then: [],
  },
  {
    given: "the last attempt fails",
    decision: () => looked(running(lastStarted), [aPod()], { report: received(aFailure()) }),
    then: ["Failed"],
  },
  {
    given: "the last attempt runs out of memory, and its process is gone (S106)",
    decision: () => looked(running(lastStarted), [terminated(137, "OOMKilled")]),
    then: ["Failed"],
  },
  {
    given: "the last attempt is over its timeout",
    decision: () => looked(running(lastStarted), [aPod()], { report: received(aFailure({ reason: "TimedOut" })) }),
    then: ["Failed"],
  },
  {
    given: "the pod is lost for the last time (S105)",
    decision: () => looked(running(lastStarted), [], { gonePod: aPod() }),
    then: [],
  },
  {
    given: "the run is canceled (S105)",
    decision: () => looked(running({ ...lastStarted, spec: { cancel: true } }), [terminated(143)]),
    then: [],
  },
  {
    given: "the run is refused before it has a pod",
    decision: () => looked(aTaskRun({ spec: { instanceType: "huge" } }), []),
    then: ["Failed"],
  },
])("when $given, $then are due", ({ decision, then }) => {
  expect(due(decision())).toEqual(then);
});

test("a hook is started with what has happened, in the run's own revision, under a name that follows from it (S106)", () => {
  const decision = looked(running(lastStarted), [aPod()], { report: received(aFailure()) });

  expect(decision.status.hooks).toEqual([
    {
      name: expect.stringMatching(/^trn-[0-9a-v]{20}$/),
      task: "math/notify:1",
      event: {
        run: "square-4",
        task: "math/square",
        phase: "Failed",
        reason: "TaskError",
        message: "failed after 1 attempt(s): n is not a number",
        attempts: 1,
      },
    },
  ]);
  expect(looked(running(lastStarted), [aPod()], { report: received(aFailure()) })).toEqual(decision);
});

test("a hook of another bundle is started in that one's newest revision", () => {
  const hooks = { onCompletion: [{ bundle: "mail", name: "send" }, notify] };

  const { status } = looked(running(lastStarted), [aPod()], { report: received(aSuccess()) }, hooks);

  expect(status.hooks?.map(({ task }) => task)).toEqual(["mail/send", "math/notify:1"]);
  expect(new Set(status.hooks?.map(({ name }) => name)).size).toBe(2);
});

test("what is due is started by the next look, and not by the one that carries a runner's word", () => {
  const [hook] = looked(live(), [aPod(1, "Running", { runningSeenAt: after(1) })]).status.hooks ?? [];
  const waiting = running({ status: { ...wasStarted, hooks: hook ? [hook] : [] } });

  const bySweep = looked(waiting, [aPod()]);
  const byReport = looked(waiting, [aPod()], { report: received(aSuccess()) });

  expect(bySweep.actions.map(inWords)).toEqual(["startHooks math/notify:1"]);
  expect(byReport.actions).toEqual([]);
  expect(due(byReport)).toEqual(["Running", "Succeeded"]);
});

test("a finished run starts what it still owes, and its status stays as it is", () => {
  const ended = looked(running(lastStarted), [aPod()], { report: received(aSuccess()) });
  const { result: _, ...status } = ended.status;

  const next = looked({ ...running(lastStarted), status }, []);

  expect(next.rule).toBe("finished");
  expect(next.actions.map(inWords)).toEqual(["startHooks math/notify:1"]);
  expect(next.status).toEqual(status);
});

test("no more than 64 starts wait at a time", () => {
  const hooks = { onFailure: Array.from({ length: 16 }, () => notify) };
  const [one] = looked(running(lastStarted), [aPod()], { report: received(aFailure()) }, hooks).status.hooks ?? [];
  const owed = one ? Array.from({ length: 60 }, () => one) : [];
  const run = running({ status: { ...lastStarted.status, hooks: owed } });

  expect(looked(run, [aPod()], { report: received(aFailure()) }, hooks).status.hooks).toHaveLength(64);
});

test("a run without hooks is none the wiser", () => {
  const { status, actions } = looked(running(lastStarted), [aPod()], { report: received(aSuccess()) }, {});

  expect(status).not.toHaveProperty("hooks");
  expect(actions).toEqual([]);
});
