// What `kubectl get` shows of Kubernetes' own kinds, as far as somebody will look at them here.
import type { KubeObject } from "./api.ts";
import { at, list, plain, text } from "./json.ts";
import { jsonPath } from "./json-path.ts";
import type { Resource } from "./resource.ts";
import { resourceId } from "./resource.ts";

export interface Printed {
  readonly name: string;
  /** A date is shown as the time since then. */
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  /** More than 0: only with `-o wide`. */
  readonly priority?: number;
  readonly cell: (object: KubeObject) => unknown;
}

export const nameColumn: Printed = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace.",
  cell: ({ metadata }) => metadata.name,
};
const column = (name: string, cell: Printed["cell"], priority = 0): Printed => ({
  name,
  type: "string",
  cell,
  priority,
});
const path = (name: string, where: string, priority = 0): Printed =>
  column(name, (object) => jsonPath(object, where)[0] ?? "<none>", priority);
const count = (name: string, where: string): Printed => ({
  name,
  type: "integer",
  cell: (object) => Object.keys(plain(jsonPath(object, where)[0])).length,
});
const age: Printed = { name: "Age", type: "date", cell: ({ metadata }) => metadata.creationTimestamp };

const ready = (have: string, want: string): Printed =>
  column("Ready", (object) => `${number(jsonPath(object, have)[0])}/${number(jsonPath(object, want)[0])}`);

const eventColumns: readonly Printed[] = [
  {
    name: "Last Seen",
    type: "date",
    cell: (event) =>
      event["lastTimestamp"] ??
      event["deprecatedLastTimestamp"] ??
      event["eventTime"] ??
      event.metadata.creationTimestamp,
  },
  path("Type", ".type"),
  path("Reason", ".reason"),
  column("Object", (event) => {
    const subject = plain(event["involvedObject"] ?? event["regarding"]);
    return `${text(subject["kind"]).toLowerCase()}/${text(subject["name"])}`;
  }),
  column("Message", (event) => text(event["message"] ?? event["note"]).trim()),
  { ...nameColumn, priority: 1 },
];

const columns: Readonly<Record<string, readonly Printed[]>> = {
  pods: [
    column(
      "Ready",
      (pod) =>
        `${statuses(pod).filter(({ ready: is }) => is === true).length}/${list(at(pod["spec"], "containers")).length}`,
    ),
    column("Status", podStatus),
    {
      name: "Restarts",
      type: "string",
      cell: (pod) => String(statuses(pod).reduce((sum, one) => sum + Number(one["restartCount"] ?? 0), 0)),
    },
    age,
    path("IP", ".status.podIP", 1),
    path("Node", ".spec.nodeName", 1),
    path("Nominated Node", ".status.nominatedNodeName", 1),
    column("Readiness Gates", () => "<none>", 1),
  ],
  nodes: [
    column("Status", nodeStatus),
    column("Roles", nodeRoles),
    age,
    path("Version", ".status.nodeInfo.kubeletVersion"),
  ],
  namespaces: [path("Status", ".status.phase"), age],
  configmaps: [count("Data", ".data"), age],
  secrets: [path("Type", ".type"), count("Data", ".data"), age],
  services: [
    path("Type", ".spec.type"),
    path("Cluster-IP", ".spec.clusterIP"),
    column("External-IP", () => "<none>"),
    column(
      "Port(s)",
      (service) =>
        list(at(service["spec"], "ports"))
          .map((port) => `${String(plain(port)["port"])}/${text(plain(port)["protocol"])}`)
          .join(",") || "<none>",
    ),
    age,
  ],
  serviceaccounts: [count("Secrets", ".secrets"), age],
  "leases.coordination.k8s.io": [path("Holder", ".spec.holderIdentity"), age],
  "controllerrevisions.apps": [
    column("Controller", ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
      return owner ? `${owner.kind.toLowerCase()}.${owner.apiVersion.split("/")[0] ?? ""}/${owner.name}` : "<none>";
    }),
    path("Revision", ".revision"),
    age,
  ],
  "deployments.apps": [
    ready(".status.readyReplicas", ".spec.replicas"),
    column("Up-to-date", ({ status }) => number(at(status, "updatedReplicas"))),
    column("Available", ({ status }) => number(at(status, "availableReplicas"))),
    age,
  ],
  "customresourcedefinitions.apiextensions.k8s.io": [
    column("Created At", ({ metadata }) => metadata.creationTimestamp),
  ],
};

function number(value: unknown): string {
  return String(Number(value ?? 0));
}

/** The name comes first, but for events, whose names tell nobody anything. */
export function printedColumns(resource: Resource): readonly Printed[] {
  if (resource.kind === "Event") return eventColumns;
  return [nameColumn, ...(columns[resourceId(resource)] ?? [age])];
}

function statuses({ status }: KubeObject): readonly Readonly<Record<string, unknown>>[] {
  return list(at(status, "containerStatuses")).map(plain);
}

function podStatus(pod: KubeObject): string {
  const waiting = statuses(pod)
    .map((one) => text(at(one, "state", "waiting", "reason")))
    .find(Boolean);
  const terminated = statuses(pod)
    .map((one) => text(at(one, "state", "terminated", "reason")))
    .find(Boolean);
  const why = text(at(pod["status"], "reason"));
  if (pod.metadata.deletionTimestamp) return why === "NodeLost" ? "Unknown" : "Terminating";
  return waiting ?? terminated ?? (why || text(at(pod["status"], "phase")));
}

function nodeStatus({ spec, status }: KubeObject): string {
  const isReady = jsonPath(status, '.conditions[?(@.type=="Ready")].status')[0] === "True";
  const cordoned = at(spec, "unschedulable") === true ? ",SchedulingDisabled" : "";
  return (isReady ? "Ready" : "NotReady") + cordoned;
}

function nodeRoles({ metadata }: KubeObject): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.keys(metadata.labels ?? {}).filter((key) => key.startsWith(prefix));
  return roles.map((key) => key.slice(prefix.length)).join(",") || "<none>";
}
