// What an attempt yields while somebody reads it (S24): chunks of values in ConfigMaps of the run, which go with it.
//
//   V1. A chunk is always sent whole, and only ever grows: a request that comes twice, or late, takes nothing back.
//   V2. Each attempt has chunks of its own: a retry begins anew, and its readers with it.
import { ProtocolCode, type StreamPosition, type ValuesRequest } from "@stint/crds/attempt";
import { jsonBytes } from "@stint/crds/json";
import { apiVersion } from "@stint/crds/kubernetes";
import { component, label, valuesName } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";

import type { ObservedRun } from "../core/world.ts";
import { createOwned, refusalOf } from "../effects/create-owned.ts";
import { configMaps } from "../effects/resources.ts";
import { isApiError } from "../errors.ts";
import type { GatewayDeps } from "./deps.ts";
import { currentAttempt, type AttemptCaller } from "./identity.ts";
import { ProtocolRefusal, unavailable } from "./refusal.ts";
import { chunkOf, readChunk } from "./streams.ts";
import type { PodIdentity } from "./token.ts";

const rounds = 5;

/** Keeps a chunk, and returns once it is written. Throws `NotCurrent` for an attempt that has ended, `TooLarge` for a large chunk. */
export async function acceptValues(pod: PodIdentity, sent: ValuesRequest, deps: GatewayDeps): Promise<void> {
  const bytes = jsonBytes(sent.values);
  const { max } = limits.valuesChunkBytes;
  if (bytes > max) {
    throw new ProtocolRefusal(ProtocolCode.TooLarge, `a chunk of ${bytes} bytes is over the limit of ${max} bytes`);
  }
  const caller = await currentAttempt(pod, deps);
  for (let round = 1; round <= rounds; round++) {
    if (await isKept(sent, caller, deps)) return;
  }
  throw unavailable(`values of attempt ${caller.attempt.number} are being written by others`);
}

/** False if the chunk was written by another request since it was read. */
async function isKept(
  sent: ValuesRequest,
  { run, attempt }: AttemptCaller,
  { cluster }: GatewayDeps,
): Promise<boolean> {
  const place = { attempt: attempt.number, chunk: sent.chunk };
  const existing = await readChunk(run, place, cluster);
  if (existing && isCovered(sent, chunkOf(existing))) return true; // V1
  const data = { values: JSON.stringify(sent.values), sealed: String(sent.sealed) };
  try {
    if (!existing) {
      const created = await createOwned(cluster, configMaps, run, { metadata: metadataOf(run, place), data });
      return isCovered(sent, chunkOf(created)); // not what an earlier try of the same create has left
    }
    await cluster.replace(configMaps, { ...existing, data });
    return true;
  } catch (error) {
    if (isApiError(error, "conflict", "notFound")) return false;
    throw refused(error) ?? error;
  }
}

/** What a repeat does not change: without its values a reader sees them at the run's end, which is better than no end. */
function refused(error: unknown): ProtocolRefusal | undefined {
  const refusal = refusalOf(error);
  if (refusal?.kind !== "rejected" && refusal?.kind !== "quota") return undefined;
  return new ProtocolRefusal(ProtocolCode.InvalidRequest, `values are not kept: ${refusal.message}`, { cause: error });
}

function isCovered(sent: ValuesRequest, known: ReturnType<typeof chunkOf>): boolean {
  if (known.sealed || known.values.length > sent.values.length) return true;
  return known.values.length === sent.values.length && !sent.sealed;
}

function metadataOf({ metadata }: ObservedRun, { attempt, chunk }: Pick<StreamPosition, "attempt" | "chunk">): object {
  const { name, uid } = metadata;
  return {
    name: valuesName(metadata, attempt, chunk),
    labels: { [label.component]: component.values, [label.run]: name, [label.attempt]: String(attempt) },
    ownerReferences: [{ apiVersion, kind: "TaskRun", name, uid, controller: true, blockOwnerDeletion: false }],
  };
}
