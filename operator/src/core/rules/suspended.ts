// A pause, of the run itself or of one above it: what runs goes on to its end, and nothing new starts (S173).
import { ConditionType, LiveReason } from "@stint/crds/conditions";

import type { Verdict } from "../decision.ts";
import { after, holdingPods, lookAgainMs, settle, unchanged, type Look } from "../look.ts";
import { isTrue, type Situation } from "../status.ts";

/** No pod is there, and none is to be made: an attempt whose pod has not been created waits as well. */
export function suspended(look: Look): Verdict | undefined {
  const by = suspendedBy(look);
  if (by === undefined || look.pod) return undefined;
  if (holdingPods(look).length > 0) return unchanged(look, { requeueAt: after(look.now, lookAgainMs) });
  const { name } = look.run.metadata;
  const message = by === name ? "" : `run ${by} above it is paused`;
  return settle(
    look,
    { kind: "Suspended", reason: LiveReason.SuspendRequested, message },
    { ...(look.deadlineAt && { requeueAt: look.deadlineAt }) },
  );
}

/** A verdict that leaves the status as it is, but where a pause has just ended: then the run is back in its situation. */
export function resumed(look: Look, situation: Situation, rest: Partial<Omit<Verdict, "status">>): Verdict {
  return isTrue(look.status, ConditionType.Suspended) ? settle(look, situation, rest) : unchanged(look, rest);
}

/** Name of the nearest run, from this one upwards, that is paused. */
function suspendedBy({ run, world }: Look): string | undefined {
  return run.spec.suspend === true ? run.metadata.name : world.parent?.suspendedBy;
}
