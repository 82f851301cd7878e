import type { Manifest } from "@stint/crds/manifest";

import { assertNever } from "../errors.ts";
import type { GatewayDeps } from "./deps.ts";
import { notCurrent, notYet } from "./refusal.ts";
import type { PodIdentity } from "./token.ts";

/**
 * Takes the list of tasks that a registration pod posts, and returns once it is recorded (S12).
 *
 * What is wrong with the tasks themselves is recorded as well, in the bundle's status. Throws `NotCurrent` for every other pod.
 */
export async function registerTasks(pod: PodIdentity, manifest: Manifest, deps: GatewayDeps): Promise<void> {
  const acceptance = await deps.acceptManifest(pod, manifest);
  switch (acceptance) {
    case "accepted":
      return;
    case "notCurrent":
      throw notCurrent(`pod ${pod.podName} registers no revision`);
    case "notYet":
      throw notYet(`the registration of pod ${pod.podName} is not known yet`);
    default:
      assertNever(acceptance);
  }
}
