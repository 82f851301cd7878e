// One call of the API, as data: what it asks for, and the HTTP request that says so.
import type { KubernetesObject, ObjectRef, Resource } from "./cluster.ts";
import type { Request } from "./transport.ts";

type Verb = "get" | "list" | "watch" | "create" | "replace" | "replaceStatus" | "delete" | "deleteCollection";

export interface Call {
  readonly verb: Verb;
  readonly resource: Resource;
  /** For a collection its namespace, or nothing for all namespaces. */
  readonly ref: Partial<ObjectRef>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: object;
  readonly metadataOnly?: boolean | undefined;
  /** Whether carrying it out twice is the same as once. */
  readonly harmless: boolean;
  readonly signal?: AbortSignal | undefined;
}

interface VerbOnTheWire {
  readonly method: Request["method"];
  /** On one object, on all of a kind, or on the status of one. */
  readonly on: "object" | "collection" | "status";
  readonly words: string;
}

const metadataListType = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

const verbs: Readonly<Record<Verb, VerbOnTheWire>> = {
  get: { method: "GET", on: "object", words: "get" },
  list: { method: "GET", on: "collection", words: "list" },
  watch: { method: "GET", on: "collection", words: "watch" },
  create: { method: "POST", on: "collection", words: "create" },
  replace: { method: "PUT", on: "object", words: "replace" },
  replaceStatus: { method: "PUT", on: "status", words: "replace status of" },
  delete: { method: "DELETE", on: "object", words: "delete" },
  deleteCollection: { method: "DELETE", on: "collection", words: "delete collection of" },
};

export function requestOf({ verb, resource, ref, query = {}, body, metadataOnly, signal }: Call): Request {
  const { method, on } = verbs[verb];
  const { group, version, plural, namespaced } = resource;
  const segments = [
    ...(group === "" ? ["api", version] : ["apis", group, version]),
    ...(namespaced && ref.namespace !== undefined ? ["namespaces", ref.namespace] : []),
    plural,
    ...(on === "collection" ? [] : [ref.name ?? ""]),
    ...(on === "status" ? ["status"] : []),
  ];
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const path = `/${segments.map(encodeURIComponent).join("/")}`;
  return {
    method,
    path: search.size === 0 ? path : `${path}?${search.toString()}`,
    body,
    ...(metadataOnly && { accept: metadataListType }),
    signal,
  };
}

/** The verb and the object, as every error message begins: `create pod default/nightly-k3f7a-2`. */
export function inWords({ verb, resource, ref }: Call): string {
  const object = [ref.namespace, ref.name].filter((part) => part !== undefined).join("/");
  const kind = ref.name === undefined ? resource.plural : resource.kind.toLowerCase();
  return [verbs[verb].words, kind, object].filter(Boolean).join(" ");
}

/** `apiVersion` and `kind` as the resource has them, before whatever else the object holds. */
export function withKind<T extends object>({ group, version, kind }: Resource, object: T): T & KindOf {
  return { ...object, apiVersion: group === "" ? version : `${group}/${version}`, kind };
}

type KindOf = Pick<KubernetesObject, "apiVersion" | "kind">;
