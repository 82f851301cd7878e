// The attempt at a registration stands in the status and has no pod: it is created, or a wait for that is observed.
import { BundleReason } from "@stint/crds/conditions";
import { limits } from "@stint/crds/limits";
import type { Registering } from "@stint/crds/taskbundle";

import { conclude, isRegistering, readySince, standingBefore, type OpenLook } from "../bundle-look.ts";
import type { BundleVerdict, Standing } from "../bundle-world.ts";
import { after, lookAgainMs } from "../look.ts";
import type { Refusal } from "../world.ts";
import { creations, waitMs } from "./starting.ts";

/** Waits for quota and the like (S195). */
const refusedWaitMs = { min: 1000, max: 60_000 };
/** A ServiceAccount that a namespace seconds old has not got yet is waited for this long (S195). */
const serviceAccountMs = 60_000;
/** What only a person can fix may be fixed outside the bundle, where no event tells of it. */
const rejectedWaitMs = 600_000;

/** The API server has just said no. Some of that passes by itself; the rest is tried again much later. */
export function refused(look: OpenLook): BundleVerdict | undefined {
  const { current, pod, now, world } = look;
  if (pod || !world.refusal) return undefined;
  const message = rejection(world.refusal, look);
  if (message === undefined) {
    const standing = isRegistering(current.revision, world.refusal.message);
    return conclude(look, standing, { registering: current, requeueAt: after(now, waitMs(look, refusedWaitMs)) });
  }
  const reason = BundleReason.PodRejected;
  const requeueAt = after(now, rejectedWaitMs);
  return conclude(
    look,
    { ready: "False", reason, message },
    {
      registering: {
        ...current,
        reason,
        message: message.slice(0, limits.errorLength),
        nextRetryAt: requeueAt.toISOString(),
      },
      actions: [{ kind: "recordEvent", type: "Warning", reason, note: message }],
      requeueAt,
    },
  );
}

/** The next create is not due yet; its instant was written down with the failure before it. */
export function waiting(look: OpenLook): BundleVerdict | undefined {
  const { current, now } = look;
  const due = current.nextRetryAt === undefined ? undefined : new Date(current.nextRetryAt);
  if (due === undefined || due <= now) return undefined;
  return conclude(look, standingOf(current), { registering: current, requeueAt: due });
}

/**
 * Its pod is due. What a refusal before said stays until the pod is there: taken back here and said again after the next
 * refusal, it would be two writes a look, and each of them wakes another look.
 */
export function creating(look: OpenLook): BundleVerdict | undefined {
  const { current, pod, now } = look;
  if (pod || current.podUid !== undefined) return undefined;
  const { nextRetryAt, reason: _, message: __, ...registering } = current;
  const standing = nextRetryAt === undefined ? standingBefore(look) : isRegistering(current.revision);
  return conclude(look, standing, {
    registering,
    actions: creations(look, registering),
    requeueAt: after(now, lookAgainMs),
  });
}

/** How the wait before the next create is shown: a refusal is a problem, a lost pod is not yet one. */
function standingOf({ revision, reason, message = "" }: Registering): Standing {
  return reason === BundleReason.PodRejected ? { ready: "False", reason, message } : isRegistering(revision, message);
}

/** The message of a no that is worth telling, or `undefined` while it is expected to pass. */
function rejection(refusal: Refusal, look: OpenLook): string | undefined {
  switch (refusal.kind) {
    case "rejected":
      return refusal.message;
    case "serviceAccount":
      return after(readySince(look), serviceAccountMs) <= look.now ? refusal.message : undefined;
    case "quota":
    case "unavailable":
      return undefined;
  }
}
