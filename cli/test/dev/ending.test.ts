// How `stint dev` ends, and what goes on when it starts again.
import type { TaskRun } from "@stint/crds/taskrun";
import { expect, onTestFinished, test } from "vitest";

import { descendantsOf, survivorsOf } from "./kit/processes.ts";
import { type DevProcess, Project, takenPort } from "./kit/project.ts";

const timeout = 300_000;

const tasks = `
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { task } from "@stint/sdk";
const small = { instanceType: "starter" };
/** Never ends, and has started another that never does. */
export const stubborn = task("stubborn", { ...small, gracePeriodSeconds: 1 }, async () => {
  spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  console.log("stubborn runs");
  await new Promise((resolve) => setInterval(() => {}, 1000));
});
/** Never ends at first, and succeeds the second time. */
async function patience(marker: string) {
  if (existsSync(marker)) return "went on";
  writeFileSync(marker, "");
  console.log("patient runs");
  await new Promise((resolve) => setInterval(() => {}, 1000));
}
export const patient = task("patient", { ...small, gracePeriodSeconds: 1, retry: { maxRetries: 0 } }, patience);
export const sturdy = task("sturdy", { ...small, retry: { maxRetries: 1, waitDurationMs: 0 } }, patience);
/** Fails at first, and is to be tried again in a while. */
export const failing = task("failing", { ...small, retry: { delaysSeconds: [3] } }, (marker: string) => {
  if (existsSync(marker)) return "went on";
  writeFileSync(marker, "");
  throw new Error("at first");
});
`;

/** Loaded into the server: after SIGUSR2 it is killed when the bundler next asks whether it is there, before it answers. */
const diesAtQuestion = `
import { subscribe } from "node:diagnostics_channel";
let isArmed = false;
process.on("SIGUSR2", () => (isArmed = true));
subscribe("child_process", ({ process: child }) => setImmediate(() => {
  if (!child.spawnargs.includes("--ping")) return;
  child.stdout.prependListener("data", (chunk) => {
    if (isArmed && chunk.includes("ping")) process.kill(process.pid, "SIGKILL");
  });
}));
`;

async function aProject(): Promise<Project> {
  const project = await Project.open(tasks);
  onTestFinished(() => project[Symbol.asyncDispose]());
  return project;
}

/** A server of which an attempt runs that would never end. */
async function aBusyServer(project: Project, env: Readonly<Record<string, string>> = {}): Promise<DevProcess> {
  const server = project.dev({ env });
  await server.line(/revision 1 is Ready/);
  await project.stint(server, "run", "shop/stubborn");
  await server.line(/\| stubborn runs$/);
  return server;
}

test.each(["SIGINT", "SIGTERM"] as const)("%s leaves no process and no file behind", { timeout }, async (signal) => {
  const project = await aProject();
  const server = await aBusyServer(project);
  const processes = descendantsOf(server.pid);

  const code = await server.stop(signal);

  expect(processes.length).toBeGreaterThanOrEqual(4); // the operator, the bundler, the attempt and what it has started
  expect(await survivorsOf(processes)).toEqual([]);
  expect(await project.leftovers()).toEqual([]);
  expect(code).toBe(0);
});

test("killed without a word, it takes the operator and the attempts with it", { timeout }, async () => {
  const project = await aProject();
  const server = await aBusyServer(project);
  const processes = descendantsOf(server.pid);

  await server.stop("SIGKILL");

  expect(processes.length).toBeGreaterThanOrEqual(4);
  expect(await survivorsOf(processes)).toEqual([]);
});

test("killed while it owes the bundler an answer, it takes the bundler with it too", { timeout }, async () => {
  const project = await aProject();
  await project.write("dies.mjs", diesAtQuestion);
  const server = await aBusyServer(project, { NODE_OPTIONS: "--import ./dies.mjs" });
  const processes = descendantsOf(server.pid);

  const end = await server.stop("SIGUSR2");

  expect(end).toBe("SIGKILL");
  expect(await survivorsOf(processes)).toEqual([]);
});

test("a second Ctrl-C does not wait for an attempt that takes its time", { timeout }, async () => {
  const project = await aProject();
  const server = project.dev({ args: ["--state", "state.json"] });
  await server.line(/revision 1 is Ready/);
  await project.stint(server, "run", "shop/sturdy", "--input", project.markerOf("slow"));
  await server.line(/\| patient runs$/);
  const processes = descendantsOf(server.pid);

  void server.stop();
  await server.line(/^stopping/);
  const end = await server.stop();

  expect(end).toBe("SIGINT");
  expect(await survivorsOf(processes)).toEqual([]);
});

test(
  "with a state, what was cut short goes on after the next start, and the user's retries pay for nothing",
  { timeout },
  async () => {
    const project = await aProject();
    const args = ["--state", "state.json"];
    const first = project.dev({ args });
    await first.line(/revision 1 is Ready/);
    await project.stint(first, "run", "shop/patient", "--name", "cut", "--input", project.markerOf("cut"));
    await first.line(/\| patient runs$/);
    await project.stint(first, "run", "shop/failing", "--name", "waiting", "--input", project.markerOf("waiting"));
    await first.line(/attempt 1 failed after \S+ TaskError: Error: at first; attempt 2 follows after 3s$/);
    expect(await first.stop()).toBe(0);

    const second = project.dev({ args });
    await second.line(/shop\/patient Succeeded after 2 attempts .*"went on"$/);
    const { out: waiting } = await project.stint(second, "run", "shop/failing", "--name", "waiting", "--wait");
    const { out: cut } = await project.stint(second, "get", "cut", "-o", "json");

    expect(waiting).toBe('"went on"\n');
    expect(firstAttemptOf(cut)).toMatchObject({ reason: "Evicted", class: "Infrastructure" });
  },
);

test("with a state, runs go on even after a SIGKILL, and what it cut short was Killed", { timeout }, async () => {
  const project = await aProject();
  const args = ["--state", "state.json"];
  const first = project.dev({ args });
  await first.line(/revision 1 is Ready/);
  await project.stint(first, "run", "shop/sturdy", "--name", "cut", "--input", project.markerOf("cut"));
  await first.line(/\| patient runs$/);
  await project.stint(first, "run", "shop/failing", "--name", "waiting", "--input", project.markerOf("waiting"));
  await first.line(/attempt 2 follows after 3s$/);
  await project.until("state.json", /AwaitingRetry/);
  await project.until("state.json", /AttemptRunning/); // that the other one has begun is in the file, too
  await first.stop("SIGKILL");

  const second = project.dev({ args });
  await second.line(/shop\/sturdy Succeeded after 2 attempts .*"went on"$/);
  const { out: waiting } = await project.stint(second, "run", "shop/failing", "--name", "waiting", "--wait");
  const { out: cut } = await project.stint(second, "get", "cut", "-o", "json");

  expect(waiting).toBe('"went on"\n');
  expect(firstAttemptOf(cut)).toMatchObject({ reason: "Killed", class: "User" });
});

test("a port that is taken is named, with what to do (S285)", { timeout }, async () => {
  const project = await aProject();
  const { port, release } = await takenPort();

  const { code, notes } = await project.typed("dev", "--port", String(port));
  release();

  expect(notes).toBe(`error: port ${port} is taken\nStop what listens there, or name another with --port.\n`);
  expect(code).toBe(1);
  expect(await project.leftovers()).toEqual([]);
});

test("a state that cannot be kept is named, with what to do (S285)", { timeout }, async () => {
  const project = await aProject();

  const { code, notes } = await project.typed("dev", "--port", "0", "--state", "nowhere/state.json");

  expect(notes).toMatch(/^error: write nowhere\/state\.json: ENOENT.*\nName another file with --state\.\n$/);
  expect(code).toBe(1);
  expect(await project.leftovers()).toEqual([]);
});

function firstAttemptOf(json: string): object | undefined {
  const { status } = JSON.parse(json) as TaskRun; // as the API server gave it
  return status?.attempts?.[0];
}
