// The cache of a tree, for the attempts of its runs (S149). Read past every cache of ours: what one run has put there, the
// next one finds, whichever replica it asks.
import { ProtocolCode, type CacheGetResponse, type CacheKeysResponse, type CachePutRequest } from "@stint/crds/attempt";
import { cacheKeyProblem, cacheValueProblem } from "@stint/crds/cache";

import { type CacheRoot, deleteEntry, listKeys, readEntry, writeEntry } from "../effects/cache-entries.ts";
import { refusalOf } from "../effects/create-owned.ts";
import type { GatewayDeps } from "./deps.ts";
import { currentAttempt } from "./identity.ts";
import { ProtocolRefusal, unavailable } from "./refusal.ts";
import type { PodIdentity } from "./token.ts";
import { rootOf } from "./tree.ts";

/** Each round loses to another writer of the same key. */
const rounds = 5;

export async function getCached(pod: PodIdentity, key: string, deps: GatewayDeps): Promise<CacheGetResponse> {
  const value = await readEntry(deps.cluster, await treeOf(pod, deps), checkKey(key), deps.clock.now());
  return value === undefined ? {} : { value };
}

/** Throws `InvalidRequest` where the API server refuses the entry, as for a quota that is used up. */
export async function putCached(
  pod: PodIdentity,
  key: string,
  { value, ttlSeconds }: CachePutRequest,
  deps: GatewayDeps,
): Promise<void> {
  const problem = cacheValueProblem(key, Buffer.byteLength(value, "base64"));
  if (problem !== undefined) throw new ProtocolRefusal(ProtocolCode.TooLarge, problem);
  const root = await treeOf(pod, deps);
  const expiresAt =
    ttlSeconds === undefined ? {} : { expiresAt: new Date(deps.clock.now().getTime() + ttlSeconds * 1000) };
  for (let round = 1; round <= rounds; round++) {
    if (await isWritten(root, { key: checkKey(key), value, ...expiresAt }, deps)) return;
  }
  throw unavailable(`cache value "${key}" is being written by others`);
}

export async function deleteCached(pod: PodIdentity, key: string, deps: GatewayDeps): Promise<void> {
  await deleteEntry(deps.cluster, await treeOf(pod, deps), checkKey(key));
}

export async function cachedKeys(pod: PodIdentity, deps: GatewayDeps): Promise<CacheKeysResponse> {
  return { keys: await listKeys(deps.cluster, await treeOf(pod, deps), deps.clock.now()) };
}

async function treeOf(pod: PodIdentity, deps: GatewayDeps): Promise<CacheRoot> {
  const { run } = await currentAttempt(pod, deps);
  return { namespace: pod.namespace, ...rootOf(run) };
}

async function isWritten(
  root: CacheRoot,
  entry: Parameters<typeof writeEntry>[2],
  { cluster }: GatewayDeps,
): Promise<boolean> {
  try {
    return await writeEntry(cluster, root, entry);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal?.kind !== "rejected" && refusal?.kind !== "quota") throw error;
    throw new ProtocolRefusal(
      ProtocolCode.InvalidRequest,
      `cache value "${entry.key}" was refused: ${refusal.message}`,
    );
  }
}

function checkKey(key: string): string {
  const problem = cacheKeyProblem(key);
  if (problem !== undefined) throw new ProtocolRefusal(ProtocolCode.InvalidRequest, problem);
  return key;
}
