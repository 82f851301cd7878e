// What a look at a TaskBundle sees and what it concludes, as plain data. Nothing in here can be called.
import type { OwnerReference } from "@stint/crds/kubernetes";
import type { Manifest, RevisionData } from "@stint/crds/manifest";
import type { TaskBundleStatus } from "@stint/crds/taskbundle";

import type { Action } from "./decision.ts";
import type { NodeState, ObservedInstanceType, OwnedPod, PodSettings, Refusal } from "./world.ts";

/** A ControllerRevision under our bundle's uid: a revision that has registered (S246). */
export interface ObservedRevision {
  readonly name: string;
  readonly uid: string;
  readonly data: RevisionData;
}

/** The code of the bundle, as it is read before a revision's ConfigMap is made (S11). */
export type ObservedSource =
  /** Plain JavaScript: the types are gone. */
  | { readonly kind: "code"; readonly code: string }
  /** The ConfigMap or its key is not there. */
  | { readonly kind: "missing"; readonly message: string }
  /** Too large, or no code whose types can be stripped. */
  | { readonly kind: "invalid"; readonly message: string };

/** What a runner has just posted, with the pod that its token was bound to. */
export interface ReceivedManifest {
  readonly podName: string;
  readonly podUid: string;
  readonly manifest: Manifest;
}

/** What a rule may need beyond the bundle. Observed before the look, never looked up during it. */
export interface BundleWorld {
  /** Registration pods of this bundle's uid. */
  readonly pods: readonly OwnedPod[];
  /** By number. */
  readonly revisions: ReadonlyMap<number, ObservedRevision>;
  /** Revisions that live runs are pinned to or ask for by number: they are not removed (S257). */
  readonly revisionsInUse: ReadonlySet<number>;
  /** Present if a look needs it, see `needsSource` in bundle-look.ts. */
  readonly source?: ObservedSource;
  /** By object name. */
  readonly instanceTypes: ReadonlyMap<string, ObservedInstanceType>;
  readonly nodes: ReadonlyMap<string, NodeState>;
  /** Only the gateway's looks carry it. */
  readonly manifest?: ReceivedManifest;
  /** The API server's no to the last create of the code ConfigMap or of the pod. */
  readonly refusal?: Refusal;
  /** Since when a gateway has been ready without a gap; absent while none is. */
  readonly gatewayReadySince?: Date;
  /** The kubelet's last word on a volume that does not mount; only events tell. */
  readonly mountFailure?: string;
  readonly podSettings: PodSettings;
}

/** Everything one look at a TaskBundle concludes. */
export interface BundleDecision {
  /** Name of the rule that spoke; it labels the log line and the metric. */
  readonly rule: string;
  /** The status the bundle should have after this look. */
  readonly status: TaskBundleStatus;
  /** What became of the manifest in the world; absent if there was none or it is not the current attempt's. */
  readonly manifest?: ManifestVerdict;
  /** Writes to make after the status, in order. Empty means the cluster already agrees. */
  readonly actions: readonly BundleAction[];
  /** When to look again even if nothing changes. */
  readonly requeueAt?: Date;
}

type ManifestVerdict =
  /** Good: the actions make it a revision, and the next look records that. */
  | "checked"
  /** Recorded, one way or the other: the runner may be told. */
  | "taken"
  /** The pod's status lags behind the pod: ask again in a moment. */
  | "early";

/** What a rule answers; `decideBundle` adds the rule's name. */
export type BundleVerdict = Omit<BundleDecision, "rule">;

export type BundleAction =
  | Extract<Action, { readonly kind: "deletePod" | "recordEvent" }>
  | { readonly kind: "createCode"; readonly code: CodeBody }
  | { readonly kind: "createPod"; readonly pod: Extract<Action, { readonly kind: "createPod" }>["pod"] }
  | { readonly kind: "createRevision"; readonly revision: RevisionBody }
  | { readonly kind: "deleteCode"; readonly name: string }
  | { readonly kind: "deleteRevision"; readonly name: string; readonly uid: string };

/** Metadata of what a bundle owns: garbage collection removes it with the bundle. */
export interface OwnedMeta {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
}

/** The immutable ConfigMap with the code of a revision. */
export interface CodeBody {
  readonly metadata: OwnedMeta;
  readonly immutable: true;
  readonly data: Readonly<Record<string, string>>;
}

/** The ControllerRevision of a revision. */
export interface RevisionBody {
  readonly metadata: OwnedMeta;
  readonly revision: number;
  readonly data: RevisionData;
}

/** Where a bundle stands, in the words of its condition Ready. */
export interface Standing {
  /** `Unknown` while a registration is open. */
  readonly ready: "True" | "False" | "Unknown";
  /** A BundleReason. */
  readonly reason: string;
  readonly message: string;
}
