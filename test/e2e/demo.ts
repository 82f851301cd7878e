// `make demo`: a real cluster, Stint installed on it, the examples applied with kubectl, and the story of their attempts.
// Exits 0 only if every run ended as it should.
import type { TaskRun } from "@stint/crds/taskrun";

import { run, say } from "../shell.ts";
import { StepError } from "./kit/steps.ts";
import { prepare } from "./prepare.ts";

interface Act {
  readonly file: string;
  readonly run: string;
  readonly says: string;
  /** Phase, reason and number of attempts that the run has to end with. */
  readonly ends: string;
}

const acts: readonly Act[] = [
  { file: "01-hello/hello.yaml", run: "hello", says: "one function, one run", ends: "Succeeded Completed 1" },
  {
    file: "02-retries/retries.yaml",
    run: "flaky",
    says: "it fails twice, and the third pod gets it right",
    ends: "Succeeded Completed 3",
  },
  {
    file: "02-retries/retries.yaml",
    run: "charge",
    says: "a failure that is not worth another try",
    ends: "Failed NonRetryableError 1",
  },
  {
    file: "03-children/children.yaml",
    run: "sum",
    says: "two calls, two pods, at the same time",
    ends: "Succeeded Completed 1",
  },
  {
    file: "04-out-of-memory/out-of-memory.yaml",
    run: "hungry",
    says: "killed for its memory, and up to a larger type",
    ends: "Succeeded Completed 2",
  },
];

const namespace = "stint-demo";

async function demo(): Promise<boolean> {
  const { env } = await prepare();
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, output } = await run("kubectl", ["-n", namespace, ...args], env);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${output}`);
    return output;
  };
  await kubectl("delete", "namespace", namespace, "--ignore-not-found");
  await kubectl("create", "namespace", namespace);

  let asTold = true;
  for (const act of acts) asTold = (await play(act, kubectl)) && asTold;
  say(`\n${await kubectl("get", "taskruns")}`);
  say(`The cluster stays up for you: eval "$(test/cluster/env.sh)" && kubectl -n ${namespace} get trun`);
  say("To take it down: make cluster-down");
  return asTold;
}

async function play(
  { file, run: name, says, ends }: Act,
  kubectl: (...args: string[]) => Promise<string>,
): Promise<boolean> {
  say(`\n${name}: ${says}\n  $ kubectl apply -f examples/${file}`);
  await kubectl("apply", "-f", `examples/${file}`);
  await kubectl("wait", "--for=condition=Finished", `taskrun/${name}`, "--timeout=180s");
  const ended = JSON.parse(await kubectl("get", "taskrun", name, "-o", "json")) as TaskRun;
  for (const line of storyOf(ended)) say(`    ${line}`);

  const { phase, conditions = [], attemptCount } = ended.status ?? {};
  const found = `${phase} ${conditions.find(({ type }) => type === "Succeeded")?.reason} ${attemptCount}`;
  if (found !== ends) say(`  UNEXPECTED: ended "${found}" and not "${ends}"`);
  return found === ends;
}

function storyOf({ status = {} }: TaskRun): string[] {
  const attempts = (status.attempts ?? []).map(
    ({ number, podName, instanceType, reason, error, createdAt, finishedAt }) => {
      const seconds = ((Date.parse(finishedAt ?? "") - Date.parse(createdAt)) / 1000).toFixed(1);
      return `attempt ${number}  ${podName}  ${instanceType}  ${reason} after ${seconds} s${error ? `: ${error.message}` : ""}`;
    },
  );
  const end =
    status.result === undefined ? `error   ${status.error?.message}` : `result  ${JSON.stringify(status.result)}`;
  return [...attempts, end];
}

try {
  process.exitCode = (await demo()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof StepError)) say(String(error));
  process.exitCode = 1;
}
