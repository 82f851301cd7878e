import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { Shell } from "./fakes/shell.ts";

let shell: Shell;
beforeEach(async () => {
  shell = await Shell.open();
});
afterEach(() => shell[Symbol.asyncDispose]());

describe("exit code 2 and a sentence, without asking the cluster, for", () => {
  test.each<{ given: string; args: string[]; says: string }>([
    { given: "an unknown command", args: ["frob"], says: "error: unknown command 'frob'" },
    { given: "an unknown option", args: ["runs", "--frob"], says: "error: unknown option '--frob'" },
    { given: "a missing argument", args: ["get"], says: "error: missing required argument 'run'" },
    { given: "a missing bundle", args: ["deploy"], says: "error: required option '--bundle <name>' not specified" },
    {
      given: "a bundle that cannot be called so",
      args: ["deploy", "--bundle", "Math"],
      says: 'error: "Math" is no name for a bundle',
    },
    {
      given: "a bundle's name of 41 characters (S158)",
      args: ["deploy", "--bundle", "a".repeat(41)],
      says: "error: metadata.name must be at most 40 characters",
    },
    {
      given: "a phase that does not exist",
      args: ["runs", "--phase", "Done"],
      says: "error: option '--phase <phase>' argument 'Done' is invalid.",
    },
    {
      given: "an attempt that is no number",
      args: ["logs", "r", "--attempt", "last"],
      says: "error: option '--attempt <number>' argument 'last' is invalid. It has to be a whole number.",
    },
    { given: "a task without a bundle", args: ["run", "square"], says: 'error: "square" names no task' },
    {
      given: "an input that is no JSON",
      args: ["run", "math/square", "--input", "{n: 1}"],
      says: "error: --input is not JSON: ",
    },
    {
      given: "an input that is neither a list nor an object (S29)",
      args: ["run", "math/square", "--input", "4"],
      says: "error: input must be a JSON array or a JSON object, got number",
    },
    {
      given: "an input that is too large (S43)",
      args: ["run", "math/square", "--input", JSON.stringify(["x".repeat(524_288)])],
      says: "error: input of task math/square is 524292 bytes, the limit is 524288 bytes (no payload store is configured)",
    },
    {
      given: "an input in a file that is not there",
      args: ["run", "math/square", "--input", "@/nowhere/input.json"],
      says: "error: --input cannot be read: ENOENT",
    },
    {
      given: "a time of day",
      args: ["run", "math/square", "--start-at", "8:00"],
      says: 'error: --start-at "8:00" is no instant',
    },
    {
      given: "a bad tag (S18)",
      args: ["run", "math/square", "--tag", "-a"],
      says: 'error: tag "-a" is not allowed: use 1 to 63 of A-Z a-z 0-9 _ - .',
    },
  ])("$given", async ({ args, says }) => {
    const code = await shell.type(...args);

    expect(code).toBe(2);
    expect(shell.notes[0]).toContain(says);
    expect(shell.notes.length).toBeGreaterThan(1);
    expect(shell.server.seen).toEqual([]);
  });
});

test("help is an answer, not an error", async () => {
  const code = await shell.type("run", "--help");

  expect(code).toBe(0);
  expect(shell.out.join("\n")).toContain("--namespace <name>");
  expect(shell.notes).toEqual([]);
});

describe("the cluster is", () => {
  test("the one that --context names", async () => {
    await shell.type("--context", "there", "runs");

    expect(shell.server.seen[0]?.path).toBe("/apis/stint.dev/v1alpha1/namespaces/team-b/taskruns");
    expect(shell.server.seen[0]?.headers.authorization).toBe("Bearer secret");
  });

  test("asked about the namespace that -n names, wherever it stands", async () => {
    await shell.type("runs", "-n", "team-c");

    expect(shell.notes).toEqual(["no runs in namespace team-c"]);
  });

  test("not guessed: an unknown context is named with those that there are", async () => {
    const code = await shell.type("--context", "nowhere", "runs");

    expect(code).toBe(1);
    expect(shell.notes).toEqual(['error: context "nowhere" is not in the kubeconfig', "Choose one of: here, there."]);
  });

  test("not there: the kubeconfig that cannot be read is named", async () => {
    const code = await shell.typeAnywhere("--kubeconfig", "/nowhere/config", "runs");

    expect(code).toBe(1);
    expect(shell.notes[0]).toContain("/nowhere/config");
    expect(shell.notes[1]).toBe("Set KUBECONFIG, or name a file with --kubeconfig.");
  });
});

test.each([
  { status: 401, hint: "log in again" },
  { status: 403, hint: "ClusterRole stint-user" },
  { status: 404, hint: "`stint doctor` looks" },
])("a $status comes with what to do", async ({ status, hint }) => {
  shell.server.fail({ status, body: { message: "no" } });

  const code = await shell.type("runs");

  expect(code).toBe(1);
  expect(shell.notes[0]).toBe("error: list runs: no");
  expect(shell.notes[1]).toContain(hint);
});

test("a cluster that does not answer at once is waited for, and that is said", async () => {
  shell.server.fail({ hangUp: true }, { status: 503 }, { status: 503 });

  const code = await shell.type("runs");

  expect(code).toBe(0);
  expect(shell.notes[0]).toMatch(/^no good answer from 127\.0\.0\.1:\d+ yet, trying again$/);
});

test.each(["20.20.2", "22.18.0"])(
  "on Node %s it says which one it needs, and does nothing (S285)",
  async (nodeVersion) => {
    shell.nodeVersion = nodeVersion;

    const code = await shell.type("runs");

    expect(code).toBe(1);
    expect(shell.notes[0]).toBe(`error: stint needs Node 22.19 or newer, and this is Node ${nodeVersion}`);
    expect(shell.server.seen).toEqual([]);
  },
);

test("the oldest Node that there may be is old enough", async () => {
  shell.nodeVersion = "22.19.0";

  expect(await shell.type("runs")).toBe(0);
});
