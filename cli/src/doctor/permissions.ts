import type { Cluster } from "../cluster.ts";
import { failed, ok, type Finding } from "./finding.ts";

/** What a command asks the API server for. */
interface Need {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly commands: string;
}

const needs: readonly Need[] = [
  {
    group: "stint.dev",
    resource: "taskruns",
    verbs: ["get", "list", "watch"],
    commands: "runs, get, tree, run --wait",
  },
  { group: "stint.dev", resource: "taskruns", verbs: ["create"], commands: "run" },
  { group: "stint.dev", resource: "taskruns", verbs: ["patch"], commands: "cancel, retry, pause, resume" },
  { group: "stint.dev", resource: "taskbundles", verbs: ["get", "list"], commands: "tasks" },
  { group: "stint.dev", resource: "taskbundles", verbs: ["create", "patch", "watch"], commands: "deploy" },
  { group: "", resource: "configmaps", verbs: ["create", "get", "patch"], commands: "deploy" },
  { group: "", resource: "pods/log", verbs: ["get"], commands: "logs" },
];

interface Review {
  readonly status?: { readonly allowed?: boolean };
}

/** Whether the API server lets us do what the commands do, in the namespace that they would do it in. */
export async function checkPermissions(cluster: Cluster): Promise<readonly Finding[]> {
  const findings = await Promise.all(needs.map((need) => checkNeed(cluster, need)));
  const denied = findings.filter((finding) => finding !== undefined);
  return denied.length > 0
    ? denied
    : [ok("permissions", `all that the commands need in namespace ${cluster.namespace}`)];
}

async function checkNeed(cluster: Cluster, need: Need): Promise<Finding | undefined> {
  const { resource, verbs, commands } = need;
  const allowed = await Promise.all(verbs.map((verb) => isAllowed(cluster, need, verb)));
  const missing = verbs.filter((_, at) => allowed[at] !== true);
  if (missing.length === 0) return undefined;
  const message = `you may not ${missing.join(", ")} ${resource} in namespace ${cluster.namespace}: ${commands}`;
  return failed("permissions", message, "Ask for the ClusterRoles stint-user and edit in that namespace.");
}

async function isAllowed(cluster: Cluster, { group, resource }: Need, verb: string): Promise<boolean> {
  const [name, subresource] = resource.split("/");
  const resourceAttributes = {
    namespace: cluster.namespace,
    group,
    resource: name,
    verb,
    ...(subresource !== undefined && { subresource }),
  };
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { resourceAttributes } };
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const { status } = (await cluster.ask(path, body, `ask whether you may ${verb} ${resource}`)) as Review; // Kubernetes' own
  return status?.allowed === true;
}
