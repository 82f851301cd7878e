// No registration is open: the bundle is going away, or its newest revision is Ready, or has failed.
import { BundleReason, RegistrationState } from "@stint/crds/conditions";
import { canonicalJson, type Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import type { Manifest, RevisionData } from "@stint/crds/manifest";
import type { TaskBundleStatus } from "@stint/crds/taskbundle";

import { conclude, lingeringMs, readySince, type BundleLook } from "../bundle-look.ts";
import type { BundleAction, BundleVerdict, ObservedRevision, Standing } from "../bundle-world.ts";
import { after, deletions, earliest } from "../look.ts";
import { isEnded } from "../outcome.ts";

/** How long until it is asked again whether live runs still need an old revision: their ends do not wake the bundle. */
const inUseWaitMs = 600_000;

/** Garbage collection owns everything now. */
export function deleting({ bundle, status }: BundleLook): BundleVerdict | undefined {
  return bundle.metadata.deletionTimestamp === undefined ? undefined : { status, actions: [] };
}

/** The ControllerRevision is there, so the registration has succeeded, whoever made it and however long ago. */
export function registered(look: BundleLook): BundleVerdict | undefined {
  const { current, world, status } = look;
  const revision = current && world.revisions.get(current.revision);
  if (!revision || current.state === RegistrationState.RegistrationFailed) return undefined;
  const { digest: _, ...kept } = status; // of the revision before
  const changes = servedBy(revision.data);
  return conclude({ ...look, status: kept }, isReady(current.revision), {
    changes,
    ...taken(hasPosted(look, revision)),
  });
}

/** The spec is that of the newest Ready revision. What is left to do is to tidy up. */
export function unchanged(look: BundleLook): BundleVerdict | undefined {
  const { current, status, specHash, world, now } = look;
  if (current || status.revision === undefined || status.specHash !== specHash) return undefined;
  const own = world.revisions.get(status.revision);
  const lingersUntil = after(readySince(look), lingeringMs);
  const isLingering = lingersUntil > now && world.pods.some((pod) => !isEnded(pod));
  const old = outdated(look);
  const removable = old.filter(({ data }) => !world.revisionsInUse.has(data.revision));
  return conclude(look, isReady(status.revision), {
    actions: removable.flatMap(removal),
    ...taken(own !== undefined && hasPosted(look, own)),
    ...at(
      earliest(
        isLingering ? lingersUntil : undefined,
        old.length > removable.length ? after(now, inUseWaitMs) : undefined,
      ),
    ),
  });
}

/** The registration of this spec has failed. Its pod stays for its logs, unless it still runs. */
export function failed(look: BundleLook): BundleVerdict | undefined {
  const { current, pod, now, manifest } = look;
  if (current?.state !== RegistrationState.RegistrationFailed) return undefined;
  const { reason = RegistrationState.RegistrationFailed, message = "" } = current;
  const goesAt = pod && !isEnded(pod) ? after(readySince(look), lingeringMs) : undefined;
  const isOverdue = goesAt !== undefined && goesAt <= now;
  return conclude(
    look,
    { ready: "False", reason, message },
    {
      registering: current,
      actions: pod && isOverdue ? deletions([pod], "its registration has failed") : [],
      ...taken(manifest !== undefined && current.podUid === manifest.podUid),
      ...at(isOverdue ? undefined : goesAt),
    },
  );
}

function isReady(revision: number): Standing {
  return { ready: "True", reason: BundleReason.Registered, message: `revision ${revision} is Ready` };
}

function servedBy({ revision, specHash, manifest, codeConfigMap, digest }: RevisionData): Partial<TaskBundleStatus> {
  return {
    revision,
    specHash,
    tasks: manifest.map(({ name, kind, description }) => ({
      name,
      kind,
      ...(description !== undefined && { description }),
    })),
    ...(codeConfigMap === undefined && { digest: digest ?? "unknown" }),
  };
}

/** Whether the manifest in the world is the one that made this revision: a runner whose answer was lost asks again. */
function hasPosted({ world }: BundleLook, { name, data }: ObservedRevision): boolean {
  const { manifest: received } = world;
  return received !== undefined && received.podName.startsWith(`${name}-`) && isSame(received.manifest, data.manifest);
}

function isSame(a: Manifest, b: Manifest): boolean {
  const [one, other] = [a, b] as unknown as [Json, Json]; // interfaces have no index signature, which Json asks for
  return canonicalJson(one) === canonicalJson(other);
}

function taken(isTaken: boolean): Pick<BundleVerdict, "manifest"> {
  return isTaken ? { manifest: "taken" } : {};
}

function at(requeueAt: Date | undefined): Pick<BundleVerdict, "requeueAt"> {
  return requeueAt ? { requeueAt } : {};
}

/** Ready revisions beyond the newest ten (S257). */
function outdated({ world, status, strayRevisions }: BundleLook): ObservedRevision[] {
  return [...world.revisions.values()]
    .filter((revision) => !strayRevisions.includes(revision) && revision.data.revision <= (status.revision ?? 0))
    .toSorted((a, b) => b.data.revision - a.data.revision)
    .slice(limits.readyRevisionsKept);
}

/** The code first: its name is in the record, which a crash in between leaves to be found again. */
function removal({ name, uid, data: { codeConfigMap } }: ObservedRevision): BundleAction[] {
  const revision: BundleAction = { kind: "deleteRevision", name, uid };
  return codeConfigMap === undefined ? [revision] : [{ kind: "deleteCode", name: codeConfigMap }, revision];
}
