// Creates what an object of ours controls. Names follow from the owner's uid, so a create may be repeated: what exists
// under our own controller reference is an earlier try of it, and under any other it never is (S98).
import { BundleReason } from "@stint/crds/conditions";

import type { Refusal } from "../core/world.ts";
import { isApiError, RefusedError } from "../errors.ts";
import type { Cluster, KubernetesObject, Resource } from "./cluster.ts";
import { controllerUid } from "./reading.ts";

/** Whose controller reference the object carries. */
interface Owner {
  readonly metadata: { readonly namespace?: string; readonly uid: string };
}

/**
 * Creates the object, plain JSON with its name in it, or finds it there as ours. Answers it as stored.
 *
 * Throws RefusedError if the name is taken by somebody else's, and ApiError as `Cluster.create` does. Source: S98.
 */
export async function createOwned<T extends KubernetesObject>(
  cluster: Cluster,
  resource: Resource<T>,
  owner: Owner,
  body: object,
): Promise<T> {
  try {
    return await cluster.create(resource, owner.metadata.namespace, body);
  } catch (error) {
    if (!isApiError(error, "alreadyExists")) throw error;
    return existing(cluster, resource, owner, nameIn(body));
  }
}

/** The no in an error from which the next look concludes, or `undefined` if the look is to be repeated (S195). */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof RefusedError) return { kind: "rejected", message: error.message };
  if (!isApiError(error)) return undefined;
  const message = error.serverMessage;
  switch (error.reason) {
    case "quotaExceeded":
      return { kind: "quota", message };
    case "serviceAccountMissing":
      return { kind: "serviceAccount", message };
    case "invalid":
    case "forbidden":
    case "badRequest":
    case "tooLarge":
      return { kind: "rejected", message };
    case "unavailable":
      return { kind: "unavailable", message };
    default:
      return undefined;
  }
}

async function existing<T extends KubernetesObject>(
  cluster: Cluster,
  resource: Resource<T>,
  owner: Owner,
  name: string,
): Promise<T> {
  const object = await cluster.get(resource, { namespace: owner.metadata.namespace ?? "", name });
  if (controllerUid(object) === owner.metadata.uid) return object;
  const what = `${resource.kind.toLowerCase()} ${name}`;
  throw new RefusedError(`${what} exists and belongs to ${controllerInWords(object)}`, {
    reason: BundleReason.PodRejected,
  });
}

function nameIn({ metadata }: { readonly metadata?: { readonly name?: unknown } }): string {
  return typeof metadata?.name === "string" ? metadata.name : "";
}

function controllerInWords({ metadata }: KubernetesObject): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner ? `${owner.kind} ${owner.name} (uid ${owner.uid})` : "nobody";
}
