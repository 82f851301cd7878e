// What an attempt says about itself while it runs.
import type { ProgressRequest } from "@stint/crds/attempt";
import { limits } from "@stint/crds/limits";

import { conclude } from "./conclude.ts";
import type { GatewayDeps } from "./deps.ts";
import { currentAttempt, requireCurrent } from "./identity.ts";
import type { PodIdentity } from "./token.ts";

/** Writes progress and display name to the run. Throws `NotCurrent` for an attempt that has ended. */
export async function acceptProgress(pod: PodIdentity, sent: ProgressRequest, deps: GatewayDeps): Promise<void> {
  const progress = {
    podUid: pod.podUid,
    ...(sent.progress && { progress: [...sent.progress] }),
    ...(sent.invalidRunName !== undefined && { invalidRunName: sent.invalidRunName }),
    ...(sent.displayName !== undefined && { displayName: sent.displayName.slice(0, limits.displayNameLength) }), // S150
  };
  await conclude(
    await currentAttempt(pod, deps),
    { progress },
    (caller, { rule }) => {
      requireCurrent(caller);
      // Anything else that could be concluded here is the leader's to conclude: this replica's view of pods may be old.
      return rule === "active" ? "apply" : "done";
    },
    deps,
  );
}
