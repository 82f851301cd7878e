import { outcomeOf } from "@stint/sdk/client/outcome";
import { ExitCode } from "../exit-codes.ts";
import { isRefusal } from "../problem.ts";
import { taskRuns } from "../resources.ts";
import { runNotActive, runNotFound } from "../runs.ts";
import type { Session } from "../session.ts";

/** Ends a run for good, and what it started with it. Source: S161, S165, S167. */
export async function cancel({ terminal, connect }: Session, name: string): Promise<ExitCode> {
  const cluster = await connect();
  const run = await cluster.patch(taskRuns, name, { spec: { cancel: true } }).catch((error: unknown) => {
    throw isRefusal(error, 404) ? runNotFound(cluster, name) : error;
  });
  if (outcomeOf(run)) throw runNotActive(name);
  terminal.print(`task run ${name} is being canceled`);
  return ExitCode.Ok;
}
