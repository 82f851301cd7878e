// No registration is open: the bundle is going away, or its newest revision is Ready, or has failed.
import { BundleReason, RegistrationState } from "@stint/crds/conditions";
import { canonicalJson, type Json } from "@stint/crds/json";
import { limits } from "@stint/crds/limits";
import type { Manifest, RevisionData } from "@stint/crds/manifest";
import type { TaskBundleStatus } from "@stint/crds/taskbundle";

import { conclude, lingeringMs, podDeletions, readySince, registrationOf, type BundleLook } from "../bundle-look.ts";
import type { BundleAction, BundleVerdict, ObservedRevision, Standing } from "../bundle-world.ts";
import { after, earliest } from "../look.ts";
import { isEnded } from "../outcome.ts";

/** Garbage collection owns everything now. */
export function deleting({ bundle, status }: BundleLook): BundleVerdict | undefined {
  return bundle.metadata.deletionTimestamp === undefined ? undefined : { status, actions: [] };
}

/** The ControllerRevision is there, so the registration has succeeded, whoever made it and however long ago. */
export function registered(look: BundleLook): BundleVerdict | undefined {
  const { current, world, bundle } = look;
  const revision = current && world.revisions.get(current.revision);
  if (!revision || current.state === RegistrationState.RegistrationFailed) return undefined;
  const changes = servedBy(revision.data, bundle.spec.source.image !== undefined);
  return conclude(look, isReady(current.revision), { changes, ...taken(hasPosted(look, revision)) });
}

/** The spec is that of the newest Ready revision. What is left to do is to tidy up. */
export function unchanged(look: BundleLook): BundleVerdict | undefined {
  const { current, status, specHash, world } = look;
  if (current || status.revision === undefined || status.specHash !== specHash) return undefined;
  const lingering = world.pods.filter((pod) => !look.strayPods.includes(pod) && !isEnded(pod));
  const requeueAt = lingering.length > 0 ? after(readySince(look), lingeringMs) : undefined;
  const own = world.revisions.get(status.revision);
  return conclude(look, isReady(status.revision), {
    actions: obsolete(look),
    ...taken(own !== undefined && hasPosted(look, own)),
    ...later(look, requeueAt),
  });
}

/** The registration of this spec has failed. Its pod stays for its logs, unless it still runs. */
export function failed(look: BundleLook): BundleVerdict | undefined {
  const { current, pod, now, manifest } = look;
  if (current?.state !== RegistrationState.RegistrationFailed) return undefined;
  const standing: Standing = { ready: "False", reason: reasonOf(current.reason), message: current.message ?? "" };
  const goesAt = pod && !isEnded(pod) ? after(readySince(look), lingeringMs) : undefined;
  const overdue = pod && goesAt !== undefined && goesAt <= now;
  return conclude(look, standing, {
    registering: current,
    actions: overdue ? podDeletions([pod], "its registration has failed") : [],
    ...taken(manifest !== undefined && current.podUid === manifest.podUid),
    ...later(look, goesAt),
  });
}

function isReady(revision: number): Standing {
  return { ready: "True", reason: BundleReason.Registered, message: `revision ${revision} is Ready` };
}

function servedBy(data: RevisionData, fromImage: boolean): Partial<TaskBundleStatus> {
  return {
    revision: data.revision,
    specHash: data.specHash,
    tasks: data.manifest.map(({ name, kind, description }) => ({
      name,
      kind,
      ...(description !== undefined && { description }),
    })),
    ...(fromImage && { digest: data.digest ?? "unknown" }),
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

function later({ now }: BundleLook, at: Date | undefined): Pick<BundleVerdict, "requeueAt"> {
  const requeueAt = at !== undefined && at > now ? earliest(at) : undefined;
  return requeueAt ? { requeueAt } : {};
}

/** Revisions beyond the newest ten that no live run needs (S257): the code first, since its name is in the record. */
function obsolete({ world, status, strayRevisions }: BundleLook): BundleAction[] {
  const ready = [...world.revisions.values()]
    .filter((revision) => !strayRevisions.includes(revision) && revision.data.revision <= (status.revision ?? 0))
    .toSorted((a, b) => b.data.revision - a.data.revision);
  return ready
    .slice(limits.readyRevisionsKept)
    .filter(({ data }) => !world.revisionsInUse.has(data.revision))
    .flatMap(({ name, uid, data: { codeConfigMap } }) => [
      ...(codeConfigMap === undefined ? [] : [{ kind: "deleteCode", name: codeConfigMap } as const]),
      { kind: "deleteRevision", name, uid } as const,
    ]);
}

function reasonOf(text: string | undefined): BundleReason {
  const known = Object.values(BundleReason).find((reason) => reason === text);
  return known ?? BundleReason.InfrastructureFailed;
}
