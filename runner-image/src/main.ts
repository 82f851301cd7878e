// Process 1 of an attempt's pod: it registers a bundle's tasks, or runs one attempt, and ends.
//
// Exit codes: 0 registered, or succeeded and acknowledged; 1 failed, or nothing that a gateway has taken; 2 unknown
// STINT_MODE; 143 ended by SIGTERM without an outcome. The operator reads reports, and only records these (S76).
import type { Ending } from "./attempt.ts";
import { ChannelLost, Refusal } from "./channel.ts";
import { processStartMs, systemClock } from "./clock.ts";
import { importEntry, preloadSdk } from "./entry.ts";
import { type Environment, EnvironmentError, parseEnvironment } from "./environment.ts";
import { connectGateway } from "./gateway.ts";
import { LastWords } from "./last-words.ts";
import { createLog } from "./log.ts";
import { register } from "./register.ts";
import { run } from "./run.ts";
import { Terminated, untilSigterm } from "./signals.ts";

const exitCode = { ok: 0, failed: 1, stopped: 128 + 15 } as const;

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
  const gateway = connectGateway({ target, tokenFile, clock: systemClock, log });
  const lastWords = new LastWords(terminationLog, log);
  const parts = { gateway, terminated, lastWords, importEntry: () => importEntry(entrypoint, process.cwd()) };
  try {
    if (mode === "register") {
      terminated.addEventListener("abort", () => exit(exitCode.stopped)); // nothing else ends an import that hangs
      await register(parts);
      return exitCode.ok;
    }
    const ending = await run({ ...parts, preload, log, traceparent, clock: systemClock, startedAtMs: processStartMs });
    return exitCodeOf(ending);
  } catch (error) {
    if (error instanceof ChannelLost) lastWords.writeLost(error);
    throw error;
  }
}

function exitCodeOf(ending: Ending): number {
  if (ending.kind === "stopped") return exitCode.stopped;
  return ending.report.kind === "succeeded" ? exitCode.ok : exitCode.failed;
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
