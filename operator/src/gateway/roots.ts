// Root runs that `.trigger()` starts inside a run.
import { randomUUID } from "node:crypto";

import type { RunsRequest, RunsResponse } from "@stint/crds/attempt";
import { hashName } from "@stint/crds/hash";
import { parseTaskReference } from "@stint/crds/labels";

import { registeredTask } from "../effects/observe.ts";
import { createOrRead } from "./create-run.ts";
import type { GatewayDeps } from "./deps.ts";
import { identifyLive, requireCurrent } from "./identity.ts";
import { nameTaken } from "./refusal.ts";
import { rootBody, toCall } from "./run-body.ts";
import { requireNotCanceling } from "./stop-notice.ts";
import type { PodIdentity } from "./token.ts";

/**
 * Starts a run in the pod's namespace that is no part of the caller's tree (S123).
 *
 * With a name, an existing run of that name and task is the answer, whatever its phase (S111); the runner names every run
 * before it first asks, so that a repeated request starts no second one. Throws `KeyConflict` if the name belongs to a run of
 * another task, and what `startChildren` throws.
 */
export async function triggerRun(pod: PodIdentity, request: RunsRequest, deps: GatewayDeps): Promise<RunsResponse> {
  const caller = requireCurrent(await identifyLive(pod, deps));
  requireNotCanceling(caller, deps);
  const call = toCall(request.task, request.input, request.options);
  const name = request.name ?? `trn-${hashName(randomUUID(), 20)}`;
  const registered = registeredTask(call.reference, pod.namespace, deps.caches);
  const body = rootBody(name, { ...call, registered }, caller.run);
  const run = await createOrRead(body, pod.namespace, deps.cluster);
  const found = parseTaskReference(run.spec.task);
  if (found?.bundle !== call.reference.bundle || found.task !== call.reference.task) throw nameTaken(run);
  return { name, uid: run.metadata.uid };
}
