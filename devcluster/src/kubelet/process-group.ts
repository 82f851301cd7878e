// One container as a local process with a group of its own.
//
//   G1. A signal goes to the whole group, so that what a program has started goes with it.
//   G2. Once the first process has ended, the rest of its group is killed: a container does not outlive its process 1.
//
// A program that puts itself into a group of its own (`setsid`) leaves the container. Without privileges nothing holds it back.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import type { Program } from "./program.ts";
import type { Reaper } from "./reaper.ts";

/** A program that could not be started, in the runtime's words. */
export class StartError extends Error {
  override readonly name = "StartError";
}

export interface ProcessGroup {
  /** Id of the group, and of its first process. */
  readonly id: number;
  /** The first process's exit code, 128 + n after signal n, once all of its output is read. Never rejects. */
  readonly exited: Promise<number>;
  /** Does nothing once the first process has ended. */
  signal(signal: "SIGTERM" | "SIGKILL"): void;
}

/** For the output of a container whose processes are dead to arrive. */
const patienceMs = 500;

/** @throws {StartError} */
export async function startGroup(
  program: Program,
  onOutput: (chunk: Buffer) => void,
  reaper: Reaper,
): Promise<ProcessGroup> {
  const child = spawned(program);
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  child.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  const outputs = [child.stdout, child.stderr].map((stream) => drained(stream, onOutput));
  await new Promise<void>((started, failed) => {
    child.once("spawn", started).once("error", (error) => failed(startError(program, error)));
  });
  const id = child.pid ?? 0; // never 0: it has been spawned
  reaper.begin(id);
  const exited = ended.then(async (code) => {
    signalGroup(id, "SIGKILL"); // G2
    reaper.end(id);
    // One that has left the group may hold the pipes open for ever; what it writes is nobody's output.
    await Promise.race([Promise.all(outputs), sleep(patienceMs, undefined, { ref: false })]);
    child.stdout.destroy();
    child.stderr.destroy();
    return code;
  });
  const isAlive = () => child.exitCode === null && child.signalCode === null; // else its number may be another's
  return { id, exited, signal: (signal) => isAlive() && signalGroup(id, signal) };
}

function spawned(program: Program) {
  const { command, env, workingDir } = program;
  const [file = "", ...args] = command;
  try {
    return spawn(file, args, { cwd: workingDir, env: { ...env }, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw startError(program, error); // too long, or not to be written as an argument
  }
}

function drained(stream: Readable, onOutput: (chunk: Buffer) => void): Promise<void> {
  stream.on("data", onOutput);
  return new Promise((resolve) => stream.once("close", resolve));
}

function startError({ command }: Program, error: unknown): StartError {
  const said = error instanceof Error ? error.message : String(error);
  const why = said.includes("ENOENT") ? "executable file not found in $PATH" : said;
  const shim =
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed";
  return new StartError(`${shim}: unable to start container process: exec: "${command[0]}": ${why}: unknown`);
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    // All of it has ended; macOS says EPERM of a group of zombies.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
