// From an entry point to a Ready revision.
//
//   D1. The code goes into an immutable ConfigMap named by its content, so that a deploy repeated finds its own, and a
//       bundle never points at code that changes under it.
//   D2. The ConfigMap is written before the bundle points at it; an operator that looked in between would find nothing.
//   D3. The operator copies the code when it makes a revision, so the ConfigMap is only the way there. It is owned by the
//       bundle, goes with it, and until then makes going back to an earlier deploy a matter of one patch.
import { apiVersion } from "@stint/crds/group";
import { sha256Hex } from "@stint/crds/hash";
import { label, parseTaskReference } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import type { TaskBundle } from "@stint/crds/taskbundle";

import { bundleFile } from "../bundling.ts";
import type { Cluster } from "../cluster.ts";
import { ExitCode } from "../exit-codes.ts";
import { printObject, type OutputFormat } from "../output.ts";
import { isRefusal, Problem, usage } from "../problem.ts";
import { configMaps, taskBundles } from "../resources.ts";
import type { Session } from "../session.ts";
import { statesOf } from "../states.ts";
import type { Terminal } from "../terminal.ts";
import { standingOf } from "../views/bundle-standing.ts";
import { bundleTasks } from "../views/bundle-tasks.ts";

export interface DeployOptions {
  readonly bundle: string;
  readonly output?: OutputFormat;
}

const key = "bundle.mjs";

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
  const configMap = await keepCode(cluster, name, code);
  const bundle = await pointAt(cluster, name, configMap);
  await adopt(cluster, configMap, bundle);
  const ready = await untilReady(cluster, bundle, terminal);
  if (output) await printObject(terminal, output, ready);
  else terminal.print(bundleTasks([ready], terminal.width));
  return ExitCode.Ok;
}

/** Asked here, since the ConfigMap comes first: one without a bundle would stay. Source: S3, S158. */
function expectBundleName(name: string): void {
  const remedy = "Use lower-case letters, digits and hyphens, as in --bundle night-jobs.";
  if (name.length > limits.bundleNameLength) {
    throw usage(`metadata.name must be at most ${limits.bundleNameLength} characters`, remedy);
  }
  if (!parseTaskReference(`${name}/task`)) throw usage(`"${name}" is no name for a bundle`, remedy);
}

/** D1. Gives the name of the ConfigMap. */
async function keepCode(cluster: Cluster, bundle: string, code: string): Promise<string> {
  const name = `${bundle}-${sha256Hex(code).slice(0, 8)}`;
  const metadata = { name, labels: { [label.bundle]: bundle } };
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata, immutable: true, data: { [key]: code } };
  try {
    await cluster.create(configMaps, body);
  } catch (error) {
    if (!isRefusal(error, 409)) throw error;
    const existing = await cluster.get(configMaps, name);
    if (existing.data?.[key] === code) return name;
    throw new Problem(`ConfigMap ${name} exists and holds something else`, "Delete it and deploy again.", {
      cause: error,
    });
  }
  return name;
}

/** The bundle with that code as its source; what else its spec says stays. */
async function pointAt(cluster: Cluster, name: string, configMap: string): Promise<TaskBundle> {
  const existing = await cluster.find(taskBundles, name);
  if (!existing) {
    const spec = { source: { configMap: { name: configMap, key } } };
    return cluster.create(taskBundles, { apiVersion, kind: "TaskBundle", metadata: { name }, spec });
  }
  const source = { inline: null, image: null, configMap: { name: configMap, key } };
  return cluster.patch(taskBundles, name, { spec: { source } });
}

/** D3. */
async function adopt(cluster: Cluster, configMap: string, { metadata: { name, uid } }: TaskBundle): Promise<void> {
  const ownerReferences = [{ apiVersion, kind: "TaskBundle", name, uid }];
  await cluster.patch(configMaps, configMap, { metadata: { ownerReferences } });
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

function notRegistered(
  { metadata, status = {} }: TaskBundle,
  { reason, message }: { readonly reason: string; readonly message: string },
): Problem {
  const { registering, revision } = status;
  const podName = registering?.podName;
  const log = podName === undefined ? "" : `See \`kubectl logs ${podName} -n ${metadata.namespace ?? ""}\`. `;
  const serving = revision === undefined ? "No revision serves yet." : `Revision ${revision} goes on serving.`;
  return new Problem(`bundle ${metadata.name} is not Ready: ${reason}: ${message}`, `${log}${serving}`);
}
