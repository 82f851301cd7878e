// A scenario is a test that shows, when it fails, all that the cluster can tell about its runs.
//
// The same files run on a real cluster and on devcluster. What devcluster cannot show is left out there by name and with the
// reason: it is reported as skipped, never silently missing.
import { test, type TestAPI } from "vitest";

import { isOnDevcluster, kubectl, namespace } from "./cluster.ts";
import { operatorLog } from "./logs.ts";

/**
 * Declares a scenario. `runs` are the names of the runs it makes: when it fails, their YAML, their pods, the events about
 * them and the operator's lines about them are printed.
 */
export function scenario(title: string, runs: readonly string[], body: () => Promise<void>): void {
  declare(test.concurrent, title, runs, body);
}

/** A scenario of what only a real cluster has, which is `needs`: "a runtime that confines pods". */
scenario.onRealCluster = (needs: string, title: string, runs: readonly string[], body: () => Promise<void>): void => {
  declare(test.skipIf(isOnDevcluster).concurrent, withReason(title, needs), runs, body);
};

/** One that the others of its file do not run beside. */
scenario.alone = (needs: string, title: string, runs: readonly string[], body: () => Promise<void>): void => {
  declare(test.skipIf(isOnDevcluster), withReason(title, needs), runs, body);
};

/** The same for a test that is no scenario. */
export function testOnRealCluster(needs: string, title: string, body: () => Promise<void>): void {
  test.skipIf(isOnDevcluster)(withReason(title, needs), body);
}

function withReason(title: string, needs: string): string {
  return isOnDevcluster ? `${title} (only on a real cluster: it needs ${needs})` : title;
}

function declare(
  declared: TestAPI["concurrent"],
  title: string,
  runs: readonly string[],
  body: () => Promise<void>,
): void {
  declared(title, async ({ onTestFailed }) => {
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
  const wanted = (await operatorLog())
    .split("\n")
    .filter((line) => runs.some((run) => line.includes(`${namespace}/${run}`)) || /"level":(40|50)/.test(line));
  return `--- operator\n${wanted.slice(-60).join("\n")}\n`;
}
