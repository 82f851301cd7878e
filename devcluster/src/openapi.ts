// Enough OpenAPI for kubectl: that writes may be validated and tried out, and what the fields of custom resources mean.
// Of Kubernetes' own kinds only the names are told.
import { createHash } from "node:crypto";

import { type Answer, json } from "./answer.ts";
import { without } from "./json.ts";
import { unknownPath } from "./refusal.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import type { Structural } from "./schema.ts";

/** The answer to a path under /openapi; undefined for every other path. */
export function describeApi(path: string, accept: string, resources: readonly Resource[]): Answer | undefined {
  if (path === "/openapi/v2") return versionTwo(accept, resources);
  if (path === "/openapi/v3") return json({ paths: index(resources) });
  if (!path.startsWith("/openapi/v3/")) return undefined;
  const wanted = path.slice("/openapi/v3/".length);
  const found = resources.filter((resource) => rootOf(resource) === wanted);
  if (found.length === 0) throw unknownPath();
  return json(documentOf(found));
}

function rootOf(resource: Resource): string {
  return `${resource.group === "" ? "api" : "apis"}/${apiVersionOf(resource)}`;
}

/** Each document with a hash of what is in it, by which kubectl knows whether its copy is still good. */
function index(resources: readonly Resource[]): object {
  const roots = [...new Set(resources.map(rootOf))];
  const entries = roots.map((root) => {
    const document = documentOf(resources.filter((resource) => rootOf(resource) === root));
    const hash = createHash("sha256").update(JSON.stringify(document)).digest("hex").slice(0, 32);
    return [root, { serverRelativeURL: `/openapi/v3/${root}?hash=${hash}` }];
  });
  return Object.fromEntries(entries);
}

function documentOf(resources: readonly Resource[]): object {
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "unversioned" },
    paths: Object.assign({}, ...resources.map(pathsOf)),
    components: {
      schemas: Object.fromEntries(resources.map((resource) => [schemaName(resource), schemaOf(resource)])),
    },
  };
}

const queryOf = (name: string): object => ({ name, in: "query", schema: { type: "string", uniqueItems: true } });
const writing = ["dryRun", "fieldManager", "fieldValidation"].map(queryOf);

function pathsOf(resource: Resource): object {
  const collection = `/${rootOf(resource)}${resource.namespaced ? "/namespaces/{namespace}" : ""}/${resource.plural}`;
  const gvk = gvkOf(resource);
  const schema = { $ref: `#/components/schemas/${schemaName(resource)}` };
  const answer = { responses: { 200: { description: "OK", content: { "application/json": { schema } } } } };
  const operation = (action: string, parameters: readonly object[]): object => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk,
    parameters,
    ...answer,
  });
  const patchBody = { content: { "application/merge-patch+json": {}, "application/apply-patch+yaml": {} } };
  return {
    [collection]: { get: operation("list", []), post: operation("post", writing) },
    [`${collection}/{name}`]: {
      get: operation("get", []),
      put: operation("put", writing),
      patch: { ...operation("patch", [...writing, queryOf("force")]), requestBody: patchBody },
      delete: operation("delete", [queryOf("dryRun")]),
    },
  };
}

function gvkOf({ group, version, kind }: Resource): object {
  return { group, version, kind };
}

/** `dev.example.v1.Widget`: the group backwards, as clients expect names to be unique. */
function schemaName({ group, version, kind }: Resource): string {
  return `${group === "" ? "io.k8s.api.core" : group.split(".").toReversed().join(".")}.${version}.${kind}`;
}

function schemaOf(resource: Resource): object {
  const { schema } = resource;
  const text = { type: "string" };
  const own = {
    apiVersion: {
      ...text,
      description: "APIVersion defines the versioned schema of this representation of an object.",
    },
    kind: { ...text, description: "Kind is a string value representing the REST resource this object represents." },
    metadata: { type: "object", description: "Standard object's metadata." },
  };
  const gvk = { "x-kubernetes-group-version-kind": [gvkOf(resource)] };
  if (!schema) return { type: "object", properties: own, "x-kubernetes-preserve-unknown-fields": true, ...gvk };
  return { ...withoutRules(schema), properties: { ...mapped(schema.properties ?? {}), ...own }, ...gvk };
}

/** CEL is the server's business. */
function withoutRules(schema: Structural): object {
  const { properties, items, additionalProperties } = schema;
  return {
    ...without({ ...schema }, "x-kubernetes-validations"),
    ...(properties && { properties: mapped(properties) }),
    ...(items && { items: withoutRules(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === "object" ? withoutRules(additionalProperties) : additionalProperties,
    }),
  };
}

function mapped(properties: Readonly<Record<string, Structural>>): object {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, withoutRules(schema)]));
}

/** kubectl asks for protobuf, where a document without contents is a message without bytes. */
function versionTwo(accept: string, resources: readonly Resource[]): Answer {
  if (accept.includes("proto-openapi")) {
    const contentType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    return { kind: "bytes", code: 200, contentType, body: new Uint8Array() };
  }
  const definitions = Object.fromEntries(resources.map((resource) => [schemaName(resource), schemaOf(resource)]));
  return json({ swagger: "2.0", info: { title: "Kubernetes", version: "v1.34.0" }, paths: {}, definitions });
}
