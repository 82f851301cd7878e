// The kinds of patch that compute a new object from the present one. Server-side apply, which must know who owns what,
// stands in apply.ts.
import jsonPatch from "fast-json-patch";

import type { Draft, KubeObject } from "./api.ts";
import { isList, isPlain, type Plain } from "./json.ts";
import { badRequest, Refusal, unsupportedMediaType } from "./refusal.ts";
import type { Resource } from "./resource.ts";
import { strategicMerge } from "./strategic.ts";

export const applyType = "application/apply-patch+yaml";
const jsonType = "application/json-patch+json";
const mergeType = "application/merge-patch+json";
const strategicType = "application/strategic-merge-patch+json";

/** The content types of patches that a resource takes. */
function acceptedTypes({ schema }: Resource): readonly string[] {
  return [jsonType, mergeType, ...(schema ? [] : [strategicType]), applyType];
}

/** @throws {Refusal} 415 for a type that this resource does not take. */
export function assertPatchType(resource: Resource, contentType: string): void {
  const accepted = acceptedTypes(resource);
  if (!accepted.includes(contentType)) throw unsupportedMediaType(accepted);
}

/** @throws {Refusal} 400 for a patch that is none, 422 for one that does not fit. */
export function patched(current: KubeObject, patch: unknown, contentType: string): Draft {
  if (contentType === jsonType) return jsonPatched(current, patch);
  if (!isPlain(patch)) throw badRequest("error decoding patch: the patch is not an object");
  const merged = contentType === strategicType ? strategicMerge(current, patch) : mergePatched(current, patch);
  return merged as Draft; // `metadata` is looked at by whoever stores it
}

function jsonPatched(current: KubeObject, patch: unknown): Draft {
  if (!isList(patch)) {
    throw badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    );
  }
  try {
    const operations = structuredClone(patch) as jsonPatch.Operation[]; // validated by the next call
    return jsonPatch.applyPatch(structuredClone(current) as Draft, operations, true).newDocument;
  } catch {
    // A failed test included: the API server says no more than this, and clients take it for a conflict.
    throw new Refusal("the server rejected our request due to an error in our request", {
      code: 422,
      reason: "Invalid",
      details: {},
    });
  }
}

/** RFC 7386: a null deletes, a list is replaced whole. */
export function mergePatched(current: unknown, patch: unknown): unknown {
  if (!isPlain(patch)) return patch;
  const merged: Record<string, unknown> = { ...(isPlain(current) ? current : {}) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatched(merged[name], value);
  }
  return merged satisfies Plain;
}
