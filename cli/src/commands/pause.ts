import { outcomeOf } from "../../../sdk/src/client/outcome.ts";
import { ExitCode } from "../exit-codes.ts";
import { taskRuns } from "../resources.ts";
import { getRun, runNotActive } from "../runs.ts";
import type { Session } from "../session.ts";

/** Starts nothing more of a run, nor of what it started, until {@link resume}. Source: S173. */
export async function pause({ terminal, connect }: Session, name: string): Promise<ExitCode> {
  const cluster = await connect();
  if (outcomeOf(await getRun(cluster, name))) throw runNotActive(name);
  await cluster.patch(taskRuns, name, { spec: { suspend: true } });
  terminal.print(`task run ${name} is paused: what runs finishes, nothing new starts`);
  return ExitCode.Ok;
}

/** Takes a {@link pause} back; of a run that has ended, too, since what it started may still wait for that. Source: S173. */
export async function resume({ terminal, connect }: Session, name: string): Promise<ExitCode> {
  const cluster = await connect();
  const run = await getRun(cluster, name);
  if (outcomeOf(run) && run.spec.suspend !== true) throw runNotActive(name);
  await cluster.patch(taskRuns, name, { spec: { suspend: false } });
  terminal.print(`task run ${name} goes on`);
  return ExitCode.Ok;
}
