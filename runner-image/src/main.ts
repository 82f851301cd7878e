// Process 1 of an attempt's pod: it registers a bundle's tasks, or runs one attempt, and ends.
//
// Exit codes: 0 registered, or succeeded and acknowledged; 1 failed, or nothing that a gateway has taken; 2 unknown
// STINT_MODE; 143 ended by SIGTERM without an outcome. The operator reads reports, and only records these (S76).
import { writeFileSync } from "node:fs";

import { attemptPath } from "@stint/crds/attempt";

import { ChannelLost, Refusal } from "./channel.ts";
import { processStartMs, systemClock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { watchCrashes } from "./crash.ts";
import { importEntry, preloadSdk, tasksOf } from "./entry.ts";
import { type Environment, EnvironmentError, parseEnvironment } from "./environment.ts";
import { exitCode, exitCodeOf } from "./exit-code.ts";
import { connectGateway } from "./gateway.ts";
import { LastWords } from "./last-words.ts";
import { createLog, recordPrints, type Log } from "./log.ts";
import { register } from "./register.ts";
import { run } from "./run.ts";
import { Terminated, untilSigterm } from "./signals.ts";

// Bound before the user's code is loaded: it may put something of its own in the place of either.
const writeOut = process.stdout.write.bind(process.stdout);
const exit = process.exit.bind(process);

const log = createLog(writeOut);

async function main(): Promise<number> {
  try {
    return await perform(parseEnvironment(process.env));
  } catch (error) {
    return exitCodeAfter(error);
  }
}

function preload(): void {
  preloadSdk(process.argv[1]);
}

async function perform({ mode, gateway: target, tokenFile, entrypoint, ...rest }: Environment): Promise<number> {
  const { terminationLog, traceparent } = rest;
  const terminated = untilSigterm();
  const connect = () => new Connection({ target, basePath: attemptPath, tokenFile, clock: systemClock });
  const gateway = connectGateway({ connect, clock: systemClock, log });
  const lastWords = new LastWords((text) => writeFileSync(terminationLog, text), log);
  const parts = { gateway, terminated, lastWords, load: () => tasksOf(importEntry(entrypoint, process.cwd())) };
  try {
    if (mode === "register") {
      terminated.addEventListener("abort", () => exit(exitCode.stopped)); // nothing else ends an import that hangs
      await register(parts);
      return exitCode.ok;
    }
    const hooks = { watchCrashes, recordPrints: (attemptLog: Log) => recordPrints(console, attemptLog) };
    const time = { clock: systemClock, startedAtMs: processStartMs };
    const ending = await run({ ...parts, ...hooks, ...time, preload, log, traceparent });
    return exitCodeOf(ending);
  } catch (error) {
    if (error instanceof ChannelLost) lastWords.writeLost(error);
    throw error;
  }
}

/** Names the troubles that may happen; anything else, a registration's import for one, is left to Node. */
function exitCodeAfter(error: unknown): number {
  if (error instanceof Terminated) return exitCode.stopped;
  if (error instanceof EnvironmentError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof ChannelLost) log.error("gateway lost", { call: error.call, cause: String(error.cause) });
  else if (error instanceof Refusal) log.error("gateway refused", { code: error.code, message: error.message });
  else leaveToNode(error);
  return exitCode.failed;
}

/** Node prints an error with the line of the source, and exits with 1, unless a listener of the user's code keeps it. */
function leaveToNode(error: unknown): never {
  process.removeAllListeners("uncaughtException").removeAllListeners("unhandledRejection");
  throw error;
}

// What the user's code left open, an interval or a socket, must not keep the pod; its output goes out before.
void main().then((code) => writeOut("", () => exit(code)));
