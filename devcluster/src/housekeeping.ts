// What the controllers of a cluster do for namespaces and for definitions.
//
//   H1. A namespace is born with a default ServiceAccount and the authority's certificate, before its creator is answered:
//       a cluster takes seconds, and pods that come too early are refused.
//   H2. One that is being deleted is emptied first, pods with their grace; it goes with the last object in it.
//   H3. A definition that is being deleted takes its objects along.
import type { KubeObject } from "./api.ts";
import { builtin } from "./builtin.ts";
import { plain } from "./json.ts";
import { cleanupFinalizer } from "./kinds/definition.ts";
import type { LogEvent } from "./log.ts";
import type { Objects } from "./objects.ts";
import { type Registry, toResources } from "./registry.ts";
import { type Resource, resourceId } from "./resource.ts";
import type { Store } from "./store.ts";

interface HousekeepingDeps {
  readonly store: Store;
  readonly registry: Registry;
  readonly objects: Objects;
  /** PEM. */
  readonly authority: string;
}

const namespaces = builtin("namespaces");
const configMaps = builtin("configmaps");
const definitions = builtin("customresourcedefinitions.apiextensions.k8s.io");

/** Makes the namespaces that every cluster has, and keeps house from now on. */
export function keepHouse(deps: HousekeepingDeps): void {
  const { store, registry, objects } = deps;
  const serve = (): void => registry.serve(store.list(resourceId(definitions)));
  serve();
  for (const { metadata } of store.list("namespaces")) furnish(deps, metadata.name); // of an earlier life, with another authority
  store.log.subscribe((event) => {
    if (event.resource === resourceId(definitions)) serve();
    tend(deps, event);
  });
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
    if (!store.get("namespaces", { name })) objects.create(namespaces, { metadata: { name } });
  }
}

function tend(deps: HousekeepingDeps, { resource, type, object }: LogEvent): void {
  const isGoing = object.metadata.deletionTimestamp !== undefined;
  if (type === "DELETED") setImmediate(() => finish(deps, object));
  else if (resource === "namespaces" && type === "ADDED") furnish(deps, object.metadata.name); // H1
  else if (resource === "namespaces" && isGoing) setImmediate(() => emptyNamespace(deps, object.metadata.name));
  else if (resource === resourceId(definitions) && isGoing) setImmediate(() => emptyDefinition(deps, object));
}

function furnish({ store, objects, authority }: HousekeepingDeps, namespace: string): void {
  const data = { "ca.crt": authority };
  const account = { name: "default", namespace };
  const bundle = { name: "kube-root-ca.crt", namespace };
  if (!store.get("serviceaccounts", account)) objects.create(builtin("serviceaccounts"), { metadata: account });
  if (store.get("configmaps", bundle)) objects.update(configMaps, bundle, (current) => ({ ...current, data }));
  else objects.create(configMaps, { metadata: bundle, data });
}

/** H2. */
function emptyNamespace(deps: HousekeepingDeps, name: string): void {
  const { store, registry, objects } = deps;
  const home = store.get("namespaces", { name });
  if (!home?.metadata.deletionTimestamp) return;
  let left = 0;
  for (const resource of distinct(registry.resources)) {
    for (const { metadata } of store.list(resourceId(resource), name)) {
      if (!metadata.deletionTimestamp) objects.delete(resource, metadata, { uid: metadata.uid });
    }
    left += store.list(resourceId(resource), name).length;
  }
  if (left > 0) return;
  objects.update(namespaces, { name }, (current) => ({
    ...current,
    spec: { ...plain(current["spec"]), finalizers: [] },
  }));
}

/** H3. */
function emptyDefinition({ store, objects }: HousekeepingDeps, definition: KubeObject): void {
  const { name } = definition.metadata;
  const [resource] = toResources(definition);
  const isServed = store.get(resourceId(definitions), { name })?.metadata.deletionTimestamp !== undefined;
  if (!resource || !isServed) return;
  for (const { metadata } of store.list(resourceId(resource))) {
    if (!metadata.deletionTimestamp) objects.delete(resource, metadata, { uid: metadata.uid });
  }
  if (store.list(resourceId(resource)).length > 0) return;
  objects.update(definitions, { name }, (current) => ({
    ...current,
    metadata: {
      ...current.metadata,
      finalizers: current.metadata.finalizers?.filter((one) => one !== cleanupFinalizer) ?? [],
    },
  }));
}

/** Something is gone: perhaps it was the last thing that its namespace or its definition waited for. */
function finish(deps: HousekeepingDeps, { metadata, kind }: KubeObject): void {
  const home = metadata.namespace && deps.store.get("namespaces", { name: metadata.namespace });
  if (home && home.metadata.deletionTimestamp) emptyNamespace(deps, home.metadata.name);
  for (const definition of deps.store.list(resourceId(definitions))) {
    const names = plain(plain(definition["spec"])["names"]);
    if (definition.metadata.deletionTimestamp && names["kind"] === kind) emptyDefinition(deps, definition);
  }
}

function distinct(resources: readonly Resource[]): readonly Resource[] {
  const seen = new Set<string>();
  return resources.filter((resource) => {
    const isNew = resource.namespaced && !resource.isReview && !seen.has(resourceId(resource));
    seen.add(resourceId(resource));
    return isNew;
  });
}
