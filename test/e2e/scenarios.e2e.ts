// The main job on a real Kubernetes: what users do, and what they then see in status, pods and counts.
import type { TaskRun } from "@stint/crds/taskrun";
import { beforeAll, describe, expect } from "vitest";

import {
  childrenOf,
  createRun,
  eventually,
  finished,
  isGone,
  kubectl,
  messageOf,
  podsOf,
  reason,
  reasonOf,
  runToEnd,
} from "./kit/cluster.ts";
import { following } from "./kit/logs.ts";
import { prepareBundle } from "./kit/prepare.ts";
import { scenario } from "./kit/scenario.ts";

const noRetry = { maxRetries: 0 };

beforeAll(prepareBundle);

/** Seconds from the end of each attempt to the intent of the next. */
function waits(run: TaskRun): number[] {
  const attempts = run.status?.attempts ?? [];
  return attempts
    .slice(1)
    .map(({ createdAt }, index) => (Date.parse(createdAt) - Date.parse(attempts[index]?.finishedAt ?? "")) / 1000);
}

describe("input and result", () => {
  scenario("named input reaches its parameters", ["named"], async () => {
    const run = await runToEnd("named", { task: "e2e/area", input: { h: 4, w: 3 } });

    expect(run.status).toMatchObject({ phase: "Succeeded", result: 12, attemptCount: 1, revision: 1 });
    expect(await podsOf("named")).toHaveLength(1);
  });

  scenario("a default fills in, and null is a value", ["default", "null"], async () => {
    const [byDefault, byNull] = await Promise.all([
      runToEnd("default", { task: "e2e/greet", input: ["you"] }),
      runToEnd("null", { task: "e2e/greet", input: [null, null] }),
    ]);

    expect(byDefault.status?.result).toBe("Hello, you!");
    expect(byNull.status?.result).toBe("null, null!");
  });

  scenario("nulls inside input and result are kept", ["nulls-in", "nulls-out"], async () => {
    const input = [{ a: null }, null, [null]];

    const [echoed, made] = await Promise.all([
      runToEnd("nulls-in", { task: "e2e/echo", input }),
      runToEnd("nulls-out", { task: "e2e/nulls", input: [] }),
    ]);

    expect(echoed.status?.result).toEqual(input);
    expect(made.status?.result).toEqual({ a: null, list: [null, { b: null }] });
  });

  scenario("a missing and an extra argument fail before any pod", ["missing", "extra"], async () => {
    const [missing, extra] = await Promise.all([
      runToEnd("missing", { task: "e2e/area", input: [] }),
      runToEnd("extra", { task: "e2e/area", input: { w: 1, depth: 2 } }),
    ]);

    expect([missing, extra].map(reasonOf)).toEqual(["InvalidInput", "InvalidInput"]);
    expect(messageOf(missing)).toBe("task area expected 1 to 2 argument(s), got 0");
    expect(messageOf(extra)).toBe("task area got unexpected argument(s): depth");
    expect(missing.status?.attempts ?? []).toEqual([]);
    expect([...(await podsOf("missing")), ...(await podsOf("extra"))]).toEqual([]);
  });

  scenario("undefined becomes null", ["nothing"], async () => {
    const run = await runToEnd("nothing", { task: "e2e/nothing" });

    expect(run.status).toMatchObject({ phase: "Succeeded", result: null });
  });

  scenario("a result that is not JSON is final, and says where", ["not-json"], async () => {
    const run = await runToEnd("not-json", { task: "e2e/not-json" });

    expect(run.status).toMatchObject({ phase: "Failed", attemptCount: 1 });
    expect(reasonOf(run)).toBe("ResultNotSerializable");
    expect(run.status?.error?.message).toBe(
      'result of task "not-json" is not JSON-serializable: value at $.a[2] is a bigint',
    );
  });

  scenario("a result over the limit is final, one at the limit is kept", ["too-large", "large"], async () => {
    const [tooLarge, large] = await Promise.all([
      runToEnd("too-large", { task: "e2e/large", input: [524_289] }),
      runToEnd("large", { task: "e2e/large", input: [524_288] }),
    ]);

    expect(reasonOf(tooLarge)).toBe("ResultTooLarge");
    expect(tooLarge.status).toMatchObject({ attemptCount: 1 });
    expect(tooLarge.status?.error?.message).toContain(
      "result of task e2e/large is 524289 bytes, the limit is 524288 bytes",
    );
    expect(large.status).toMatchObject({ phase: "Succeeded" });
    expect(String(large.status?.result)).toHaveLength(524_286);
  });
});

describe("what cannot start", () => {
  scenario("an unknown task fails without a pod", ["unknown-task"], async () => {
    const run = await runToEnd("unknown-task", { task: "e2e/no-such-task" });

    expect(reasonOf(run)).toBe("TaskNotFound");
    expect(messageOf(run)).toBe('Task "no-such-task" is not registered in bundle e2e revision 1');
    expect(await podsOf("unknown-task")).toEqual([]);
  });

  scenario("an unknown instance type is named, with those there are (S57)", ["huge"], async () => {
    const run = await runToEnd("huge", { task: "e2e/nothing", instanceType: "huge" });

    expect(reasonOf(run)).toBe("UnknownInstanceType");
    expect(messageOf(run)).toMatch(/^unknown instance type "huge"; known: .*starter/);
  });
});

describe("failure and retry", () => {
  scenario("a throw is retried after 1, 2 and 4 s, and its error ends in the status", ["throws"], async () => {
    const run = await runToEnd("throws", { task: "e2e/fails", input: ["out of range"] });

    expect(run.status).toMatchObject({ phase: "Failed", attemptCount: 4, userRetries: 3, infrastructureRetries: 0 });
    expect(reasonOf(run)).toBe("TaskError");
    expect(messageOf(run)).toBe("failed after 4 attempt(s): out of range");
    expect(run.status?.error).toMatchObject({ name: "RangeError", message: "out of range" });
    expect(run.status?.error?.stack).toContain("bundle.mjs");
    for (const [index, least] of [1, 2, 4].entries()) expect(waits(run)[index]).toBeGreaterThanOrEqual(least);
    expect(await podsOf("throws")).toHaveLength(4);
  });

  scenario("the third attempt succeeds", ["third"], async () => {
    const run = await runToEnd("third", { task: "e2e/third-time" });

    expect(run.status).toMatchObject({ phase: "Succeeded", result: 3, attemptCount: 3, userRetries: 2 });
    expect(run.status?.attempts?.map((attempt) => attempt.reason)).toEqual(["TaskError", "TaskError", "Succeeded"]);
  });

  scenario("a NonRetryableError ends the run at once", ["hopeless"], async () => {
    const run = await runToEnd("hopeless", { task: "e2e/hopeless" });

    expect(run.status).toMatchObject({ phase: "Failed", attemptCount: 1 });
    expect(reasonOf(run)).toBe("NonRetryableError");
  });

  scenario("RetryAfter says how long to wait", ["patient"], async () => {
    const run = await runToEnd("patient", { task: "e2e/patient" });

    expect(run.status).toMatchObject({ phase: "Succeeded", result: "came back", attemptCount: 2 });
    expect(waits(run)[0]).toBeGreaterThanOrEqual(3);
  });

  scenario("a timeout aborts the task, which may not even listen", ["timeout", "spins"], async () => {
    const [polite, deaf] = await Promise.all([
      runToEnd("timeout", { task: "e2e/sleeps", input: [600], timeoutSeconds: 2, retry: noRetry }),
      runToEnd("spins", { task: "e2e/spins" }),
    ]);

    expect([polite, deaf].map(reasonOf)).toEqual(["TimedOut", "TimedOut"]);
    expect(polite.status?.error?.message).toBe("attempt exceeded its timeout of 2 second(s)");
    expect(deaf.status?.attempts?.[0]).toMatchObject({ reason: "TimedOut", class: "User" });
  });

  scenario("running out of memory by buffers steps up to the larger type (S65)", ["oom-buffers"], async () => {
    const run = await runToEnd("oom-buffers", {
      task: "e2e/fills-buffers",
      input: [136],
      instanceType: "e2e-small",
      retry: { maxRetries: 1, waitDurationMs: 0, outOfMemory: { instanceType: "e2e-large" } },
    });

    expect(run.status).toMatchObject({ phase: "Succeeded", result: 136, userRetries: 1, instanceType: "e2e-large" });
    expect(run.status?.attempts).toMatchObject([
      { reason: "OutOfMemory", class: "User", exitCode: 137, instanceType: "e2e-small" },
      { reason: "Succeeded", instanceType: "e2e-large" },
    ]);
    const [, second] = await podsOf("oom-buffers");
    expect(second?.spec?.containers?.[0]?.resources?.limits?.["memory"]).toBe("288Mi");
  });

  scenario("running out of JavaScript heap is the same failure (S296)", ["oom-heap"], async () => {
    const run = await runToEnd("oom-heap", {
      task: "e2e/fills-heap",
      input: [50_000_000],
      instanceType: "e2e-small",
      retry: noRetry,
    });

    expect(reasonOf(run)).toBe("OutOfMemory");
    expect(run.status?.attempts?.[0]).toMatchObject({ reason: "OutOfMemory", class: "User" });
    expect([134, 137, 139]).toContain(run.status?.attempts?.[0]?.exitCode);
  });

  scenario(
    "a process that leaves without a report has failed, whatever its code",
    ["leaves-0", "leaves-7"],
    async () => {
      const [zero, seven] = await Promise.all([
        runToEnd("leaves-0", { task: "e2e/leaves", input: [0], retry: noRetry }),
        runToEnd("leaves-7", { task: "e2e/leaves", input: [7], retry: noRetry }),
      ]);

      expect([zero, seven].map(reasonOf)).toEqual(["ExitedWithoutReport", "ExitedWithoutReport"]);
      expect(messageOf(zero)).toBe("failed after 1 attempt(s): process exited with code 0 before completing the task");
      expect(seven.status?.attempts?.[0]).toMatchObject({ exitCode: 7, class: "User" });
    },
  );
});

describe("the pod of an attempt", () => {
  scenario.onRealCluster(
    "a runtime that confines pods",
    "belongs to nobody in particular and can write to /tmp alone (S295)",
    ["confined"],
    async () => {
      const run = await runToEnd("confined", { task: "e2e/confinement" });

      expect(run.status?.result).toMatchObject({ root: "EROFS", temporary: "allowed" });
      expect(run.status?.result).not.toMatchObject({ user: 0 });
    },
  );
});

describe("cancel, delete, keep", () => {
  scenario("a pending run is canceled before it has a pod", ["cancel-pending"], async () => {
    const startAt = new Date(Date.now() + 3_600_000).toISOString();
    await createRun("cancel-pending", { task: "e2e/nothing", startAt });
    await reason("cancel-pending", "Delayed");

    await cancel("cancel-pending");
    const run = await finished("cancel-pending");

    expect(run.status).toMatchObject({ phase: "Canceled" });
    expect(await podsOf("cancel-pending")).toEqual([]);
  });

  scenario(
    "a running task learns that it was canceled, and its late result does not count (S163, S169)",
    ["cancel-running"],
    async () => {
      await createRun("cancel-running", { task: "e2e/sleeps", input: [600] });
      await reason("cancel-running", "AttemptRunning");
      const log = await following("cancel-running");

      await cancel("cancel-running");
      const run = await finished("cancel-running");

      expect(run.status).toMatchObject({ phase: "Canceled" });
      expect(run.status?.result).toBeUndefined();
      expect(run.status?.attempts).toMatchObject([{ reason: "Canceled" }]);
      expect(await log.end()).toContain("aborted by CanceledError");
    },
  );

  scenario("a cancel between attempts drops the retry", ["cancel-waiting"], async () => {
    await createRun("cancel-waiting", {
      task: "e2e/fails",
      input: ["x"],
      retry: { maxRetries: 3, waitDurationMs: 600_000 },
    });
    await reason("cancel-waiting", "AwaitingRetry");

    await cancel("cancel-waiting");
    const run = await finished("cancel-waiting");

    expect(run.status).toMatchObject({ phase: "Canceled", attemptCount: 1 });
    expect(run.status?.nextRetryAt).toBeUndefined();
  });

  scenario("a cancel takes the whole tree with it, and cannot be taken back", ["cancel-parent"], async () => {
    await createRun("cancel-parent", { task: "e2e/parent", input: [600] });
    const children = await eventually("two running children", async () => {
      const found = await childrenOf("cancel-parent");
      return found.length === 2 && found.every((child) => child.status?.phase === "Running") ? found : undefined;
    });

    await cancel("cancel-parent");
    await Promise.all([finished("cancel-parent"), ...children.map(({ metadata }) => finished(metadata.name))]);
    const ended = await childrenOf("cancel-parent");
    const takenBack = kubectl(["patch", "taskrun", "cancel-parent", "--type=merge", "-p", '{"spec":{"cancel":false}}']);

    expect(ended.map(reasonOf)).toEqual(["ParentCanceled", "ParentCanceled"]);
    expect(ended.map(({ status }) => status?.phase)).toEqual(["Canceled", "Canceled"]);
    await expect(takenBack).rejects.toThrow("spec.cancel cannot be reset except by a higher spec.rerun.generation");
  });

  scenario("deleting a running run takes its pod with it", ["deleted"], async () => {
    await createRun("deleted", { task: "e2e/sleeps", input: [600] });
    await reason("deleted", "AttemptRunning");
    const [pod] = await podsOf("deleted");

    await kubectl(["delete", "taskrun", "deleted", "--wait=false"]);

    await eventually("run and pod gone", async () =>
      (await isGone("TaskRun", "deleted")) && (await isGone("Pod", String(pod?.metadata?.name))) ? true : undefined,
    );
  });

  scenario("a finished run is removed after its time", ["short-lived"], async () => {
    await createRun("short-lived", { task: "e2e/nothing", ttlSecondsAfterFinished: 5 });
    // As it is in that moment: it may be gone before anybody could read it.
    const wait = ["wait", "--for=condition=Finished", "taskrun/short-lived", "--timeout=120s"];
    const phase = await kubectl([...wait, "-o", "jsonpath={.status.phase}"]);

    await eventually("the run is gone", async () => ((await isGone("TaskRun", "short-lived")) ? true : undefined));

    expect(phase).toBe("Succeeded");
  });
});

describe("children", () => {
  scenario("two squares are computed in pods of their own", ["sum"], async () => {
    const run = await runToEnd("sum", { task: "e2e/sum_squares", input: [3, 4] });
    const children = await childrenOf("sum");
    const pods = await Promise.all(children.map(({ metadata }) => podsOf(metadata.name)));

    expect(run.status).toMatchObject({ phase: "Succeeded", result: 25 });
    expect(new Set(children.map(({ status }) => status?.result))).toEqual(new Set([9, 16]));
    expect(children.every(({ spec }) => spec.task === "e2e/square:1")).toBe(true);
    expect(children.map(({ status }) => status?.parent)).toMatchObject([
      { name: "sum", attempt: 1 },
      { name: "sum", attempt: 1 },
    ]);
    expect(pods.map((owned) => owned.length)).toEqual([1, 1]);
  });

  scenario("calls that nothing stands between run at the same time (S114)", ["meeting"], async () => {
    const run = await runToEnd("meeting", { task: "e2e/meeting" });

    expect(run.status).toMatchObject({ phase: "Succeeded", result: ["a met b", "b met a"] });
  });

  scenario("a child's failure can be caught, and else fails its parent", ["catches", "passes-on"], async () => {
    const [caught, passedOn] = await Promise.all([
      runToEnd("catches", { task: "e2e/catches" }),
      runToEnd("passes-on", { task: "e2e/passes-on" }),
    ]);

    expect(caught.status?.result).toEqual({ reason: "TaskError", task: "e2e/fails", phase: "Failed" });
    expect(reasonOf(passedOn)).toBe("TaskError");
    expect(passedOn.status?.error?.message).toMatch(/^Task run trn-\w{20} \(e2e\/fails\) failed: TaskError: /);
  });
});

async function cancel(run: string): Promise<void> {
  await kubectl(["patch", "taskrun", run, "--type=merge", "-p", '{"spec":{"cancel":true}}']);
}

scenario(
  "the cache of a tree keeps the last value, and lists nothing once it is deleted (S149)",
  ["caches"],
  async () => {
    const run = await runToEnd("caches", { task: "e2e/caches" });

    expect(run.status?.result).toEqual(["second", ["a"], []]);
  },
);
