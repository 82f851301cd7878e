// What remains to be done once a run is terminal: its late pods go, and after a while the run itself.
import { ConditionType, EndReason } from "@stint/crds/conditions";
import { limits } from "@stint/crds/limits";

import type { Verdict } from "../decision.ts";
import { after, deletionsAsSeen, earliest, isFinished, unchanged, type Look } from "../look.ts";
import { conditionOf } from "../status.ts";
import type { OwnedPod } from "../world.ts";

/** A pod that is still alive this long after its attempt ended is deleted, whatever keeps it (S300). */
export const lingeringMs = 45_000;

const lookAgainForDescendantsMs = 60_000;

/** The API server stamps a pod's creation, we the end of a run: two clocks. */
const clockSkewMs = 10_000;

/** Somebody deleted the run: its pods and children go by owner reference, and nothing of it is written any more (S168). */
export function deleting(look: Look): Verdict | undefined {
  return look.run.metadata.deletionTimestamp === undefined ? undefined : unchanged(look);
}

/** Terminal stays terminal: all that is left is to remove (S160, S300). Reads no more of the status than a stub keeps. */
export function finished(look: Look): Verdict | undefined {
  if (!isFinished(look.run)) return undefined;
  const lingering = look.pods.filter((pod) => pod.status.phase !== "Succeeded" && pod.status.phase !== "Failed");
  const overdue = lingering.filter((pod) => lingersUntil(pod, look) <= look.now);
  const removal = removeAt(look);
  const due = removal !== undefined && removal <= look.now;
  const requeueAt = earliest(
    ...lingering.filter((pod) => !overdue.includes(pod)).map((pod) => lingersUntil(pod, look)),
    due ? undefined : removal,
    due && !mayBeRemoved(look) ? after(look.now, lookAgainForDescendantsMs) : undefined,
  );
  return unchanged(look, {
    actions: [
      ...deletionsAsSeen(overdue, "its run is over"),
      ...(due && mayBeRemoved(look)
        ? [{ kind: "deleteRun", run: versioned(look), why: "ttlSecondsAfterFinished" } as const]
        : []),
    ],
    ...(requeueAt && { requeueAt }),
  });
}

function lingersUntil(pod: OwnedPod, { run }: Look): Date {
  const finishedAt = new Date(run.status?.finishedAt ?? run.metadata.creationTimestamp);
  const reason = conditionOf(run.status?.conditions, ConditionType.Succeeded)?.reason;
  const canceled = reason === EndReason.Canceled || reason === EndReason.ParentCanceled;
  // A pod made after the end comes from an earlier leader's late create: its attempt is not the run's.
  const late = Date.parse(pod.metadata.creationTimestamp) > finishedAt.getTime() + clockSkewMs;
  return canceled || late ? finishedAt : after(finishedAt, lingeringMs);
}

function removeAt({ run }: Look): Date | undefined {
  const finishedAt = run.status?.finishedAt;
  const ttlSeconds = run.spec.ttlSecondsAfterFinished ?? limits.ttlSecondsAfterFinished.default;
  return finishedAt === undefined ? undefined : after(new Date(finishedAt), ttlSeconds * 1000);
}

function mayBeRemoved({ world }: Look): boolean {
  if (world.handOver && world.parent?.finished === false) return false; // its end is what the parent waits for
  return world.descendantsFinished && world.rootFinished && world.dependentsFinished;
}

/** A run as it was observed: whoever changes it first keeps it. */
export function versioned({ run: { metadata } }: Look): {
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
} {
  const { namespace = "", name, uid, resourceVersion } = metadata;
  return { namespace, name, uid, resourceVersion };
}
