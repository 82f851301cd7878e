// The scenarios' other cluster: devcluster in vitest's own process, the built operator beside it, for all files together.
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

import type { TestProject } from "vitest/node";

import { type Embedded, startEmbedded } from "../../../cli/src/dev/embedded.ts";
import type { OperatorProcess } from "../../../cli/src/dev/operator-process.ts";
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
  const closing = new AbortController();
  const close = async (): Promise<void> => {
    closing.abort();
    await embedded.close();
    rmSync(folder, { recursive: true });
  };
  const operatorLog = join(folder, "operator.log");
  try {
    await keepOperator(embedded, operatorLog, closing.signal);
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

/**
 * Resolves when an operator is ready. One that ends is followed by another, as in a cluster: on a machine that is busy with other
 * work it may lose its lease.
 */
async function keepOperator(embedded: Embedded, operatorLog: string, closing: AbortSignal): Promise<void> {
  const operator = await embedded.startOperator({ onLine: (line) => appendFileSync(operatorLog, `${line}\n`) });
  await operator.ready;
  void replaced(operator).catch((error: unknown) => say(String(error)));

  async function replaced({ ended }: OperatorProcess): Promise<void> {
    const end = await ended;
    if (closing.aborted) return;
    say(`the operator ended (${end}); another is started`);
    await keepOperator(embedded, operatorLog, closing);
  }
}
