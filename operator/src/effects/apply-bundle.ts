// Carries out a decision about a bundle: one status write, then the actions in their order, then the events.
//
//   A1. Status before everything else: a stale reader gets its conflict before it has done anything.
//   A2. Every write may be repeated: what is created has one possible name, and what is deleted is named by uid.
//   A3. A no to a create is an observation, not an error, and ends the row: no pod is made whose code is not there.
import { isDeepStrictEqual } from "node:util";

import type { TaskBundle } from "@stint/crds/taskbundle";

import type { BundleAction, BundleDecision } from "../core/bundle-world.ts";
import type { Refusal } from "../core/world.ts";
import { assertNever, isApiError } from "../errors.ts";
import type { Cluster, KubernetesObject } from "./cluster.ts";
import { createOwned, refusalOf } from "./create-owned.ts";
import { controllerUid } from "./reading.ts";
import type { Recorder } from "./recorder.ts";
import { configMaps, controllerRevisions, pods, taskBundles } from "./resources.ts";

export interface AppliedBundle {
  /** The bundle as it is now known to be: with the status and version just written. */
  readonly bundle: TaskBundle;
  readonly statusWritten: boolean;
  /** Versions of the pods and revisions created: what the caches have to have seen before the next look. */
  readonly podVersion?: string;
  readonly revisionVersion?: string;
  readonly refusal?: Refusal;
}

export type ApplyBundle = (bundle: TaskBundle, decision: BundleDecision) => Promise<AppliedBundle>;

export interface ApplyBundleDeps {
  readonly cluster: Cluster;
  readonly recorder: Recorder;
}

/** Throws ApiError `conflict` when the bundle has changed since it was observed: read again, decide again. */
export function createApplyBundle({ cluster, recorder }: ApplyBundleDeps): ApplyBundle {
  return async (bundle, decision) => {
    const written = await writeStatus(cluster, bundle, decision);
    let applied: AppliedBundle = { bundle: written, statusWritten: written !== bundle };
    for (const action of decision.actions) {
      applied = { ...applied, ...(await act(cluster, written, action)) };
      if (applied.refusal) break; // A3
    }
    for (const action of decision.actions) {
      if (action.kind === "recordEvent") recorder.record(written, action);
    }
    return applied;
  };
}

async function writeStatus(cluster: Cluster, bundle: TaskBundle, { status }: BundleDecision): Promise<TaskBundle> {
  if (isDeepStrictEqual(status, bundle.status ?? {})) return bundle;
  const { metadata } = await cluster.replaceStatus(taskBundles, bundle.metadata, status);
  return { ...bundle, metadata: { ...bundle.metadata, resourceVersion: metadata.resourceVersion }, status };
}

async function act(cluster: Cluster, bundle: TaskBundle, action: BundleAction): Promise<Partial<AppliedBundle>> {
  const { namespace = "" } = bundle.metadata;
  switch (action.kind) {
    case "createCode": {
      const created = await attempted(createOwned(cluster, configMaps, bundle, action.code));
      return "refusal" in created ? created : {};
    }
    case "createPod": {
      const created = await attempted(createOwned(cluster, pods, bundle, action.pod));
      return "refusal" in created ? created : { podVersion: versionOf(created.object) };
    }
    case "createRevision":
      return { revisionVersion: versionOf(await createOwned(cluster, controllerRevisions, bundle, action.revision)) };
    case "deletePod":
      await cluster.delete(pods, action.pod, { uid: action.pod.uid });
      return {};
    case "deleteCode":
      await deleteCode(cluster, bundle, action.name);
      return {};
    case "deleteRevision":
      await cluster.delete(controllerRevisions, { namespace, name: action.name }, { uid: action.uid });
      return {};
    case "recordEvent":
      return {}; // events come last
    default:
      return assertNever(action);
  }
}

/** What a create came to: the object, or the no from which the next look concludes (A3). */
async function attempted<T>(create: Promise<T>): Promise<{ readonly object: T } | { readonly refusal: Refusal }> {
  try {
    return { object: await create };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) return { refusal };
    throw error;
  }
}

/** Its uid stands nowhere, so it is read first. A namesake under another controller is not ours to delete. */
async function deleteCode(cluster: Cluster, bundle: TaskBundle, name: string): Promise<void> {
  const ref = { namespace: bundle.metadata.namespace ?? "", name };
  try {
    const code = await cluster.get(configMaps, ref);
    if (controllerUid(code) === bundle.metadata.uid) await cluster.delete(configMaps, ref, { uid: code.metadata.uid });
  } catch (error) {
    if (!isApiError(error, "notFound")) throw error;
  }
}

function versionOf({ metadata }: KubernetesObject): string {
  return metadata.resourceVersion;
}
