import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { aFailure, aRun, ended, live } from "../builders.ts";
import { Shell } from "../fakes/shell.ts";

let shell: Shell;
beforeEach(async () => {
  vi.stubEnv("TRACEPARENT", undefined);
  shell = await Shell.open();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await shell[Symbol.asyncDispose]();
});

describe("stint run", () => {
  test("creates a run with what was typed, and prints its name", async () => {
    const typed =
      "run math/square:7 --input [4] --name square-4 --start-at 2027-01-01T01:00:00+01:00 --tag night --tag image " +
      "--instance-type pro --timeout 60 --start-timeout 30 --deadline 600 --ttl 0";

    const code = await shell.type(...typed.split(" "), "--retry", '{"maxRetries": 1}');

    expect(code).toBe(0);
    expect(shell.out).toEqual(["square-4"]);
    expect(shell.server.seen).toHaveLength(1);
    expect(shell.server.seen[0]?.path).toBe("/apis/stint.dev/v1alpha1/namespaces/team-a/taskruns");
    expect(shell.server.seen[0]?.body).toEqual({
      apiVersion: "stint.dev/v1alpha1",
      kind: "TaskRun",
      metadata: {
        name: "square-4",
        labels: { "stint.dev/bundle": "math", "tag.stint.dev/night": "", "tag.stint.dev/image": "" },
      },
      spec: {
        task: "math/square:7",
        input: [4],
        startAt: "2027-01-01T00:00:00.000Z",
        tags: ["night", "image"],
        instanceType: "pro",
        timeoutSeconds: 60,
        startTimeoutSeconds: 30,
        deadlineSeconds: 600,
        ttlSecondsAfterFinished: 0,
        retry: { maxRetries: 1 },
      },
    });
  });

  test("starts a run in the trace that it is called in (S151)", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    vi.stubEnv("TRACEPARENT", traceparent);

    await shell.type("run", "math/square", "--name", "traced");
    vi.stubEnv("TRACEPARENT", "nobody's");
    await shell.type("run", "math/square", "--name", "untraced");

    expect(shell.server.runs.get("traced")?.metadata.annotations).toEqual({ "stint.dev/traceparent": traceparent });
    expect(shell.server.runs.get("untraced")?.metadata).not.toHaveProperty("annotations");
  });

  test("gives a run a name, and no setting that nobody typed", async () => {
    await shell.type("run", "math/square");

    const [name = ""] = shell.out;
    expect(name).toMatch(/^trn-[0-9a-v]{20}$/);
    expect(shell.server.runs.get(name)?.spec).toEqual({ task: "math/square", input: [] });
  });

  test("reads the input from a file", async () => {
    const file = join(shell.directory, "input.json");
    await writeFile(file, '{"n": 4}');

    await shell.type("run", "math/square", "--name", "r", "--input", `@${file}`);

    expect(shell.server.runs.get("r")?.spec["input"]).toEqual({ n: 4 });
  });

  test("starts nothing twice under one name, and says so (S111)", async () => {
    await shell.type("run", "math/square", "--name", "once");

    const code = await shell.type("run", "math/square", "--name", "once");

    expect(code).toBe(0);
    expect(shell.out).toEqual(["once", "once"]);
    expect(shell.notes).toEqual(["run once exists, nothing new was started"]);
  });

  test("starts nothing under a name that another task's run has (S111)", async () => {
    await shell.type("run", "math/square", "--name", "mine");

    const code = await shell.type("run", "math/cube", "--name", "mine");

    expect(code).toBe(1);
    expect(shell.notes[0]).toBe("error: run mine exists and belongs to math/square");
  });
});

describe("stint run --wait", () => {
  test.each([
    { phase: "Succeeded", reason: "Completed", code: 0 },
    { phase: "Failed", reason: "TaskError", code: 1 },
    { phase: "Canceled", reason: "Canceled", code: 3 },
    { phase: "Canceled", reason: "ParentCanceled", code: 3 },
  ] as const)("ends with $code for $phase, $reason (S285)", async ({ phase, reason, code }) => {
    await shell.type("run", "math/square", "--name", "r");
    shell.server.setStatus("r", ended(phase, reason));

    expect(await shell.type("run", "math/square", "--name", "r", "--wait")).toBe(code);
  });

  test("tells what happens meanwhile beside the value, so that a pipe gets the value alone", async () => {
    const waiting = shell.type("run", "math/square", "--name", "r", "--wait");
    await shell.server.watched();
    shell.server.setStatus("r", live("Pending", "AwaitingRetry", { attempts: [aFailure(1)] }));
    shell.server.setStatus("r", ended("Succeeded", "Completed", { result: { n: 16 }, attempts: [aFailure(1)] }));

    expect(await waiting).toBe(0);
    expect(JSON.parse(shell.out.join("\n"))).toEqual({ n: 16 });
    expect(shell.notes).toEqual([
      "run r of namespace team-a",
      "Pending",
      "attempt 1 failed after 2s: TaskError: RangeError: bad",
      "Pending: AwaitingRetry: attempt 2 follows",
      "Succeeded after 1 attempt in 2s",
    ]);
  });

  test.each(["cleanly", "broken"] as const)("goes on when a watch ends (%s)", async (how) => {
    const waiting = shell.type("run", "math/square", "--name", "r", "--wait");
    await shell.server.watched();
    shell.server.endWatches(how);
    await shell.server.watched();
    shell.server.setStatus("r", ended("Succeeded", "Completed", { result: null }));

    expect(await waiting).toBe(0);
    expect(shell.out).toEqual(["null"]);
  });

  test("misses no end that comes between two watches", async () => {
    const waiting = shell.type("run", "math/square", "--name", "r", "--wait");
    await shell.server.watched();
    shell.given(aRun("r", ended("Failed", "TaskError")));
    shell.server.endWatches("cleanly");

    expect(await waiting).toBe(1);
  });

  test("ends when somebody deletes the run", async () => {
    const waiting = shell.type("run", "math/square", "--name", "r", "--wait");
    await shell.server.watched();
    shell.server.delete("r");

    expect(await waiting).toBe(1);
    expect(shell.notes).toContain("error: task run not found: r");
  });
});
