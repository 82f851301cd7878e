// The kinds of object that the operator touches, and of Kubernetes' own ones the fields that it reads or writes.
import type { InstanceType } from "@stint/crds/instancetype";
import type { TaskBundle } from "@stint/crds/taskbundle";
import type { TaskRun } from "@stint/crds/taskrun";

import type { PodStatus } from "../core/world.ts";
import type { KubernetesObject, Resource } from "./cluster.ts";

export interface Pod extends KubernetesObject {
  readonly spec: { readonly nodeName?: string };
  readonly status?: PodStatus;
}

export interface Node extends KubernetesObject {
  readonly spec?: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Values in base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

export interface Secret extends KubernetesObject {
  /** Values in base64. */
  readonly data?: Readonly<Record<string, string>>;
  readonly type?: string;
}

export interface Service extends KubernetesObject {
  readonly spec?: {
    readonly clusterIP?: string;
    readonly ports?: readonly { readonly name?: string; readonly port: number }[];
  };
}

export interface ControllerRevision extends KubernetesObject {
  readonly revision: number;
  readonly data?: unknown;
}

export interface ClusterEvent extends KubernetesObject {
  readonly reason?: string;
  readonly note?: string;
}

export interface Lease extends KubernetesObject {
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  /** Empty or absent: nobody holds it. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  /** MicroTime: six fractional digits. */
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

const stint = { group: "stint.dev", version: "v1alpha1" };
const core = { group: "", version: "v1" };

export const taskRuns: Resource<TaskRun> = { ...stint, plural: "taskruns", kind: "TaskRun", namespaced: true };
export const taskBundles: Resource<TaskBundle> = {
  ...stint,
  plural: "taskbundles",
  kind: "TaskBundle",
  namespaced: true,
};
export const instanceTypes: Resource<InstanceType> = {
  ...stint,
  plural: "instancetypes",
  kind: "InstanceType",
  namespaced: false,
};
export const pods: Resource<Pod> = { ...core, plural: "pods", kind: "Pod", namespaced: true };
export const nodes: Resource<Node> = { ...core, plural: "nodes", kind: "Node", namespaced: false };
export const configMaps: Resource<ConfigMap> = { ...core, plural: "configmaps", kind: "ConfigMap", namespaced: true };
export const secrets: Resource<Secret> = { ...core, plural: "secrets", kind: "Secret", namespaced: true };
export const services: Resource<Service> = { ...core, plural: "services", kind: "Service", namespaced: true };
export const controllerRevisions: Resource<ControllerRevision> = {
  group: "apps",
  version: "v1",
  plural: "controllerrevisions",
  kind: "ControllerRevision",
  namespaced: true,
};
export const leases: Resource<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};
export const events: Resource<ClusterEvent> = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};
