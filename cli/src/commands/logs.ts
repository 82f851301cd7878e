// What an attempt's pod has written. Pods go some minutes after their attempt has ended, and their logs with them.
import { podContract } from "@stint/crds/attempt";
import type { Attempt, TaskRun } from "@stint/crds/taskrun";

import { outcomeOf } from "@stint/sdk/client/outcome";
import type { Cluster } from "../cluster.ts";
import { ExitCode } from "../exit-codes.ts";
import { linesUntilEnd, type OpenLog } from "../log-lines.ts";
import { isRefusal, Problem, usage } from "../problem.ts";
import { taskRuns } from "../resources.ts";
import { attemptsOf, getRun, runNotFound } from "../runs.ts";
import type { Session } from "../session.ts";
import { statesOf } from "../states.ts";

export interface LogsOptions {
  readonly attempt?: number;
  readonly follow?: boolean;
}

/** Prints the log of one attempt, the last if none is named; following goes on with the attempts after it. Source: S145. */
export async function logs(session: Session, name: string, { attempt, follow }: LogsOptions): Promise<ExitCode> {
  const cluster = await session.connect();
  if (follow === true) await followAttempts({ session, cluster, name }, attempt);
  else await printLog({ session, cluster, name }, chosen(await getRun(cluster, name), attempt), false);
  return ExitCode.Ok;
}

interface Reader {
  readonly session: Session;
  readonly cluster: Cluster;
  readonly name: string;
}

function chosen(run: TaskRun, number: number | undefined): Attempt {
  const { name } = run.metadata;
  const attempts = attemptsOf(run);
  const attempt = number === undefined ? attempts.at(-1) : attempts.find((each) => each.number === number);
  if (attempt) return attempt;
  if (number === undefined) {
    throw new Problem(`run ${name} has no attempt yet`, `\`stint logs -f ${name}\` waits for one.`);
  }
  throw usage(`run ${name} has no attempt ${number}`, `It has ${attempts.length}; \`stint get ${name}\` lists them.`);
}

/** Each attempt's log as it is written: the one that was named alone, or all from the present one to the run's end. */
async function followAttempts(reader: Reader, only: number | undefined): Promise<void> {
  const { cluster, name, session } = reader;
  const first = only ?? attemptsOf(await getRun(cluster, name)).at(-1)?.number ?? 1;
  try {
    for await (const attempt of startsIn(statesOf(cluster, taskRuns, name), first)) {
      if (attempt.number > first) session.terminal.note(`attempt ${attempt.number}`);
      await printLog(reader, attempt, true);
      if (attempt.number === only) return;
    }
  } catch (error) {
    throw isRefusal(error, 404) ? runNotFound(cluster, name) : error;
  }
}

/** Each attempt from `first` on, once its container has started, until the run is terminal. */
async function* startsIn(states: AsyncIterable<TaskRun>, first: number): AsyncGenerator<Attempt, void, undefined> {
  let next = first;
  for await (const run of states) {
    const due = attemptsOf(run).filter((attempt) => attempt.number >= next && isStarted(attempt));
    yield* due;
    next = (due.at(-1)?.number ?? next - 1) + 1;
    if (outcomeOf(run)) return;
  }
}

function isStarted({ startedAt, finishedAt }: Attempt): boolean {
  return startedAt !== undefined || finishedAt !== undefined;
}

async function printLog({ session, cluster }: Reader, attempt: Attempt, follow: boolean): Promise<void> {
  const { number, podName } = attempt;
  try {
    const { container } = podContract;
    const open: OpenLog = (sinceSeconds) => cluster.log(podName, { container, follow, sinceSeconds });
    for await (const line of linesUntilEnd(open, session.now)) session.terminal.print(line);
  } catch (error) {
    if (isRefusal(error, 404)) throw logGone(number, podName, error);
    if (isRefusal(error, 400)) throw notStarted(number, error);
    throw error;
  }
}

function logGone(number: number, podName: string, cause: unknown): Problem {
  const remedy =
    "Pods are kept ten minutes after their attempt unless the operator is set otherwise; nothing keeps logs longer yet.";
  return new Problem(`the log of attempt ${number} is gone with its pod ${podName}`, remedy, { cause });
}

function notStarted(number: number, cause: unknown): Problem {
  const remedy = "Try again in a moment, or wait for it with -f.";
  return new Problem(`attempt ${number} has not started yet`, remedy, { cause });
}
