// What is served, told to clients: in one document (aggregated), or step by step as older ones ask.
import { type Answer, json } from "./answer.ts";
import { unknownPath } from "./refusal.ts";
import { apiVersionOf, type Resource } from "./resource.ts";

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const aggregated = /g=apidiscovery\.k8s\.io;v=(v2(?:beta1)?);as=APIGroupDiscoveryList/;

/** The answer to a path of discovery; undefined for every other path. */
export function discover(path: string, accept: string, resources: readonly Resource[]): Answer | undefined {
  const [root, ...rest] = path.split("/").filter(Boolean);
  const [, version] = aggregated.exec(accept) ?? [];
  if (root === "api" && rest.length <= 1) {
    const ofCore = resources.filter(({ group }) => group === "");
    if (rest.length === 1) return rest[0] === "v1" ? json(toResourceList("v1", ofCore)) : undefined;
    return version
      ? toAggregated(version, ofCore)
      : json({ kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] });
  }
  if (root !== "apis" || rest.length > 2) return undefined;
  const grouped = resources.filter(({ group }) => group !== "");
  return rest.length === 0 && version ? toAggregated(version, grouped) : discoverGroups(rest, grouped);
}

function discoverGroups([name, version]: readonly string[], resources: readonly Resource[]): Answer | undefined {
  const groups = groupsOf(resources);
  if (name === undefined) {
    return json({ kind: "APIGroupList", apiVersion: "v1", groups: groups.map((one) => toGroup(one, resources)) });
  }
  if (!groups.includes(name)) throw unknownPath();
  if (version === undefined) return json({ kind: "APIGroup", apiVersion: "v1", ...toGroup(name, resources) });
  const found = resources.filter((resource) => resource.group === name && resource.version === version);
  if (found.length === 0) throw unknownPath();
  return json(toResourceList(`${name}/${version}`, found));
}

function groupsOf(resources: readonly Resource[]): readonly string[] {
  return [...new Set(resources.map(({ group }) => group))];
}

function versionsOf(group: string, resources: readonly Resource[]): readonly string[] {
  return [...new Set(resources.filter((resource) => resource.group === group).map(({ version }) => version))];
}

function toGroup(name: string, resources: readonly Resource[]): object {
  const versions = versionsOf(name, resources).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function toResourceList(groupVersion: string, resources: readonly Resource[]): object {
  const entries = resources.flatMap((resource) => {
    const { plural, singular, namespaced, kind, shortNames, categories, subresources } = resource;
    const own = {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: verbsOf(resource),
      shortNames,
      categories,
    };
    const inner = subresources.map((name) => ({
      name: `${plural}/${name}`,
      singularName: "",
      namespaced,
      ...responseKind(resource, name),
      verbs: subresourceVerbs(name),
    }));
    return [own, ...inner];
  });
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: entries };
}

function toAggregated(version: string, resources: readonly Resource[]): Answer {
  const items = groupsOf(resources).map((group) => ({
    metadata: { name: group, creationTimestamp: null },
    versions: versionsOf(group, resources).map((one) => ({
      version: one,
      freshness: "Current",
      resources: resources.filter((r) => r.group === group && r.version === one).map(toDiscovered),
    })),
  }));
  const body = { kind: "APIGroupDiscoveryList", apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  return { kind: "json", code: 200, body, contentType };
}

function toDiscovered(resource: Resource): object {
  const { plural, singular, kind, namespaced, shortNames, categories, subresources, group, version } = resource;
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: verbsOf(resource),
    shortNames,
    categories,
    subresources: subresources.map((name) => {
      const { group: of = group, version: at = version, kind: what } = responseKind(resource, name);
      return { subresource: name, responseKind: { group: of, version: at, kind: what }, verbs: subresourceVerbs(name) };
    }),
  };
}

function verbsOf({ isReview }: Resource): readonly string[] {
  return isReview ? ["create"] : verbs;
}

function subresourceVerbs(name: string): readonly string[] {
  if (name === "status") return ["get", "patch", "update"];
  return name === "log" ? ["get"] : name === "finalize" ? ["update"] : ["create"];
}

/** What a subresource answers with, where it is not the object itself. */
function responseKind(
  { kind }: Resource,
  name: string,
): { readonly group?: string; readonly version?: string; readonly kind: string } {
  if (name === "eviction") return { group: "policy", version: "v1", kind: "Eviction" };
  if (name === "token") return { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
  return { kind: name === "binding" ? "Binding" : kind };
}

/** The paths that the root lists. */
export function rootPaths(resources: readonly Resource[]): object {
  const groups = [...new Set(resources.map((resource) => `/apis/${apiVersionOf(resource)}`))];
  return {
    paths: [
      "/api",
      "/api/v1",
      "/apis",
      ...groups,
      "/healthz",
      "/livez",
      "/openapi/v2",
      "/openapi/v3",
      "/readyz",
      "/version",
    ],
  };
}
