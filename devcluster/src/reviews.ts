// Questions that are answered and not kept. There is no RBAC, so the answer to "may I?" is always yes.
import { type Answer, type Call, json } from "./answer.ts";
import { contentTypeOf, parseObject, readBody } from "./body.ts";
import type { ClusterState } from "./cluster-state.ts";
import { at, list, type Plain, text } from "./json.ts";
import { apiVersionOf } from "./resource.ts";

export async function review({ target, request, user }: Call, { tokens }: ClusterState): Promise<Answer> {
  const { resource } = target;
  const body = parseObject(await readBody(request), contentTypeOf(request), resource);
  const answer = async (): Promise<Plain> => {
    if (resource.kind === "SelfSubjectReview") return { userInfo: user };
    if (resource.kind !== "TokenReview") return { allowed: true, reason: "devcluster has no RBAC" };
    const audiences = list(at(body, "spec", "audiences")).map(text);
    const asked = audiences.length > 0 ? audiences : [tokens.issuer];
    const found = await tokens.identify(text(at(body, "spec", "token")), asked);
    if (!found) return { authenticated: false, error: "invalid bearer token", user: {} };
    return { authenticated: true, user: found, audiences: asked };
  };
  const object = { ...body, kind: resource.kind, apiVersion: apiVersionOf(resource), status: await answer() };
  return json(object, 201);
}
