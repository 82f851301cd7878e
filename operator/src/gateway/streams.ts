// Readers of what a run yields (S24): where its values are, and the mark that makes its attempt send them.
import type { StreamNews, StreamPosition } from "@stint/crds/attempt";
import type { Json } from "@stint/crds/json";
import type { KubernetesObject } from "@stint/crds/kubernetes";
import { annotation, valuesName } from "@stint/crds/labels";

import type { ObservedRun } from "../core/world.ts";
import { controllerUid } from "../effects/reading.ts";
import { configMaps, taskRuns, type ConfigMap } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { GatewayDeps } from "./deps.ts";
import { isReplaced } from "./replace-run.ts";

/** Whether somebody reads what the run yields. */
export function isRead({ metadata }: KubernetesObject): boolean {
  return metadata.annotations?.[annotation.read] === "true";
}

/**
 * Makes the run's attempt send what it yields. A run that nobody reads costs nothing, so the first reader says that he is there.
 *
 * A conflict with another writer is left to the reader's next look.
 */
export async function markRead(run: ObservedRun, { cluster }: Pick<GatewayDeps, "cluster">): Promise<void> {
  if (isRead(run)) return;
  const { namespace = "", name, uid } = run.metadata;
  const live = await cluster.get(taskRuns, { namespace, name });
  if (live.metadata.uid !== uid || isRead(live)) return; // the cache is late
  const annotations = { ...live.metadata.annotations, [annotation.read]: "true" };
  await isReplaced({ ...live, metadata: { ...live.metadata, annotations } }, { cluster });
}

/** The values after a position in an attempt's, as far as they are there; `undefined` if there are none. */
export async function readValues(
  run: KubernetesObject,
  from: StreamPosition,
  cluster: GatewayDeps["cluster"],
): Promise<Extract<StreamNews, { readonly values: unknown }> | undefined> {
  if (from.attempt === 0) return undefined; // there was none yet
  for (let { chunk, value } = from; ; chunk++, value = 0) {
    const found = await readChunk(run, { attempt: from.attempt, chunk }, cluster);
    if (!found) return undefined;
    const { values, sealed } = chunkOf(found);
    const next = { attempt: from.attempt, chunk, value: values.length };
    if (values.length > value) return { values: values.slice(value), next };
    if (!sealed) return undefined;
  }
}

/** The object with a chunk of an attempt's values, if it is there and the run's. */
export async function readChunk(
  run: KubernetesObject,
  { attempt, chunk }: Pick<StreamPosition, "attempt" | "chunk">,
  cluster: GatewayDeps["cluster"],
): Promise<ConfigMap | undefined> {
  const { namespace = "", uid } = run.metadata;
  try {
    const found = await cluster.get(configMaps, { namespace, name: valuesName(run.metadata, attempt, chunk) });
    return controllerUid(found) === uid ? found : undefined;
  } catch (error) {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  }
}

export function chunkOf({ data = {} }: ConfigMap): { readonly values: readonly Json[]; readonly sealed: boolean } {
  const values = JSON.parse(data["values"] ?? "[]") as readonly Json[]; // ours: values.ts writes nothing else
  return { values, sealed: data["sealed"] === "true" };
}
