// Code on its way into a cluster.
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

import type { Cluster } from "./cluster.ts";
import { isRefusal, Problem, usage } from "./problem.ts";
import { configMaps, taskBundles } from "./resources.ts";

const key = "bundle.mjs";

/** Asked before anything is written: a ConfigMap without a bundle would stay. Throws a usage problem. Source: S3, S158. */
export function expectBundleName(name: string): void {
  const remedy = "Use lower-case letters, digits and hyphens, as in --bundle night-jobs.";
  if (name.length > limits.bundleNameLength) {
    throw usage(`metadata.name must be at most ${limits.bundleNameLength} characters`, remedy);
  }
  if (!parseTaskReference(`${name}/task`)) throw usage(`"${name}" is no name for a bundle`, remedy);
}

/** Makes the code the source of the bundle, which may not exist yet, and answers the bundle as it is then. Source: S11. */
export async function putCode(cluster: Cluster, name: string, code: string): Promise<TaskBundle> {
  const configMap = await keepCode(cluster, name, code);
  const bundle = await pointAt(cluster, name, configMap);
  await adopt(cluster, configMap, bundle);
  return bundle;
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
