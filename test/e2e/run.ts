// `make e2e`: the cluster, the images, the chart, the scenarios and devcluster's contract on it, their table, the mutations, and
// all of it taken down again. With --keep the cluster stays, for the next run; names of files choose among them. With --slow,
// `make e2e-slow`: the scenarios that take minutes each. The exit code says it all.
import { spawn } from "node:child_process";

import { say } from "../shell.ts";
import { StepError, step } from "./kit/steps.ts";
import { prepare } from "./prepare.ts";

const keep = process.argv.includes("--keep");
const slow = process.argv.includes("--slow");
const files = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const began = performance.now();

let code = 1;
try {
  const { env } = await prepare();
  if (!slow && (await shown("test/cluster/network-policies.sh", [], env)) !== 0)
    throw new Error("nobody is there to enforce network policies; what it lacks is said above");
  code = await shown("vitest", ["run", "--config", `vitest.${slow ? "e2e-slow" : "e2e"}.config.ts`, ...files], {
    ...env,
    STINT_CONTRACT: "cluster",
  });
  if (files.length === 0 && !slow) code = Math.max(code, await shown("node", ["test/mutations/main.ts"], process.env));
} catch (error) {
  if (!(error instanceof StepError)) say(String(error));
} finally {
  if (!keep) await step("take the cluster down", "test/cluster/down.sh", [], process.env).catch(() => (code = 1));
}
say(`e2e took ${((performance.now() - began) / 60_000).toFixed(1)} min`);
process.exit(code);

function shown(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(command, args, { stdio: "inherit", env });
  return new Promise((resolve) => child.on("close", (ended) => resolve(ended ?? 1)));
}
