// From a request to its answer.
import type { IncomingMessage } from "node:http";

import { type Answer, type Call, json } from "./answer.ts";
import type { ClusterState } from "./cluster-state.ts";
import { discover, rootPaths } from "./discovery.ts";
import type { Faults, RequestFault } from "./faults.ts";
import { describeApi } from "./openapi.ts";
import { get, list, startWatch } from "./reads.ts";
import { conflict, expired, methodNotAllowed, notImplemented, Refusal, unauthorized, unknownPath } from "./refusal.ts";
import { parseTarget, type Target } from "./request.ts";
import { resourceId } from "./resource.ts";
import { review } from "./reviews.ts";
import { bind, evict, log, requestToken } from "./subresources.ts";
import { create, patch, remove, removeCollection, update } from "./writes.ts";

/** What a request comes to: an answer, or a broken connection. */
export type Outcome = Answer | "unanswered";

export async function route(request: IncomingMessage, state: ClusterState, faults: Faults): Promise<Outcome> {
  const url = new URL(request.url ?? "/", "https://devcluster");
  const open = openAnswer(url.pathname, state);
  if (open) return open;
  const user = await identify(request, state);
  const { accept = "" } = request.headers;
  const told = describe(url.pathname, accept, state);
  if (told && request.method === "GET") return told;
  if (!/^\/apis?\//.test(url.pathname)) return { kind: "text", code: 404, body: "404 page not found\n" };
  const target = parseTarget(request.method ?? "GET", url, state.registry);
  const asked = {
    method: request.method ?? "",
    path: url.pathname,
    verb: target.verb,
    resource: resourceId(target.resource),
    user: user.username,
  };
  const fault = faults.onRequest(asked);
  throwFault(fault, target);
  const answer = await serve({ target, user, request }, state, (type) => faults.onEvent(asked, type));
  return fault?.kind === "unanswered" ? "unanswered" : answer;
}

/** For everybody: whether it lives, and by which keys to check its tokens. */
function openAnswer(path: string, { tokens }: ClusterState): Answer | undefined {
  if (/^\/(healthz|readyz|livez)(\/|$)/.test(path)) return { kind: "text", code: 200, body: "ok" };
  if (path === "/version") return json(version);
  if (path === "/openid/v1/jwks")
    return { kind: "json", code: 200, body: tokens.jwks, contentType: "application/jwk-set+json" };
  if (path !== "/.well-known/openid-configuration") return undefined;
  return json({
    issuer: tokens.issuer,
    jwks_uri: `${tokens.issuer}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  });
}

const version = {
  major: "1",
  minor: "34",
  gitVersion: "v1.34.0-devcluster",
  gitCommit: "",
  gitTreeState: "",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "node",
  platform: `${process.platform}/${process.arch}`,
};

async function identify({ headers }: IncomingMessage, { tokens }: ClusterState) {
  const [, token] = /^Bearer (.+)$/i.exec(headers.authorization ?? "") ?? [];
  const user = token === undefined ? undefined : await tokens.identify(token);
  if (!user) throw unauthorized();
  return user;
}

function describe(path: string, accept: string, { registry }: ClusterState): Answer | undefined {
  const { resources } = registry;
  if (path === "/") return json(rootPaths(resources));
  return discover(path, accept, resources) ?? describeApi(path, accept, resources);
}

function throwFault(fault: RequestFault | undefined, { resource, name }: Target): void {
  if (fault?.kind === "conflict") throw conflict(resource, name);
  if (fault?.kind === "expired") throw expired("too old resource version: a fault was injected");
  if (fault?.kind === "error") throw new Refusal("a fault was injected", { code: 500, reason: "InternalError" });
  if (fault?.kind !== "tooManyRequests") return;
  const { retryAfterSeconds } = fault;
  throw new Refusal("too many requests: a fault was injected", {
    code: 429,
    reason: "TooManyRequests",
    retryAfterSeconds,
  });
}

type EventFaults = Parameters<typeof startWatch>[2];

async function serve(call: Call, state: ClusterState, eventFaults: EventFaults): Promise<Answer> {
  const { resource, subresource, verb } = call.target;
  if (resource.isReview) return review(call, state);
  if (subresource !== undefined && subresource !== "status") return serveSubresource(call, state);
  switch (verb) {
    case "get":
      return get(call, state);
    case "list":
      return list(call, state);
    case "watch":
      return startWatch(call, state, eventFaults);
    case "create":
      return create(call, state);
    case "update":
      return update(call, state);
    case "patch":
      return patch(call, state);
    case "delete":
      return remove(call, state);
    case "deletecollection":
      return removeCollection(call, state);
    default:
      throw unknownPath();
  }
}

const subresourceRoutes: Readonly<Record<string, (call: Call, state: ClusterState) => Answer | Promise<Answer>>> = {
  "get log": log,
  "create eviction": evict,
  "create binding": bind,
  "create token": requestToken,
  "update finalize": update,
};

function serveSubresource(call: Call, state: ClusterState): Answer | Promise<Answer> {
  const { subresource = "", verb, resource } = call.target;
  if (!resource.subresources.includes(subresource)) throw notImplemented(`${resource.plural}/${subresource}`);
  const found = subresourceRoutes[`${verb} ${subresource}`];
  if (!found) throw methodNotAllowed();
  return found(call, state);
}
