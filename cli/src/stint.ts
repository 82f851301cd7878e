// One command, from its arguments to its exit code.
import { CommanderError } from "commander";

import type { Sleep } from "@stint/sdk/client/transport";
import { ExitCode } from "./exit-codes.ts";
import { createProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** What a command takes from the process it runs in. */
export interface Surroundings {
  /** `stint`, or `kubectl stint`. */
  readonly name: string;
  /** Of Node: `24.21.0`. */
  readonly nodeVersion: string;
  readonly terminal: Terminal;
  readonly now: () => Date;
  readonly sleep: Sleep;
  readonly interrupted: () => AbortSignal;
}

/** As package.json's `engines`; on an older one the client's own packages fail with words that help nobody. */
const oldestNode = { major: 22, minor: 19 };

function isTooOld(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  return major < oldestNode.major || (major === oldestNode.major && minor < oldestNode.minor);
}

/** Carries out what was typed after the program's name. It does not throw: whatever goes wrong is told on the terminal. */
export async function stint(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { terminal, now, sleep, interrupted, name, nodeVersion } = surroundings;
  if (isTooOld(nodeVersion)) {
    const needed = `${oldestNode.major}.${oldestNode.minor}`;
    terminal.note(`error: stint needs Node ${needed} or newer, and this is Node ${nodeVersion}`);
    terminal.note("Run it with a newer one: a clone of Stint has one as node_modules/.bin/node.");
    return ExitCode.Failed;
  }
  let code: ExitCode = ExitCode.Ok;
  const program = createProgram({
    name,
    args,
    terminal,
    session: (place) => ({
      terminal,
      now,
      interrupted,
      connect: async () => {
        const { connectTo } = await import("./session.ts");
        return connectTo(place, terminal, sleep);
      },
    }),
    end: (ended) => {
      code = ended;
    },
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.Usage;
    const { toProblem } = await import("./problem.ts");
    const { message, remedy, exitCode } = toProblem(error);
    terminal.note(`error: ${message}\n${remedy}`);
    return exitCode;
  }
}
