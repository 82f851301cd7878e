// Gathers what a look at a bundle may need: from the caches, but for three things that no cache holds and that few looks
// ask for: the text of a source, the events about a pod that does not start, and a pod of which the cache knows no more.
import { parseTaskReference } from "@stint/crds/labels";
import { limits } from "@stint/crds/limits";
import { RegistrationState } from "@stint/crds/conditions";
import type { TaskBundle } from "@stint/crds/taskbundle";

import { needsSource } from "../core/bundle-look.ts";
import type { BundleWorld, ObservedRevision, ReceivedManifest } from "../core/bundle-world.ts";
import { isFinished } from "../core/look.ts";
import { needsMountEvents } from "../core/waiting.ts";
import type { ObservedInstanceType, OwnedPod } from "../core/world.ts";
import { isApiError } from "../errors.ts";
import { indexNames, type Caches } from "./caches.ts";
import type { Cluster } from "./cluster.ts";
import { mountFailureOf } from "./mount-failure.ts";
import { revisionData, toNodeState, type Surroundings } from "./observe.ts";
import { controllerUid, toOwnedPod } from "./reading.ts";
import { pods, type ControllerRevision } from "./resources.ts";
import type { SourceReader } from "./source.ts";

export interface BundleObserverDeps {
  readonly cluster: Cluster;
  readonly caches: Caches;
  readonly readSource: SourceReader;
  readonly surroundings: Pick<Surroundings, "podSettings" | "gatewayReadySince">;
  readonly now: () => Date;
}

/** A registration pod that has posted, read live, with its revision if that exists by now. */
interface Posted {
  readonly pod: OwnedPod;
  readonly revision?: ControllerRevision | undefined;
  readonly manifest: ReceivedManifest;
}

export interface BundleObserver {
  /** What the reconciler sees. */
  observe(bundle: TaskBundle): Promise<BundleWorld>;
  /** What the gateway sees: of the bundle's objects none but those of the pod that has posted. */
  observePosted(bundle: TaskBundle, posted: Posted): BundleWorld;
}

export function createBundleObserver(deps: BundleObserverDeps): BundleObserver {
  return {
    async observe(bundle) {
      const ownPods = await registrationPods(bundle, deps);
      const revisions = revisionsOf(bundle, deps.caches.revisions.by(indexNames.bundle, bundle.metadata.uid));
      const source = needsSource(bundle) ? await deps.readSource(bundle) : undefined;
      const mountFailure = await mountFailureIn(bundle, ownPods, deps);
      return {
        ...surrounding(ownPods, deps),
        pods: ownPods,
        revisions,
        revisionsInUse: revisions.size > limits.readyRevisionsKept ? revisionsInUse(bundle, deps.caches) : new Set(),
        ...(source && { source }),
        ...(mountFailure !== undefined && { mountFailure }),
      };
    },
    observePosted(bundle, { pod, revision, manifest }) {
      return {
        ...surrounding([pod], deps),
        pods: [pod],
        revisions: revisionsOf(bundle, revision ? [revision] : []),
        revisionsInUse: new Set(),
        manifest,
      };
    },
  };
}

type Surrounding = Pick<BundleWorld, "instanceTypes" | "nodes" | "podSettings" | "gatewayReadySince">;

function surrounding(ownPods: readonly OwnedPod[], { caches, surroundings }: BundleObserverDeps): Surrounding {
  const gatewayReadySince = surroundings.gatewayReadySince();
  const names = ownPods.map(({ spec }) => spec.nodeName).filter((name) => name !== undefined);
  const known = names.map((name) => caches.nodes.get(name)).filter((node) => node !== undefined);
  const types = caches.instanceTypes
    .list()
    .map(({ metadata: { name }, spec }): ObservedInstanceType => ({ name, spec }));
  return {
    instanceTypes: new Map(types.map((type) => [type.name, type])),
    nodes: new Map(known.map((node) => [node.metadata.name, toNodeState(node)])),
    podSettings: surroundings.podSettings(),
    ...(gatewayReadySince && { gatewayReadySince }),
  };
}

/**
 * The cached pods, and the one that the status names if the cache does not have it. A new leader's cache of bundles may be
 * ahead of its cache of pods; taken for gone, a pod that has just begun would be replaced.
 */
async function registrationPods(bundle: TaskBundle, { caches, cluster }: BundleObserverDeps): Promise<OwnedPod[]> {
  const cached = caches.pods.by(indexNames.owner, bundle.metadata.uid);
  const { podUid, podName = "", state } = bundle.status?.registering ?? {};
  const isOpen = podUid !== undefined && state !== RegistrationState.RegistrationFailed;
  if (!isOpen || cached.some(({ metadata }) => metadata.uid === podUid)) return [...cached];
  try {
    const pod = await cluster.get(pods, { namespace: bundle.metadata.namespace ?? "", name: podName });
    return pod.metadata.uid === podUid ? [...cached, toOwnedPod(pod)] : [...cached];
  } catch (error) {
    if (isApiError(error, "notFound")) return [...cached];
    throw error;
  }
}

/** Those that are really this bundle's, and not a namesake's before it. */
function revisionsOf(bundle: TaskBundle, found: readonly ControllerRevision[]): Map<number, ObservedRevision> {
  const own = found.filter((revision) => controllerUid(revision) === bundle.metadata.uid);
  return new Map(
    own.map((revision) => {
      const {
        metadata: { name, uid },
      } = revision;
      return [revision.revision, { name, uid, data: revisionData(revision) }];
    }),
  );
}

/** What live runs are pinned to, or ask for by number before they are. */
function revisionsInUse({ metadata: { namespace, name, uid } }: TaskBundle, { runs }: Caches): Set<number> {
  const live = runs.by(indexNames.bundle, `${namespace}/${name}`).filter((run) => !isFinished(run));
  const numbers = live.map(({ spec, status }) =>
    status?.bundleUid === uid ? status.revision : parseTaskReference(spec.task)?.revision,
  );
  return new Set(numbers.filter((number) => number !== undefined));
}

async function mountFailureIn(
  { status }: TaskBundle,
  ownPods: readonly OwnedPod[],
  { cluster, now }: BundleObserverDeps,
): Promise<string | undefined> {
  const pod = ownPods.find(({ metadata }) => metadata.name === status?.registering?.podName);
  return pod && needsMountEvents(pod, undefined, now()) ? mountFailureOf(cluster, pod) : undefined;
}
