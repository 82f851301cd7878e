// A scenario is a test that shows, when it fails, all that the cluster can tell about its runs.
import { test } from "vitest";

import { kubectl, namespace, operatorNamespace } from "./cluster.ts";

/**
 * Declares a scenario. `runs` are the names of the runs it makes: when it fails, their YAML, their pods, the events about
 * them and the operator's lines about them are printed.
 */
export function scenario(title: string, runs: readonly string[], body: () => Promise<void>): void {
  test.concurrent(title, async ({ onTestFailed }) => {
    onTestFailed(async () => {
      console.log(await evidence(title, runs));
    });
    await body();
  });
}

async function evidence(title: string, runs: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    runs.flatMap((run) => [
      show(`run ${run}`, ["get", "taskrun", run, "-o", "yaml"]),
      show(`pods of ${run}`, ["get", "pods", "-l", `stint.dev/run=${run}`, "-o", "yaml"]),
      show(`log of ${run}`, ["logs", "-l", `stint.dev/run=${run}`, "--tail=50", "--prefix"]),
      show(`events about ${run}`, ["get", "events", "--field-selector", `involvedObject.name=${run}`]),
    ]),
  );
  return [`\n===== ${title} =====`, ...parts, await operatorLines(runs)].join("\n");
}

async function show(title: string, args: readonly string[]): Promise<string> {
  return `--- ${title}\n${await kubectl(args).catch(String)}`;
}

async function operatorLines(runs: readonly string[]): Promise<string> {
  const selector = ["-l", "app.kubernetes.io/name=stint", "--tail=-1", "--prefix"];
  const log = await kubectl(["logs", "-n", operatorNamespace, ...selector]).catch(String);
  const wanted = log
    .split("\n")
    .filter((line) => runs.some((run) => line.includes(`${namespace}/${run}`)) || /"level":(40|50)/.test(line));
  return `--- operator\n${wanted.slice(-60).join("\n")}\n`;
}
