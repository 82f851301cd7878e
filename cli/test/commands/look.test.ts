import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";

import type { StubApiServer } from "../../../sdk/test/fakes/api-server.ts";
import { aBundle, aChild, anAttempt, aRun, ended, live } from "../builders.ts";
import { Shell } from "../fakes/shell.ts";

let shell: Shell;
beforeEach(async () => {
  shell = await Shell.open();
});
afterEach(() => shell[Symbol.asyncDispose]());

describe("stint runs", () => {
  test("lists the newest first, as wide as the terminal", async () => {
    shell.given(
      aRun("first", ended("Succeeded", "Completed")),
      aRun("second", live("Pending", "Unschedulable"), { creationTimestamp: "2027-01-01T00:09:30Z" }),
    );
    shell.width = 72;

    await shell.type("runs");

    expect(`\n${shell.out.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      NAME    TASK         PHASE      REASON         ATTEMPTS  DURATION  AGE
      second  math/square  Pending    Unschedulable         0            30s
      first   math/square  Succeeded  Completed             1        2s  10m
      "
    `);
  });

  test("lets the API server select", async () => {
    await shell.type("runs", "-l", "tag.stint.dev/night", "--task", "math/square", "--phase", "Failed");

    expect(shell.server.seen[0]?.query).toMatchObject({
      labelSelector: "tag.stint.dev/night",
      fieldSelector: "spec.task=math/square,status.phase=Failed",
    });
  });

  test("asks page by page", async () => {
    const [a, b] = [aRun("a"), aRun("b")];
    shell.server.fail(
      { status: 200, body: { items: [a], metadata: { resourceVersion: "1", continue: "next" } } },
      { status: 200, body: { items: [b], metadata: { resourceVersion: "1" } } },
    );

    await shell.type("runs", "-o", "json");

    expect(JSON.parse(shell.out.join("\n"))).toMatchObject({ kind: "List", items: [a, b] });
    expect(shell.server.seen[1]?.query["continue"]).toBe("next");
  });
});

describe("stint get", () => {
  test("gives the object itself as YAML", async () => {
    shell.given(aRun("r", ended("Succeeded", "Completed", { result: "no" })));

    await shell.type("get", "r", "-o", "yaml");

    expect(parse(shell.out.join("\n"), { version: "1.1" })).toEqual(
      aRun("r", ended("Succeeded", "Completed", { result: "no" })),
    );
  });

  test("of a run that is not there ends with 1 (S167)", async () => {
    const code = await shell.type("get", "nobody");

    expect(code).toBe(1);
    expect(shell.notes).toEqual([
      "error: task run not found: nobody",
      "`stint runs` lists those of namespace team-a; -n chooses another.",
    ]);
  });
});

describe("stint tree", () => {
  test("of a child shows what is below it, found by its root", async () => {
    shell.given(aRun("sum"), aChild("a", "sum"), aChild("a1", "a"), aChild("b", "sum"));

    await shell.type("tree", "a");

    expect(shell.out.map((line) => line.split(/ {2,}/)[0])).toEqual(["RUN", "a", "└─ a1"]);
    expect(shell.server.seen.at(-1)?.query["labelSelector"]).toBe("stint.dev/root=sum");
  });
});

describe("stint cancel", () => {
  test("sets spec.cancel (S161)", async () => {
    shell.given(aRun("r", live("Running", "AttemptRunning")));

    const code = await shell.type("cancel", "r");

    expect(code).toBe(0);
    expect(shell.server.seen[0]).toMatchObject({ method: "PATCH", body: { spec: { cancel: true } } });
    expect(shell.out).toEqual(["task run r is being canceled"]);
  });

  test("of a terminal run says that it has no effect (S167)", async () => {
    shell.given(aRun("r", ended("Succeeded", "Completed")));

    const code = await shell.type("cancel", "r");

    expect(code).toBe(1);
    expect(shell.notes).toEqual(["error: task run r is not active", "`stint get r` tells how it ended."]);
  });

  test("of a run that is not there says so (S167)", async () => {
    expect(await shell.type("cancel", "nobody")).toBe(1);
    expect(shell.notes[0]).toBe("error: task run not found: nobody");
  });
});

describe("stint retry", () => {
  test("raises spec.rerun.generation and takes the cancel back (S170)", async () => {
    shell.given(aRun("r", ended("Canceled", "Canceled")));

    const code = await shell.type("retry", "r");

    expect(code).toBe(0);
    expect(shell.server.seen.at(-1)).toMatchObject({
      method: "PATCH",
      body: { spec: { rerun: { generation: 1, revision: "Pinned" }, cancel: null } },
    });
    expect(shell.out).toEqual(["1 run(s) rescheduled"]);
  });

  test("of a tree counts what begins anew with it (S171)", async () => {
    const handedOver = { labels: { "stint.dev/root": "sum", "stint.dev/handed-over": "1" } };
    const below = (name: string, parent: string, status: Parameters<typeof aChild>[2]) => {
      const child = aChild(name, parent, status);
      return { ...child, metadata: { ...child.metadata, ...handedOver } };
    };
    const subtasks = { attempt: 1, count: 3 };
    shell.given(
      aRun("sum", ended("Failed", "SubtaskFailed", { subtasks })),
      below("done", "sum", ended("Succeeded", "Completed")),
      below("canceled", "sum", ended("Canceled", "Canceled")),
      below("middle", "sum", ended("Failed", "SubtaskFailed", { subtasks })),
      below("failed", "middle", ended("Failed", "TaskError")),
      below("late", "middle", ended("Canceled", "TreeFailed")),
      aChild("called", "sum", ended("Failed", "TaskError")),
    );

    await shell.type("retry", "sum");

    expect(shell.out).toEqual(["4 run(s) rescheduled"]);
  });

  test("with --latest asks for the newest revision (S172)", async () => {
    shell.given(aRun("r", ended("Failed", "TaskError")));

    await shell.type("retry", "r", "--latest");

    expect(shell.server.runs.get("r")?.spec).toMatchObject({ rerun: { generation: 1, revision: "Latest" } });
  });

  test.each([
    { given: "live", status: live("Pending", "AwaitingRetry"), says: "task run r is still active" },
    {
      given: "Succeeded",
      status: ended("Succeeded", "Completed"),
      says: "task run r has succeeded; trigger a new run",
    },
  ])("of a run that is $given says so, and changes nothing (S170)", async ({ status, says }) => {
    shell.given(aRun("r", status));

    expect(await shell.type("retry", "r")).toBe(1);
    expect(shell.notes[0]).toBe(`error: ${says}`);
    expect(shell.server.seen.map(({ method }) => method)).toEqual(["GET"]);
  });

  test("of a run that is not there says so (S167)", async () => {
    expect(await shell.type("retry", "nobody")).toBe(1);
    expect(shell.notes[0]).toBe("error: task run not found: nobody");
  });
});

describe("stint pause and resume (S173)", () => {
  test("set spec.suspend, and take it back", async () => {
    shell.given(aRun("r", live("Running", "AttemptRunning")));

    const codes = [await shell.type("pause", "r"), await shell.type("resume", "r")];

    const bodies = shell.server.seen.filter(({ method }) => method === "PATCH").map(({ body }) => body);
    expect(codes).toEqual([0, 0]);
    expect(bodies).toEqual([{ spec: { suspend: true } }, { spec: { suspend: false } }]);
    expect(shell.out).toEqual(["task run r is paused: what runs finishes, nothing new starts", "task run r goes on"]);
  });

  test.each(["pause", "resume"])("%s of a terminal run says that it has no effect", async (command) => {
    shell.given(aRun("r", ended("Succeeded", "Completed")));

    expect(await shell.type(command, "r")).toBe(1);
    expect(shell.notes[0]).toBe("error: task run r is not active");
    expect(shell.server.seen.map(({ method }) => method)).toEqual(["GET"]);
  });

  test("resume of a terminal run that was paused lets go on what it started", async () => {
    const run = aRun("r", ended("Succeeded", "Completed"));
    shell.given({ ...run, spec: { ...run.spec, suspend: true } });

    expect(await shell.type("resume", "r")).toBe(0);
  });

  test.each(["pause", "resume"])("%s of a run that is not there says so", async (command) => {
    expect(await shell.type(command, "nobody")).toBe(1);
    expect(shell.notes[0]).toBe("error: task run not found: nobody");
  });
});

describe("stint tasks", () => {
  const bundles = "GET /apis/stint.dev/v1alpha1/namespaces/team-a/taskbundles";

  test("lists all bundles' tasks with their descriptions (S17)", async () => {
    const items = [aBundle({ status: "True", reason: "Registered" })];
    shell.server.others.set(bundles, () => ({ status: 200, body: { items, metadata: { resourceVersion: "1" } } }));

    await shell.type("tasks");

    expect(`\n${shell.out.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      TASK         KIND  REVISION  DESCRIPTION
      math/square  Task         3  squares a number
      "
    `);
  });

  test("says of a bundle that has none yet why", async () => {
    const body = aBundle({ status: "Unknown", reason: "Registering" });
    shell.server.others.set(`${bundles}/math`, () => ({ status: 200, body }));

    await shell.type("tasks", "math");

    expect(shell.notes).toEqual(["bundle math has no Ready revision yet"]);
  });
});

describe("stint logs", () => {
  const logOf = (attempt: number): string => `GET /api/v1/namespaces/team-a/pods/square-k3f9a-${attempt}/log`;
  const twoAttempts = { attempts: [anAttempt(1), anAttempt(2)] };

  function say(server: StubApiServer, attempt: number): void {
    server.others.set(logOf(attempt), () => ({ status: 200, body: `hello from ${attempt}\n` }));
  }

  test("are of the last attempt, or of the one that is named", async () => {
    shell.given(aRun("r", live("Running", "AttemptRunning", twoAttempts)));
    say(shell.server, 1);
    say(shell.server, 2);

    await shell.type("logs", "r");
    await shell.type("logs", "r", "--attempt", "1");

    expect(shell.out).toEqual(["hello from 2", "hello from 1"]);
    expect(shell.server.seen[1]?.query).toEqual({ container: "task", follow: "false" });
  });

  test("are followed from attempt to attempt until the run ends", async () => {
    shell.given(aRun("r", live("Running", "AttemptRunning", { attempts: [anAttempt(1)] })));
    say(shell.server, 1);
    say(shell.server, 2);

    const following = shell.type("logs", "-f", "r");
    await shell.server.watched();
    shell.server.setStatus("r", ended("Succeeded", "Completed", twoAttempts));

    expect(await following).toBe(0);
    expect(shell.out).toEqual(["hello from 1", "hello from 2"]);
    expect(shell.notes).toEqual(["attempt 2"]);
  });

  test.each<{ given: string; status: number; says: string }>([
    { given: "with their pod", status: 404, says: "error: the log of attempt 1 is gone with its pod square-k3f9a-1" },
    { given: "before the container starts", status: 400, says: "error: attempt 1 has not started yet" },
  ])("are not there $given", async ({ status, says }) => {
    shell.given(aRun("r", live("Running", "AttemptRunning", { attempts: [anAttempt(1)] })));
    shell.server.others.set(logOf(1), () => ({ status, body: { message: "no" } }));

    const code = await shell.type("logs", "r");

    expect(code).toBe(1);
    expect(shell.notes[0]).toBe(says);
  });

  test("of an attempt that there was not end with 2", async () => {
    shell.given(aRun("r", live("Running", "AttemptRunning", twoAttempts)));

    expect(await shell.type("logs", "r", "--attempt", "3")).toBe(2);
    expect(shell.notes).toEqual(["error: run r has no attempt 3", "It has 2; `stint get r` lists them."]);
  });
});
