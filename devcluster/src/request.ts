// From method and path to what is asked of which resource.
import type { Registry } from "./registry.ts";
import { methodNotAllowed, notFound, unknownPath } from "./refusal.ts";
import type { Resource } from "./resource.ts";

type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** A request for a resource. */
export interface Target {
  readonly verb: Verb;
  readonly resource: Resource;
  /** Undefined for cluster-scoped resources, and for all namespaces at once. */
  readonly namespace: string | undefined;
  /** Empty for a collection. */
  readonly name: string;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
}

interface Place {
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string | undefined;
}

/** @throws {Refusal} 404 for what is not served, 405 for a verb that the path does not know. */
export function parseTarget(method: string, { pathname, searchParams }: URL, registry: Registry): Target {
  const { resource, place } = parsePath(pathname, registry);
  const { name, namespace, subresource } = place;
  if (subresource !== undefined && !resource.subresources.includes(subresource)) throw notFound(resource, name);
  const verb = verbOf(method, place, searchParams);
  const isHomeless = verb === "create" && resource.namespaced && namespace === undefined;
  if (verb === undefined || isHomeless || (resource.isReview && verb !== "create")) throw methodNotAllowed();
  return { verb, resource, namespace, name, subresource, query: searchParams };
}

function parsePath(pathname: string, registry: Registry): { readonly resource: Resource; readonly place: Place } {
  const [root, ...rest] = pathname.split("/").filter(Boolean).map(decodeURIComponent);
  const [group, version, ...segments] = root === "api" ? ["", ...rest] : rest;
  const place = parsePlace(segments);
  const resource = place && registry.find(group ?? "", version ?? "", place.plural);
  if (!resource || (place.namespace !== undefined && !resource.namespaced)) throw unknownPath();
  return { resource, place };
}

/** `namespaces` opens a path both as a resource and as the home of others. */
function parsePlace(segments: readonly string[]): Place | undefined {
  const isHome =
    segments[0] === "namespaces" && segments.length > 2 && !["status", "finalize"].includes(segments[2] ?? "");
  const namespace = isHome ? segments[1] : undefined;
  const [plural, name = "", subresource, ...rest] = isHome ? segments.slice(2) : segments;
  return plural === undefined || rest.length > 0 ? undefined : { plural, namespace, name, subresource };
}

function verbOf(method: string, { name, subresource }: Place, query: URLSearchParams): Verb | undefined {
  if (name === "") return collectionVerbs(query)[method];
  if (method === "POST") return subresource === undefined || subresource === "status" ? undefined : "create";
  return objectVerbs[method];
}

const objectVerbs: Readonly<Record<string, Verb>> = { GET: "get", PUT: "update", PATCH: "patch", DELETE: "delete" };

function collectionVerbs(query: URLSearchParams): Readonly<Record<string, Verb>> {
  return { GET: isTrue(query.get("watch")) ? "watch" : "list", POST: "create", DELETE: "deletecollection" };
}

/** A switch in a query. */
export function isTrue(value: string | null): boolean {
  return value !== null && ["", "1", "true", "t", "T", "TRUE", "True"].includes(value);
}
