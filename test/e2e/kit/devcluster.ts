// The scenarios' other cluster: devcluster in vitest's own process, the built operator beside it, for all files together.
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

import type { TestProject } from "vitest/node";

import { type Embedded, forgetLeader, startEmbedded } from "../../../cli/src/dev/embedded.ts";
import { keepOperator, type KeptOperator } from "../../../cli/src/dev/operator-keeper.ts";
import { builtCli } from "../../../cli/test/dev/kit/built-cli.ts";
import { needKubectl } from "../../cluster/kubectl.ts";
import { say } from "../../shell.ts";
import { instanceTypes } from "./instance-types.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** What the environment of a scenario has over this process's. */
    readonly environment: Readonly<Record<string, string>>;
  }
}

/** Called by vitest before the first file. What it returns is called after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kubectl = await needKubectl();
  const assets = join(dirname(await builtCli()), "embedded");
  const folder = mkdtempSync(join(tmpdir(), "stint-e2e-"));
  const embedded = await startEmbedded({ assets });
  const operatorLog = join(folder, "operator.log");
  const kept = await startKept(embedded, operatorLog);
  const close = async (): Promise<void> => {
    await kept.release();
    await embedded.close();
    rmSync(folder, { recursive: true });
  };
  try {
    await kept.ready;
  } catch (error) {
    await close();
    throw error;
  }
  for (const { name, cpu, memory } of instanceTypes) {
    embedded.cluster.api.create("instancetypes.stint.dev", {
      metadata: { name },
      spec: { resources: { cpu, memory } },
    });
  }
  project.provide("environment", {
    STINT_E2E: "devcluster",
    STINT_OPERATOR_LOG: operatorLog,
    KUBECONFIG: embedded.kubeconfigFile,
    KUBECACHEDIR: join(folder, "kubectl"), // else kubectl keeps what it learns of each cluster for ever
    PATH: [kubectl, process.env["PATH"]].join(delimiter),
  });
  return close;
}

/** The operator on one port for its whole life, as runners know it; on a machine that is busy with other work it may need several. */
function startKept(embedded: Embedded, operatorLog: string): Promise<KeptOperator> {
  const onLine = (line: string): void => appendFileSync(operatorLog, `${line}\n`);
  let gatewayPort: number | undefined;
  return keepOperator(
    async () => {
      const operator = await embedded.startOperator({ onLine, ...(gatewayPort !== undefined && { gatewayPort }) });
      ({ gatewayPort } = operator);
      return operator;
    },
    (end) => {
      forgetLeader(embedded.cluster);
      say(`the operator ended (${end}); another is started`);
    },
  );
}
