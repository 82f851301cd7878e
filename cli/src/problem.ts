// What a person sees when a command cannot be carried out: one sentence that says what, one that says what to do. This
// file alone turns the API server's refusals into advice.
import { ClientError, ServerError, TimeoutError } from "@stint/sdk";

import { ExitCode } from "./exit-codes.ts";

/** An end of the command that a person can do something about. `message` says what is wrong, `remedy` what to do. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly remedy: string;
  readonly exitCode: ExitCode;

  constructor(message: string, remedy: string, { exitCode = ExitCode.Failed, cause }: ProblemOptions = {}) {
    super(message, { cause });
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

interface ProblemOptions {
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/** What was typed cannot be meant: exit code 2. */
export function usage(message: string, remedy: string): Problem {
  return new Problem(message, remedy, { exitCode: ExitCode.Usage });
}

/** Whether the API server answered with this HTTP status. */
export function isRefusal(error: unknown, statusCode: number): boolean {
  return error instanceof ClientError && error.statusCode === statusCode;
}

/** Whatever a command ended with, as a problem. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Problem(message, remedyFor(error), { cause: error });
}

function remedyFor(error: unknown): string {
  if (error instanceof ClientError)
    return remedies.get(error.statusCode ?? 0) ?? "Correct what it names and try again.";
  if (error instanceof TimeoutError) return "Try again with more time.";
  if (!(error instanceof ServerError))
    return "This looks like a bug of stint: please report it with the command that you typed.";
  return error.statusCode === undefined
    ? "The cluster does not answer: check the context (`kubectl config get-contexts`) and the way to it, then try again."
    : "The API server is there but not well: try again in a while.";
}

const remedies: ReadonlyMap<number, string> = new Map([
  [401, "The cluster does not accept the credentials of this context: log in again, or choose another with --context."],
  [403, "Ask for the ClusterRole stint-user in this namespace; `stint doctor` lists what is missing."],
  [404, "Does the namespace exist, and is Stint installed? `stint doctor` looks."],
  [429, "The API server asks for patience: try again in a while."],
]);
