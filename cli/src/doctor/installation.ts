import type { KubernetesObject } from "@stint/crds/kubernetes";

import type { Cluster } from "../cluster.ts";
import { instanceTypes, type Resource } from "../resources.ts";
import { failed, ok, permitted, type Finding } from "./finding.ts";

interface Deployment extends KubernetesObject {
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number };
}

interface EndpointSlice extends KubernetesObject {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[];
}

const deployments: Resource<Deployment> = {
  api: "/apis/apps/v1",
  plural: "deployments",
  scope: "Namespaced",
  noun: "Deployment",
};

const services: Resource<KubernetesObject> = {
  api: "/api/v1",
  plural: "services",
  scope: "Namespaced",
  noun: "Service",
};

const endpointSlices: Resource<EndpointSlice> = {
  api: "/apis/discovery.k8s.io/v1",
  plural: "endpointslices",
  scope: "Namespaced",
  noun: "EndpointSlice",
};

interface Lease extends KubernetesObject {
  readonly spec?: { readonly holderIdentity?: string };
}

const leases: Resource<Lease> = {
  api: "/apis/coordination.k8s.io/v1",
  plural: "leases",
  scope: "Namespaced",
  noun: "Lease",
};

/** The labels that the chart gives to all that is Stint's, wherever it was installed. */
const ours = { labelSelector: "app.kubernetes.io/name=stint", allNamespaces: true } as const;

/** Whether an operator is there and Ready. */
export async function checkOperator(cluster: Cluster): Promise<readonly Finding[]> {
  return permitted("operator", async () => {
    const { items } = await cluster.list(deployments, ours);
    const [deployment] = items;
    if (!deployment) {
      const remedy = "Install Stint: helm install stint ./helm -n stint-system --create-namespace.";
      return [failed("operator", "is not installed", remedy)];
    }
    const { namespace = "", name } = deployment.metadata;
    const ready = deployment.status?.readyReplicas ?? 0;
    const message = `${ready} of ${deployment.spec.replicas ?? 1} ready in namespace ${namespace}`;
    const remedy = `See why: kubectl -n ${namespace} describe deployment ${name}; kubectl -n ${namespace} logs deployment/${name}.`;
    return [ready > 0 ? ok("operator", message) : failed("operator", message, remedy)];
  });
}

/** Whether the operator of `stint dev` leads: a process, with neither Deployment nor Service. */
export async function checkDevelopmentOperator(cluster: Cluster): Promise<readonly Finding[]> {
  const { items } = await cluster.list(leases, { allNamespaces: true });
  const holder = items.find(({ metadata }) => metadata.name === "stint-operator")?.spec?.holderIdentity;
  return holder
    ? [ok("operator", "the process that `stint dev` keeps")]
    : [failed("operator", "none leads", "Wait a moment; if that does not help, start `stint dev` anew.")];
}

/** Whether the runners' way to the operator has an end. */
export async function checkGateway(cluster: Cluster): Promise<readonly Finding[]> {
  return permitted("gateway", async () => {
    const { items } = await cluster.list(services, ours);
    const gateway = items.find(({ metadata }) => metadata.name === "stint-gateway")?.metadata;
    if (!gateway) {
      return [
        failed(
          "gateway",
          "Service stint-gateway is missing",
          "Install Stint anew: helm upgrade --install stint ./helm.",
        ),
      ];
    }
    const slices = await cluster.list(endpointSlices, {
      labelSelector: `kubernetes.io/service-name=${gateway.name}`,
      allNamespaces: true,
    });
    const ready = slices.items
      .filter(({ metadata }) => metadata.namespace === gateway.namespace)
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false);
    if (ready.length > 0) return [ok("gateway", `Service ${gateway.name} leads to ${ready.length} operator(s)`)];
    return [failed("gateway", `Service ${gateway.name} leads nowhere`, "It does once an operator is Ready.")];
  });
}

/** Registration runs on `starter`, and what names no type on `standard` (S12, S55). */
const needed: readonly string[] = ["starter", "standard"];

export async function checkInstanceTypes(cluster: Cluster): Promise<readonly Finding[]> {
  return permitted("instance types", async () => {
    const { items } = await cluster.list(instanceTypes);
    const names = items.map(({ metadata }) => metadata.name);
    const missing = needed.filter((name) => !names.includes(name));
    if (missing.length === 0) return [ok("instance types", names.join(", "))];
    const remedy = "The chart installs them: see instanceTypes in its values.";
    return [failed("instance types", `${missing.join(" and ")} missing`, remedy)];
  });
}
