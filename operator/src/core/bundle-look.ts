// One look at a bundle: what was observed, put in order once, so that every rule reads the same facts; and the ways in
// which a rule concludes.
//
//   B1. A registration belongs to one state of the spec. One for another state is abandoned, and its number with it.
//   B2. The newest Ready revision in the status serves whatever becomes of the registration beside it (S13).
//   B3. What a stale bundle does not know of yet is newer than itself, and left alone: only lower numbers are strays.
import { BundleReason, Ready, RegistrationState } from "@stint/crds/conditions";
import { label, registrationPodName, revisionName } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import type { Registering, TaskBundle, TaskBundleStatus } from "@stint/crds/taskbundle";

import type {
  BundleAction,
  BundleVerdict,
  BundleWorld,
  ObservedRevision,
  ReceivedManifest,
  Standing,
} from "./bundle-world.ts";
import { after, deletions } from "./look.ts";
import { isEnded } from "./outcome.ts";
import { hashOfSpec } from "./revision.ts";
import type { OwnedPod } from "./world.ts";

export interface BundleLook {
  readonly bundle: TaskBundle;
  readonly world: BundleWorld;
  readonly now: Date;
  /** The status before this look. */
  readonly status: TaskBundleStatus;
  readonly specHash: string;
  /** The registration of the present spec, open or failed; and one of another spec (B1). */
  readonly current: Registering | undefined;
  readonly abandoned: Registering | undefined;
  /** The pod of the current registration's attempt. */
  readonly pod: OwnedPod | undefined;
  /** What that pod has just posted. */
  readonly manifest: ReceivedManifest | undefined;
  /** Pods and ControllerRevisions of past registrations: nothing of them counts any more. */
  readonly strayPods: readonly OwnedPod[];
  readonly strayRevisions: readonly ObservedRevision[];
}

/** A look at a registration that is open. */
export interface OpenLook extends BundleLook {
  readonly current: Registering;
}

export function isOpen(look: BundleLook): look is OpenLook {
  return look.current !== undefined && look.current.state !== RegistrationState.RegistrationFailed;
}

/** A pod that outlives its registration by this long is deleted: until then it may still be reading its answer. */
export const lingeringMs = 45_000;

export function gatherBundle(bundle: TaskBundle, world: BundleWorld, now: Date): BundleLook {
  const status = bundle.status ?? {};
  const specHash = hashOfSpec(bundle.spec);
  const { registering } = status;
  const current = registering?.specHash === specHash ? registering : undefined;
  const pod = current && podOf(current, world.pods);
  const look = { bundle, world, now, status, specHash, current, pod };
  return {
    ...look,
    abandoned: current ? undefined : registering,
    manifest: current && manifestFrom(current, pod, world),
    strayPods: world.pods.filter((other) => other !== pod && isPast(other, look)),
    strayRevisions: [...world.revisions.values()].filter((revision) => isStray(revision, look)),
  };
}

/** Whether the text of the source is needed: not any more once a pod that mounts it has been seen. */
export function needsSource(bundle: TaskBundle): boolean {
  if (bundle.spec.source.image || bundle.metadata.deletionTimestamp !== undefined) return false;
  const { registering, specHash } = bundle.status ?? {};
  const hash = hashOfSpec(bundle.spec);
  return registering?.specHash === hash ? registering.state === RegistrationState.Created : specHash !== hash;
}

/** What a verdict says beside where the bundle then stands. */
export interface Conclusion extends Partial<Omit<BundleVerdict, "status">> {
  /** The registration beside the Ready revision; absent means there is none. */
  readonly registering?: Registering | undefined;
  readonly changes?: Partial<TaskBundleStatus>;
}

/** A verdict, with the removal of what past registrations left behind. */
export function conclude(look: BundleLook, standing: Standing, conclusion: Conclusion = {}): BundleVerdict {
  const { registering, changes, actions = [], ...rest } = conclusion;
  const { registering: _, ...status } = look.status;
  return {
    status: withReady({ ...status, ...changes, ...(registering && { registering }) }, standing, look),
    actions: [...removals(look), ...actions],
    ...rest,
  };
}

export interface RegistrationFailure {
  readonly reason: BundleReason;
  readonly message: string;
}

/** The registration has failed for good: only another spec starts a new one (S13). */
export function registrationFailed(
  look: BundleLook,
  registering: Registering,
  failure: RegistrationFailure,
  conclusion: Conclusion = {},
): BundleVerdict {
  const { nextRetryAt: _, ...kept } = registering;
  const message = failure.message.slice(0, limits.errorLength);
  const failed = { ...kept, state: RegistrationState.RegistrationFailed, reason: failure.reason, message };
  const standing: Standing = { ready: "False", reason: failure.reason, message };
  const warning: BundleAction = { kind: "recordEvent", type: "Warning", reason: failure.reason, note: message };
  const actions = [...(conclusion.actions ?? []), warning];
  return conclude(look, standing, { ...conclusion, registering: failed, actions });
}

/** The first attempt at a new revision. Its number was never used before, and is not used again. */
export function newRegistration({ bundle, world, status, specHash }: BundleLook): Registering {
  const revision = Math.max(status.lastRevision ?? 0, ...world.revisions.keys()) + 1;
  return {
    revision,
    generation: bundle.metadata.generation ?? 1,
    specHash,
    state: RegistrationState.Created,
    attempt: 1,
    podName: registrationPodName(bundle.metadata, revision, 1),
  };
}

export function isRegistering(revision: number, message = ""): Standing {
  const text = `revision ${revision} is registering`;
  return { ready: "Unknown", reason: BundleReason.Registering, message: message === "" ? text : `${text}: ${message}` };
}

/** Where the bundle stood before this look; a registration that nothing is said of yet is registering. */
export function standingBefore({ status, current }: OpenLook): Standing {
  const ready = status.conditions?.find(({ type }) => type === Ready);
  if (ready?.status !== "Unknown") return isRegistering(current.revision);
  return { ready: ready.status, reason: ready.reason, message: ready.message };
}

/** Since when the bundle has been Ready, or not: what a wait is measured from. */
export function readySince({ status, now }: Pick<BundleLook, "status" | "now">): Date {
  const since = status.conditions?.find(({ type }) => type === Ready)?.lastTransitionTime;
  return since === undefined ? now : new Date(since);
}

/** Revision and attempt that a registration pod was made for; 0 for one whose labels do not say. */
function registrationOf({ metadata: { labels = {} } }: OwnedPod): { revision: number; attempt: number } {
  return { revision: Number(labels[label.revision] ?? 0), attempt: Number(labels[label.attempt] ?? 0) };
}

function withReady(status: TaskBundleStatus, standing: Standing, look: BundleLook): TaskBundleStatus {
  const { now, bundle } = look;
  const before = status.conditions?.find(({ type }) => type === Ready);
  const lastTransitionTime = before?.status === standing.ready ? before.lastTransitionTime : now.toISOString();
  const { generation } = bundle.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const { ready, reason } = standing;
  const message = standing.message.slice(0, limits.conditionMessageLength);
  return {
    ...status,
    ...observed,
    conditions: [{ type: Ready, status: ready, reason, message, lastTransitionTime, ...observed }],
  };
}

/** The code of an abandoned revision goes by name: no cache holds ConfigMaps. A crash leaves it to the bundle's own end. */
function removals({ bundle, abandoned, strayPods, strayRevisions }: BundleLook): BundleAction[] {
  return [
    ...deletions(strayPods, "its registration is over"),
    ...strayRevisions.map(({ name, uid }): BundleAction => ({ kind: "deleteRevision", name, uid })),
    ...(abandoned ? [{ kind: "deleteCode", name: revisionName(bundle.metadata, abandoned.revision) } as const] : []),
  ];
}

function podOf({ podName, podUid }: Registering, pods: readonly OwnedPod[]): OwnedPod | undefined {
  return pods.find(({ metadata }) => metadata.name === podName && metadata.uid === (podUid ?? metadata.uid));
}

function manifestFrom(
  current: Registering,
  pod: OwnedPod | undefined,
  { manifest }: BundleWorld,
): ReceivedManifest | undefined {
  const uid = current.podUid ?? pod?.metadata.uid;
  return manifest?.podName === current.podName && manifest.podUid === uid ? manifest : undefined;
}

type Facts = Pick<BundleLook, "status" | "current" | "now">;

/** An earlier attempt's pod, or an earlier revision's; that of a Ready one gets time to read its answer and end. */
function isPast(pod: OwnedPod, look: Facts): boolean {
  const { status, current, now } = look;
  const { revision, attempt } = registrationOf(pod);
  const known = current ?? { revision: status.lastRevision ?? 0, attempt: Infinity };
  const isOlder = revision < known.revision || (revision === known.revision && attempt < known.attempt); // B3
  if (!isOlder || revision !== status.revision) return isOlder;
  return isEnded(pod) || after(readySince(look), lingeringMs) <= now;
}

/** Made by a gateway while the reconciler gave its registration up: it never was Ready. */
function isStray({ data: { revision } }: ObservedRevision, { status, current }: Facts): boolean {
  if (revision <= (status.revision ?? 0) || revision > (status.lastRevision ?? 0)) return false; // B3
  return revision !== current?.revision || current.state === RegistrationState.RegistrationFailed;
}
