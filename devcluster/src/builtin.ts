// Kubernetes' own resources, as far as they are served. Most are only kept: nothing here deploys a Deployment.
import type { Resource } from "./resource.ts";

interface Row {
  readonly plural: string;
  readonly kind: string;
  readonly short?: readonly string[];
  readonly clusterScoped?: true;
  readonly subresources?: readonly string[];
  readonly hasGeneration?: true;
  readonly selectable?: readonly string[];
  readonly isReview?: true;
}

const subjectFields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
const eventFields = (subject: string): readonly string[] => [
  ...subjectFields.map((field) => `${subject}.${field}`),
  "reason",
  "reportingController",
  "source",
  "type",
];

const rows: Readonly<Record<string, readonly Row[]>> = {
  v1: [
    {
      plural: "pods",
      kind: "Pod",
      short: ["po"],
      subresources: ["status", "log", "eviction", "binding"],
      hasGeneration: true,
      selectable: [
        ...["nodeName", "restartPolicy", "schedulerName", "serviceAccountName"].map((field) => `spec.${field}`),
        ...["phase", "podIP", "nominatedNodeName"].map((field) => `status.${field}`),
      ],
    },
    {
      plural: "namespaces",
      kind: "Namespace",
      short: ["ns"],
      clusterScoped: true,
      subresources: ["status", "finalize"],
      selectable: ["status.phase"],
    },
    {
      plural: "nodes",
      kind: "Node",
      short: ["no"],
      clusterScoped: true,
      subresources: ["status"],
      selectable: ["spec.unschedulable"],
    },
    { plural: "configmaps", kind: "ConfigMap", short: ["cm"] },
    { plural: "secrets", kind: "Secret", selectable: ["type"] },
    {
      plural: "services",
      kind: "Service",
      short: ["svc"],
      subresources: ["status"],
      selectable: ["spec.clusterIP", "spec.type"],
    },
    { plural: "serviceaccounts", kind: "ServiceAccount", short: ["sa"], subresources: ["token"] },
    { plural: "events", kind: "Event", short: ["ev"], selectable: eventFields("involvedObject") },
    { plural: "endpoints", kind: "Endpoints", short: ["ep"] },
    { plural: "resourcequotas", kind: "ResourceQuota", short: ["quota"], subresources: ["status"] },
    { plural: "limitranges", kind: "LimitRange", short: ["limits"] },
    { plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim", short: ["pvc"], subresources: ["status"] },
  ],
  "apps/v1": [
    { plural: "controllerrevisions", kind: "ControllerRevision" },
    { plural: "deployments", kind: "Deployment", short: ["deploy"], subresources: ["status"], hasGeneration: true },
    { plural: "replicasets", kind: "ReplicaSet", short: ["rs"], subresources: ["status"], hasGeneration: true },
    { plural: "daemonsets", kind: "DaemonSet", short: ["ds"], subresources: ["status"], hasGeneration: true },
    { plural: "statefulsets", kind: "StatefulSet", short: ["sts"], subresources: ["status"], hasGeneration: true },
  ],
  "batch/v1": [
    { plural: "jobs", kind: "Job", subresources: ["status"], hasGeneration: true },
    { plural: "cronjobs", kind: "CronJob", short: ["cj"], subresources: ["status"], hasGeneration: true },
  ],
  "events.k8s.io/v1": [{ plural: "events", kind: "Event", short: ["ev"], selectable: eventFields("regarding") }],
  "coordination.k8s.io/v1": [{ plural: "leases", kind: "Lease" }],
  "rbac.authorization.k8s.io/v1": [
    { plural: "roles", kind: "Role" },
    { plural: "rolebindings", kind: "RoleBinding" },
    { plural: "clusterroles", kind: "ClusterRole", clusterScoped: true },
    { plural: "clusterrolebindings", kind: "ClusterRoleBinding", clusterScoped: true },
  ],
  "apiextensions.k8s.io/v1": [
    {
      plural: "customresourcedefinitions",
      kind: "CustomResourceDefinition",
      short: ["crd", "crds"],
      clusterScoped: true,
      subresources: ["status"],
      hasGeneration: true,
    },
  ],
  "scheduling.k8s.io/v1": [{ plural: "priorityclasses", kind: "PriorityClass", short: ["pc"], clusterScoped: true }],
  "node.k8s.io/v1": [{ plural: "runtimeclasses", kind: "RuntimeClass", clusterScoped: true }],
  "networking.k8s.io/v1": [
    { plural: "networkpolicies", kind: "NetworkPolicy", short: ["netpol"], hasGeneration: true },
  ],
  "policy/v1": [
    {
      plural: "poddisruptionbudgets",
      kind: "PodDisruptionBudget",
      short: ["pdb"],
      subresources: ["status"],
      hasGeneration: true,
    },
  ],
  "authentication.k8s.io/v1": [
    { plural: "tokenreviews", kind: "TokenReview", clusterScoped: true, isReview: true },
    { plural: "selfsubjectreviews", kind: "SelfSubjectReview", clusterScoped: true, isReview: true },
  ],
  "authorization.k8s.io/v1": [
    { plural: "selfsubjectaccessreviews", kind: "SelfSubjectAccessReview", clusterScoped: true, isReview: true },
    { plural: "subjectaccessreviews", kind: "SubjectAccessReview", clusterScoped: true, isReview: true },
  ],
};

/** In the order in which discovery tells of them: the first that bears a short name has it. */
export const builtinResources: readonly Resource[] = Object.entries(rows).flatMap(([apiVersion, kinds]) =>
  kinds.map((row) => toResource(apiVersion, row)),
);

/** One of Kubernetes' own, which is always there. */
export function builtin(id: string): Resource {
  const found = builtinResources.find(({ plural, group }) => (group === "" ? plural : `${plural}.${group}`) === id);
  if (!found) throw new Error(`no built-in resource ${id}`);
  return found;
}

function toResource(apiVersion: string, row: Row): Resource {
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  const { plural, kind, short = [], clusterScoped = false, subresources = [], selectable = [] } = row;
  return {
    group,
    version,
    plural,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    shortNames: short,
    categories: plural === "pods" || plural === "services" ? ["all"] : [],
    namespaced: !clusterScoped,
    subresources,
    hasGeneration: row.hasGeneration ?? false,
    selectableFields: selectable,
    ...(row.isReview && { isReview: true }),
  };
}
