// From an entry point to a Ready revision.
import type { TaskBundle } from "@stint/crds/taskbundle";

import { expectBundleName, putCode } from "../bundle-code.ts";
import { bundleFile } from "../bundling.ts";
import type { Cluster } from "../cluster.ts";
import { ExitCode } from "../exit-codes.ts";
import { printObject, type OutputFormat } from "../output.ts";
import { Problem } from "../problem.ts";
import { taskBundles } from "../resources.ts";
import type { Session } from "../session.ts";
import { statesOf } from "../states.ts";
import type { Terminal } from "../terminal.ts";
import { failureOf, standingOf } from "../views/bundle-standing.ts";
import { bundleTasks } from "../views/bundle-tasks.ts";

export interface DeployOptions {
  readonly bundle: string;
  readonly output?: OutputFormat;
}

/** Bundles the entry point, makes it the bundle's source, waits until that is registered, shows the tasks. Source: S11, S12. */
export async function deploy(
  { terminal, connect }: Session,
  entry: string,
  { bundle: name, output }: DeployOptions,
): Promise<ExitCode> {
  expectBundleName(name);
  const code = await bundleFile(entry);
  terminal.note(`bundled ${entry}: ${Buffer.byteLength(code)} bytes`);
  const cluster = await connect();
  const bundle = await putCode(cluster, name, code);
  const ready = await untilReady(cluster, bundle, terminal);
  if (output) await printObject(terminal, output, ready);
  else terminal.print(bundleTasks([ready], terminal.width));
  return ExitCode.Ok;
}

async function untilReady(cluster: Cluster, deployed: TaskBundle, { note }: Terminal): Promise<TaskBundle> {
  const { name, generation = 1 } = deployed.metadata;
  let told = "";
  for await (const bundle of statesOf(cluster, taskBundles, name)) {
    const standing = standingOf(bundle, generation);
    if (standing.kind === "Failed") throw notRegistered(bundle, standing);
    const news = standing.kind === "Ready" ? `revision ${standing.revision} is Ready` : standing.message;
    if (news !== told) note(news);
    told = news;
    if (standing.kind === "Ready") return bundle;
  }
  throw new Problem(`bundle ${name} was not seen to its end`, "`stint tasks` tells whether it is Ready.");
}

function notRegistered(bundle: TaskBundle, standing: Parameters<typeof failureOf>[1]): Problem {
  const { what, serving } = failureOf(bundle, standing);
  const podName = bundle.status?.registering?.podName;
  const log = podName === undefined ? "" : `See \`kubectl logs ${podName} -n ${bundle.metadata.namespace ?? ""}\`. `;
  return new Problem(what, `${log}${serving}`);
}
