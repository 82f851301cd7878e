// The API server's paths and its strictness, on the object store: a request in, an answer or a Status out.
import { type KubernetesObject, type Resource } from "../../src/effects/cluster.ts";
import * as resources from "../../src/effects/resources.ts";
import { ApiError, type ApiReason } from "../../src/errors.ts";
import type { ObjectStore } from "../../../testing/src/memory/object-store.ts";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly verb:
    | "get"
    | "list"
    | "watch"
    | "create"
    | "replace"
    | "replaceStatus"
    | "delete"
    | "deleteCollection"
    | "?";
  readonly resource: Resource | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const known: readonly Resource[] = Object.values(resources);
const largestBody = 3_145_728;

/** What a path and a method ask for. */
export function routeOf(method: string, url: URL): Pick<SeenRequest, "verb" | "resource" | "namespace" | "name"> {
  const path = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+)(?:\/(status))?)?$/;
  const [, group = "", version, namespace, plural, name, subresource] = path.exec(decodeURI(url.pathname)) ?? [];
  const resource = known.find((one) => one.group === group && one.version === version && one.plural === plural);
  const isWatch = url.searchParams.get("watch") === "true";
  return { verb: verbOf(method, { name, subresource, isWatch }), resource, namespace, name };
}

function verbOf(
  method: string,
  { name, subresource, isWatch }: { name: string | undefined; subresource: string | undefined; isWatch: boolean },
): SeenRequest["verb"] {
  if (method === "GET") return name === undefined ? (isWatch ? "watch" : "list") : "get";
  if (method === "POST") return name === undefined ? "create" : "?";
  if (method === "PUT") return name === undefined ? "?" : subresource === "status" ? "replaceStatus" : "replace";
  if (method === "DELETE") return name === undefined ? "deleteCollection" : "delete";
  return "?";
}

/** Everything but a watch. */
export function replyTo(request: SeenRequest, store: ObjectStore): Reply {
  try {
    refuseWhatIsMalformed(request);
    return carryOut(request, store);
  } catch (error) {
    return refusalOf(error);
  }
}

/** An error of the store, or of ours, as the API server puts it. */
export function refusalOf(error: unknown): Reply {
  if (!(error instanceof ApiError)) return statusReply(500, "InternalError", String(error));
  const words: Partial<Record<ApiReason, string>> = {
    conflict: "Conflict",
    alreadyExists: "AlreadyExists",
    gone: "Expired",
  };
  return statusReply(error.status ?? 500, words[error.reason] ?? "NotFound", error.message);
}

/** A `Status` of failure. */
export function statusReply(code: number, reason: string, message: string, details: object = {}): Reply {
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details };
  return { status: code, body };
}

function refuseWhatIsMalformed({ method, headers, body, resource, verb, name }: SeenRequest): void {
  if (!resource) throw refused(404, "notFound", "the server could not find the requested resource");
  if (verb === "?") throw refused(405, "badRequest", "the server does not allow this method on the requested resource");
  if (Buffer.byteLength(body) > largestBody)
    throw refused(413, "tooLarge", "Request entity too large: limit is 3145728");
  if (method === "GET") return;
  if (headers["content-type"] !== "application/json") {
    throw refused(
      415,
      "badRequest",
      `the body of the request was in an unknown format: ${String(headers["content-type"])}`,
    );
  }
  const given: Partial<KubernetesObject> = JSON.parse(body);
  const kind = method === "DELETE" ? "DeleteOptions" : resource.kind;
  if (given.kind !== kind) throw refused(400, "badRequest", `${given.kind} in version is not ${kind}`);
  if (method === "PUT") refuseBadReplacement(given, name);
  refuseMillisecondsOf(resource, body);
}

function refuseBadReplacement({ metadata }: Partial<KubernetesObject>, name: string | undefined): void {
  if (metadata?.name !== name)
    throw refused(400, "badRequest", "the name of the object does not match the name on the URL");
  if (metadata?.resourceVersion) return;
  throw refused(422, "invalid", "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update");
}

/** MicroTime has six fractional digits. Three, which is what a Date gives, are refused by every released API server. */
function refuseMillisecondsOf({ kind }: Resource, body: string): void {
  const isPrecise = kind === "Lease" || kind === "Event";
  for (const [, field, digits = ""] of isPrecise ? body.matchAll(/"(\w+Time)":"[^"]*?(\.\d+)?Z"/g) : []) {
    if (digits.length === 7) continue;
    throw refused(
      400,
      "badRequest",
      `${kind} in version cannot be handled: parsing time in ${field}: expected 6 digits`,
    );
  }
}

function carryOut(request: SeenRequest, store: ObjectStore): Reply {
  const { resource, namespace, name = "", query, body, verb } = request;
  if (!resource) throw refused(404, "notFound", "the server could not find the requested resource");
  const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
  switch (verb) {
    case "get":
      return { status: 200, body: store.get(resource, ref) };
    case "list":
      return { status: 200, body: listBody(request, resource, store) };
    case "create":
      return { status: 201, body: store.create(resource, namespace, JSON.parse(body)) };
    case "replace":
      return { status: 200, body: store.replace(resource, JSON.parse(body)) };
    case "replaceStatus":
      return { status: 200, body: replaceStatus(resource, body, store) };
    case "delete":
      return { status: 200, body: remove(resource, ref, body, store) };
    case "deleteCollection":
      for (const { metadata } of store.all(resource, selectionOf(namespace, query)))
        store.delete(resource, metadata, {});
      return { status: 200, body: {} };
    default:
      throw refused(405, "badRequest", "the server does not allow this method on the requested resource");
  }
}

/** Kubernetes' own kinds come without `kind` and `apiVersion` in lists; custom ones come with them. */
function listBody({ namespace, query }: SeenRequest, resource: Resource, store: ObjectStore): object {
  const limit = Number(query.get("limit") ?? Infinity);
  const token = query.get("continue") ?? undefined;
  const { items, resourceVersion, continue: next } = store.list(resource, selectionOf(namespace, query), limit, token);
  return {
    kind: `${resource.kind}List`,
    metadata: { resourceVersion, ...(next === undefined ? {} : { continue: next }) },
    items: resource.group === "stint.dev" ? items : items.map(withoutKind),
  };
}

function withoutKind(item: KubernetesObject): object {
  const { kind: _, apiVersion: __, ...rest } = item;
  return rest;
}

function replaceStatus(resource: Resource, body: string, store: ObjectStore): object {
  const { metadata, status }: KubernetesObject & { status: object } = JSON.parse(body);
  return store.replaceStatus(resource, metadata, status);
}

function remove(resource: Resource, ref: { name: string }, body: string, store: ObjectStore): object {
  const { preconditions, ...how }: { preconditions?: object; gracePeriodSeconds?: number } = JSON.parse(body);
  store.delete(resource, ref, { ...how, ...preconditions });
  return store.find(resource, ref) ?? { kind: "Status", apiVersion: "v1", status: "Success" };
}

export function selectionOf(namespace: string | undefined, query: URLSearchParams): object {
  const labelSelector = query.get("labelSelector") ?? undefined;
  return { namespace, labelSelector, fieldSelector: query.get("fieldSelector") ?? undefined };
}

function refused(status: number, reason: ApiReason, message: string): ApiError {
  return new ApiError(message, { reason, status });
}
