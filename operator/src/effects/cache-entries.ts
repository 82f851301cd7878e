// A tree's cache (S149), kept in the cluster: one ConfigMap an entry, controlled by the root run, with which it goes.
import { annotation, cacheEntryName, component, label, type NamedObject } from "@stint/crds/labels";

import { isApiError } from "../errors.ts";
import type { Cluster, KubernetesObject } from "./cluster.ts";
import { createOwned } from "./create-owned.ts";
import { controllerUid } from "./reading.ts";
import { type ConfigMap, configMaps, taskRuns } from "./resources.ts";

/** The tree that an entry belongs to. */
export interface CacheRoot extends NamedObject {
  readonly namespace: string;
}

/** Names are read in pages of this size, without the values. */
const pageSize = 500;

/** The value in base64, or `undefined` if there is none or its time is over. Throws ApiError. */
export async function readEntry(
  cluster: Cluster,
  root: CacheRoot,
  key: string,
  now: Date,
): Promise<string | undefined> {
  const entry = await find(cluster, root, key);
  return entry && isFresh(entry, now) ? (entry.binaryData?.["value"] ?? "") : undefined;
}

/**
 * Writes a value, given in base64, over any that is there: of two writers the later one wins.
 *
 * False if the entry has been written by others in between: then it is to be tried again. Throws ApiError and RefusedError.
 */
export async function writeEntry(
  cluster: Cluster,
  root: CacheRoot,
  entry: { readonly key: string; readonly value: string; readonly expiresAt?: Date },
): Promise<boolean> {
  const body = toConfigMap(root, entry);
  const stored = await createOwned(cluster, configMaps, { metadata: root }, body);
  if (stored.binaryData?.["value"] === entry.value && expiryOf(stored) === entry.expiresAt?.toISOString()) return true;
  try {
    const { metadata } = stored;
    await cluster.replace(configMaps, { ...stored, ...body, metadata: { ...metadata, ...body.metadata } });
    return true;
  } catch (error) {
    if (isApiError(error, "conflict", "notFound")) return false;
    throw error;
  }
}

/** Removes an entry, if there is one. Throws ApiError. */
export async function deleteEntry(cluster: Cluster, root: CacheRoot, key: string): Promise<void> {
  const entry = await find(cluster, root, key);
  if (entry) await cluster.delete(configMaps, entry.metadata, { uid: entry.metadata.uid });
}

/** Every key, in order. Throws ApiError. */
export async function listKeys(cluster: Cluster, root: CacheRoot, now: Date): Promise<string[]> {
  const keys: string[] = [];
  for (let next: string | undefined = ""; next !== undefined;) {
    const page: Awaited<ReturnType<typeof listPage>> = await listPage(cluster, root, next);
    const fresh = page.items.filter((entry) => isFresh(entry, now));
    keys.push(...fresh.map(({ metadata }) => metadata.annotations?.[annotation.cacheKey] ?? ""));
    next = page.continue;
  }
  return keys.toSorted();
}

function listPage(cluster: Cluster, { namespace, uid }: CacheRoot, next: string) {
  const labelSelector = `${label.component}=${component.cache},${label.rootUid}=${uid}`;
  const page = next === "" ? {} : { continue: next };
  return cluster.list(configMaps, { namespace, labelSelector, limit: pageSize, metadataOnly: true, ...page });
}

async function find(cluster: Cluster, root: CacheRoot, key: string): Promise<ConfigMap | undefined> {
  try {
    const entry = await cluster.get(configMaps, { namespace: root.namespace, name: cacheEntryName(root, key) });
    return controllerUid(entry) === root.uid ? entry : undefined;
  } catch (error) {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  }
}

function toConfigMap(
  root: CacheRoot,
  { key, value, expiresAt }: { readonly key: string; readonly value: string; readonly expiresAt?: Date },
) {
  const owner = { apiVersion: "stint.dev/v1alpha1", kind: taskRuns.kind, name: root.name, uid: root.uid };
  return {
    metadata: {
      name: cacheEntryName(root, key),
      labels: { [label.component]: component.cache, [label.rootUid]: root.uid, [label.root]: root.name },
      annotations: {
        [annotation.cacheKey]: key,
        ...(expiresAt && { [annotation.expiresAt]: expiresAt.toISOString() }),
      },
      ownerReferences: [{ ...owner, controller: true }],
    },
    binaryData: { value },
  };
}

function isFresh(entry: KubernetesObject, now: Date): boolean {
  const expiry = expiryOf(entry);
  return expiry === undefined || Date.parse(expiry) > now.getTime();
}

function expiryOf({ metadata }: KubernetesObject): string | undefined {
  return metadata.annotations?.[annotation.expiresAt];
}
