// Which resources are served: Kubernetes' own, and those that a CustomResourceDefinition in the store adds.
import type { KubeObject } from "./api.ts";
import { builtinResources } from "./builtin.ts";
import { at, isList, list, plain, text } from "./json.ts";
import type { Column, Resource } from "./resource.ts";
import { apiVersionOf, resourceId } from "./resource.ts";
import type { Structural } from "./schema.ts";

const ageColumn: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

export class Registry {
  #resources: readonly Resource[] = builtinResources;

  get resources(): readonly Resource[] {
    return this.#resources;
  }

  /** Serves what these definitions describe beside Kubernetes' own; of a definition that is being deleted, to the end. */
  serve(definitions: readonly KubeObject[]): void {
    this.#resources = [...builtinResources, ...definitions.filter(isEstablished).flatMap(toResources)];
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#resources.find((r) => r.group === group && r.version === version && r.plural === plural);
  }

  /** By `pods` or `leases.coordination.k8s.io`, in the first version that is served. */
  byId(id: string): Resource | undefined {
    return this.#resources.find((resource) => resourceId(resource) === id);
  }

  byKind(apiVersion: string, kind: string): Resource | undefined {
    return this.#resources.find((resource) => apiVersionOf(resource) === apiVersion && resource.kind === kind);
  }
}

function isEstablished({ status }: KubeObject): boolean {
  const conditions = list(at(status, "conditions")).map(plain);
  return conditions.some(({ type, status: value }) => type === "Established" && value === "True");
}

/** One for each version that is served. */
export function toResources({ spec }: KubeObject): readonly Resource[] {
  const { group, names, scope, versions } = plain(spec);
  return list(versions)
    .map(plain)
    .filter(({ served }) => served === true)
    .map((version) => ({
      group: text(group),
      version: text(version["name"]),
      ...namesOf(names),
      namespaced: scope === "Namespaced",
      subresources: Object.keys(plain(version["subresources"])).filter((name) => name === "status"),
      hasGeneration: true,
      selectableFields: list(version["selectableFields"]).map((field) => text(at(field, "jsonPath")).slice(1)),
      columns: isList(version["additionalPrinterColumns"])
        ? (version["additionalPrinterColumns"] as readonly Column[]) // checked when the definition was created
        : [ageColumn],
      schema: plain(at(version, "schema", "openAPIV3Schema")) as Structural, // checked when the definition was created
    }));
}

function namesOf(names: unknown) {
  const { plural, kind, singular, listKind, shortNames, categories } = plain(names);
  return {
    plural: text(plural),
    kind: text(kind),
    singular: text(singular),
    listKind: text(listKind),
    shortNames: list(shortNames).map(text),
    categories: list(categories).map(text),
  };
}
