import type { TaskRun } from "@stint/crds/taskrun";

import { callersTrace } from "@stint/sdk/client/endpoint";
import { outcomeOf, taskOf } from "@stint/sdk/client/outcome";
import type { Body, Cluster } from "../cluster.ts";
import { ExitCode, exitCodeOf } from "../exit-codes.ts";
import { printObject, type OutputFormat } from "../output.ts";
import { isRefusal, Problem } from "../problem.ts";
import { taskRuns } from "../resources.ts";
import { toRun, type RunOptions } from "../run-spec.ts";
import { runNotFound } from "../runs.ts";
import type { Session } from "../session.ts";
import { statesOf } from "../states.ts";
import type { Terminal } from "../terminal.ts";
import { newsOf } from "../views/news.ts";

export interface RunCommandOptions extends RunOptions {
  readonly wait?: boolean;
  readonly output?: OutputFormat;
}

/**
 * Starts a run; with `wait` it tells what happens until the run ends, and the exit code tells how (S285).
 *
 * On stdout stands the run's name, or, after a wait, the function's value as JSON.
 */
export async function run({ terminal, connect }: Session, task: string, options: RunCommandOptions): Promise<ExitCode> {
  const body = toRun(task, options, callersTrace());
  const cluster = await connect();
  const started = await start(cluster, { task, body }, terminal);
  if (options.wait !== true) {
    if (options.output) await printObject(terminal, options.output, started);
    else terminal.print(started.metadata.name);
    return ExitCode.Ok;
  }
  const ended = await waitFor(cluster, started.metadata.name, terminal);
  const outcome = outcomeOf(ended);
  if (options.output) await printObject(terminal, options.output, ended);
  else if (outcome?.phase === "Succeeded") terminal.print(JSON.stringify(outcome.result, null, 2));
  return outcome ? exitCodeOf(outcome.phase) : ExitCode.Failed;
}

interface Wanted {
  readonly task: string;
  readonly body: Body;
}

/** A name that is taken by a run of the same task means that run, as for `trigger()`: S111. */
async function start(cluster: Cluster, { task, body }: Wanted, { note }: Terminal): Promise<TaskRun> {
  const { name } = body.metadata;
  try {
    return await cluster.create(taskRuns, body);
  } catch (error) {
    if (!isRefusal(error, 409)) throw error;
    const existing = await cluster.get(taskRuns, name);
    const owner = taskOf(existing.spec.task);
    if (owner !== taskOf(task)) {
      throw new Problem(`run ${name} exists and belongs to ${owner}`, "Choose another --name.", { cause: error });
    }
    note(`run ${name} exists, nothing new was started`);
    return existing;
  }
}

async function waitFor(cluster: Cluster, name: string, { note }: Terminal): Promise<TaskRun> {
  note(`run ${name} of namespace ${cluster.namespace}`);
  let told: TaskRun | undefined;
  try {
    for await (const state of statesOf(cluster, taskRuns, name)) {
      for (const line of newsOf(told, state)) note(line);
      told = state;
      if (outcomeOf(state)) return state;
    }
  } catch (error) {
    throw isRefusal(error, 404) ? runNotFound(cluster, name) : error;
  }
  throw new Problem(`run ${name} was not seen to its end`, `\`stint get ${name}\` tells where it stands.`);
}
