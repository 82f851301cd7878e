import { stringify } from "yaml";

import { sha256Hex } from "../hash.ts";
import { apiVersion } from "../kubernetes.ts";
import type { Definition } from "./definitions.ts";

const [group = "", version = ""] = apiVersion.split("/");

/** Name of the CustomResourceDefinition, as Kubernetes wants it: `taskruns.stint.dev`. */
export function crdName({ plural }: Definition): string {
  return `${plural}.${group}`;
}

/** The definition as a manifest for `kubectl apply`: the whole text of a generated file. */
export function toYaml(definition: Definition): string {
  const header = `# Generated from ${definition.source} by \`npm run generate\`. Edits are lost.\n`;
  // kubectl reads YAML 1.1, where a bare `on` is a boolean. Lines are not folded, so that a diff shows whole values.
  return header + stringify(toManifest(definition), { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

function toManifest(definition: Definition): object {
  const spec = toSpec(definition);
  // By it the chart knows the definitions of another version, which helm would leave as they are (helm/templates/crds.yaml).
  const annotations = { "stint.dev/spec-hash": sha256Hex(JSON.stringify(spec)).slice(0, 16) };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: crdName(definition), annotations },
    spec,
  };
}

function toSpec(definition: Definition): object {
  const { kind, plural, shortName, scope } = definition;
  return {
    group,
    names: {
      kind,
      listKind: `${kind}List`,
      plural,
      singular: kind.toLowerCase(),
      shortNames: [shortName],
      categories: ["stint"],
    },
    scope,
    versions: [toVersion(definition)],
  };
}

function toVersion({ schema, hasStatus, columns, selectableFields }: Definition): object {
  return {
    name: version,
    served: true,
    storage: true,
    ...(hasStatus && { subresources: { status: {} } }),
    additionalPrinterColumns: columns,
    ...(selectableFields.length > 0 && { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) }),
    schema: { openAPIV3Schema: schema },
  };
}
