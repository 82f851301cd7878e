// What users may add to the pods of their bundle: `spec.podTemplate`, by allow-lists (S291). Kubernetes grows new fields with
// every release, so what is not known to be harmless is refused and not the other way round.
import type { TaskBundleSpec } from "@stint/crds/taskbundle";

type Fields = Readonly<Record<string, unknown>>;

const inTemplate: readonly string[] = ["metadata", "spec"];
const inMetadata: readonly string[] = ["labels", "annotations"];

/** Fields that go into the pod as they are. */
const passedThrough: readonly string[] = [
  "affinity",
  "topologySpreadConstraints",
  "priorityClassName",
  "runtimeClassName",
  "schedulerName",
  "dnsConfig",
  "dnsPolicy",
  "hostAliases",
];
/** Fields that are joined with ours. */
const merged: readonly string[] = ["nodeSelector", "tolerations", "volumes", "volumeMounts"];

const inVolume: readonly string[] = [
  "name",
  "configMap",
  "secret",
  "projected",
  "emptyDir",
  "persistentVolumeClaim",
  "ephemeral",
  "csi",
];
/** No `serviceAccountToken`, and no `podCertificate`, which may name a signer that the API server trusts. */
const inProjection: readonly string[] = ["configMap", "secret", "downwardAPI", "clusterTrustBundle"];

/** Why the bundle cannot be Ready: the first field that is not allowed, with its path (S291). */
export function podTemplateProblem({ podTemplate = {} }: Pick<TaskBundleSpec, "podTemplate">): string | undefined {
  const { metadata = {}, spec = {} } = podTemplate;
  const [path] = [
    ...others(podTemplate, inTemplate, ""),
    ...others(metadata, inMetadata, "metadata."),
    ...inMetadata.flatMap((field) => reservedKeys(fieldsOf(metadata[field]), `metadata.${field}`)),
    ...others(spec, [...passedThrough, ...merged], "spec."),
    ...listOf(spec["volumes"]).flatMap((volume, index) => inVolumes(volume, `spec.volumes[${index}].`)),
  ];
  return path === undefined ? undefined : `spec.podTemplate.${path} is not allowed`;
}

/** The fields of the template's spec that go into the pod as they are. */
export function templateFields({ podTemplate }: TaskBundleSpec): Fields {
  const { spec = {} } = podTemplate ?? {};
  return Object.fromEntries(Object.entries(spec).filter(([field]) => passedThrough.includes(field)));
}

/** An object in the template; empty if it is absent. */
export function templateObject({ podTemplate }: TaskBundleSpec, part: "metadata" | "spec", field: string): Fields {
  return fieldsOf(podTemplate?.[part]?.[field]);
}

/** A list in the template's spec; empty if it is absent. */
export function templateList({ podTemplate }: TaskBundleSpec, field: string): readonly Fields[] {
  return listOf(podTemplate?.spec?.[field]);
}

function inVolumes(volume: Fields, path: string): string[] {
  const sources = listOf(fieldsOf(volume["projected"])["sources"]);
  return [
    ...others(volume, inVolume, path),
    ...sources.flatMap((source, index) => others(source, inProjection, `${path}projected.sources[${index}].`)),
  ];
}

function others(fields: Fields, allowed: readonly string[], path: string): string[] {
  return Object.keys(fields)
    .filter((field) => !allowed.includes(field))
    .map((field) => path + field);
}

function reservedKeys(fields: Fields, path: string): string[] {
  return Object.keys(fields)
    .filter((key) => key.startsWith("stint.dev/"))
    .map((key) => `${path}[${key}]`);
}

function fieldsOf(value: unknown): Fields {
  const isFields = typeof value === "object" && value !== null && !Array.isArray(value);
  return isFields ? (value as Fields) : {}; // narrowing knows no index signature
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}
