// What a registration pod posts, as one more observation: the same decision and the same writes as the reconciler's, and
// only when they stand is the runner told (S12, S52).
//
//   M1. Everything that decides is read live: the pod that the token names, the bundle that controls it, the revision.
//   M2. `accepted` is said only after the write that it speaks of.
//   M3. Only what concerns the manifest is written here. Whatever else a look concludes is left to the reconciler.
import { label, revisionName } from "@stint/crds/labels";
import type { Manifest } from "@stint/crds/manifest";
import type { TaskBundle } from "@stint/crds/taskbundle";

import { decideBundle } from "../core/bundle.ts";
import type { BundleDecision } from "../core/bundle-world.ts";
import { isApiError } from "../errors.ts";
import type { ApplyBundle } from "./apply-bundle.ts";
import type { Cluster, KubernetesObject, ObjectRef, Resource } from "./cluster.ts";
import type { BundleObserver } from "./observe-bundle.ts";
import { toOwnedPod } from "./reading.ts";
import { controllerRevisions, pods, taskBundles, type ControllerRevision, type Pod } from "./resources.ts";

/** Whose manifest it is, as the verified token says. */
export interface RegistrationCaller {
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
}

/** `accepted`: 200. `notCurrent`: 409, and the runner stops. `notYet`: 503, and it asks again in a second. */
export type Acceptance = "accepted" | "notCurrent" | "notYet";

export interface AcceptManifestDeps {
  readonly cluster: Cluster;
  readonly observer: BundleObserver;
  readonly apply: ApplyBundle;
  readonly now: () => Date;
}

/** Looks until the manifest is recorded; each is one step, and a conflict with the reconciler takes one too. */
const looks = 5;

/**
 * Records the tasks that a registration pod has posted.
 *
 * `manifest` has the shape of `ManifestSchema`. What is wrong with its tasks is recorded in the bundle's status and is
 * `accepted` too: there is nothing that the runner could do about it. The same post again gets the same answer. `notCurrent`
 * for a pod that is not that of the bundle's current registration. Throws ApiError if the API server fails.
 */
export async function acceptManifest(
  caller: RegistrationCaller,
  manifest: Manifest,
  deps: AcceptManifestDeps,
): Promise<Acceptance> {
  for (let look = 0; look < looks; look++) {
    const answer = await lookOnce(caller, manifest, deps);
    if (answer !== "again") return answer;
  }
  return "notYet";
}

async function lookOnce(
  caller: RegistrationCaller,
  manifest: Manifest,
  deps: AcceptManifestDeps,
): Promise<Acceptance | "again"> {
  const { cluster, observer, now } = deps;
  const found = await findRegistration(caller, cluster);
  if (typeof found === "string") return found;
  const { bundle, pod, revision } = found;
  const { podName, podUid } = caller;
  const world = observer.observePosted(bundle, {
    pod: toOwnedPod(pod),
    revision,
    manifest: { podName, podUid, manifest },
  });
  const decision = decideBundle(bundle, world, now());
  return carryOut(bundle, decision, deps);
}

async function carryOut(
  bundle: TaskBundle,
  decision: BundleDecision,
  { apply }: AcceptManifestDeps,
): Promise<Acceptance | "again"> {
  if (decision.manifest === undefined) return "notCurrent"; // M3
  if (decision.manifest === "early") return "notYet";
  try {
    await apply(bundle, decision);
  } catch (error) {
    if (isApiError(error, "conflict", "notFound")) return "again";
    throw error;
  }
  return decision.manifest === "taken" ? "accepted" : "again"; // M2
}

interface Registration {
  readonly bundle: TaskBundle;
  readonly pod: Pod;
  readonly revision: ControllerRevision | undefined;
}

async function findRegistration(
  { namespace, podName, podUid }: RegistrationCaller,
  cluster: Cluster,
): Promise<Registration | "notCurrent" | "notYet"> {
  const pod = await getIfThere(cluster, pods, { namespace, name: podName });
  if (!pod) return "notYet";
  const owner = pod.metadata.ownerReferences?.find(
    ({ controller, kind }) => controller === true && kind === "TaskBundle",
  );
  if (pod.metadata.uid !== podUid || !owner) return "notCurrent";
  const bundle = await getIfThere(cluster, taskBundles, { namespace, name: owner.name });
  if (!bundle || bundle.metadata.uid !== owner.uid) return "notCurrent";
  const number = Number(pod.metadata.labels?.[label.revision]);
  const name = revisionName(bundle.metadata, number);
  return { bundle, pod, revision: await getIfThere(cluster, controllerRevisions, { namespace, name }) };
}

async function getIfThere<T extends KubernetesObject>(
  cluster: Cluster,
  resource: Resource<T>,
  ref: ObjectRef,
): Promise<T | undefined> {
  try {
    return await cluster.get(resource, ref);
  } catch (error) {
    if (isApiError(error, "notFound")) return undefined;
    throw error;
  }
}
