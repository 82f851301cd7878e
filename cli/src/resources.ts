// The kinds of objects that commands read and write, and where the API server keeps them.
import { apiVersion } from "@stint/crds/group";
import type { InstanceType } from "@stint/crds/instancetype";
import type { KubernetesObject } from "@stint/crds/kubernetes";
import type { TaskBundle } from "@stint/crds/taskbundle";
import type { TaskRun } from "@stint/crds/taskrun";

export interface Resource<T extends KubernetesObject> {
  /** `/api/v1`, or `/apis/<group>/<version>`. */
  readonly api: string;
  readonly plural: string;
  readonly scope: "Namespaced" | "Cluster";
  /** What an error calls one of them. */
  readonly noun: string;
  /** Never there: it carries the type. */
  readonly object?: T;
}

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

export const taskRuns: Resource<TaskRun> = {
  api: `/apis/${apiVersion}`,
  plural: "taskruns",
  scope: "Namespaced",
  noun: "run",
};

export const taskBundles: Resource<TaskBundle> = {
  api: `/apis/${apiVersion}`,
  plural: "taskbundles",
  scope: "Namespaced",
  noun: "bundle",
};

export const instanceTypes: Resource<InstanceType> = {
  api: `/apis/${apiVersion}`,
  plural: "instancetypes",
  scope: "Cluster",
  noun: "instance type",
};

export const configMaps: Resource<ConfigMap> = {
  api: "/api/v1",
  plural: "configmaps",
  scope: "Namespaced",
  noun: "ConfigMap",
};
