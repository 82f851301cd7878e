// A pod on its way in: defaults, the ServiceAccount's token, and what may change later.
import { isDeepStrictEqual } from "node:util";

import type { Draft, KubeObject } from "../api.ts";
import { at, isPlain, list, type Plain, plain, text } from "../json.ts";
import type { KindRules, Surroundings } from "../kind-rules.ts";
import { type Cause, forbidden } from "../refusal.ts";
import type { Resource } from "../resource.ts";

const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

export const podRules: KindRules = { prepare, revise, judge, graceSeconds };

function prepare(draft: Draft, resource: Resource, around: Surroundings): Draft {
  const spec = plain(draft["spec"]);
  const name = text(spec["serviceAccountName"] ?? spec["serviceAccount"]) || "default";
  const namespace = draft.metadata.namespace ?? "";
  const account = around.get("serviceaccounts", { namespace, name });
  if (!account) {
    const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
    throw forbidden(resource, draft.metadata.name ?? "", why);
  }
  const withDefaults = { ...podDefaults(spec, around), serviceAccountName: name, serviceAccount: name };
  const mounts = spec["automountServiceAccountToken"] ?? account["automountServiceAccountToken"] ?? true;
  return {
    ...draft,
    spec: mounts === true && list(spec["containers"]).length > 0 ? withToken(withDefaults) : withDefaults,
    status: { phase: "Pending", qosClass: qosClassOf(spec) },
  };
}

function podDefaults(spec: Plain, around: Surroundings): Plain {
  const className = text(spec["priorityClassName"]);
  const priority = className
    ? at(around.get("priorityclasses.scheduling.k8s.io", { name: className }), "value")
    : undefined;
  return {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
    enableServiceLinks: true,
    preemptionPolicy: "PreemptLowerPriority",
    priority: priority ?? 0,
    ...spec,
    tolerations: withDefaultTolerations(list(spec["tolerations"])),
    containers: list(spec["containers"]).map(containerDefaults),
    ...(spec["initContainers"] !== undefined && {
      initContainers: list(spec["initContainers"]).map(containerDefaults),
    }),
  };
}

function containerDefaults(container: unknown): unknown {
  if (!isPlain(container)) return container;
  const image = text(container["image"]);
  const isFloating = !image.includes("@") && (!/:[^/]+$/.test(image) || image.endsWith(":latest"));
  return {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: isFloating ? "Always" : "IfNotPresent",
    ...container,
    ...(isPlain(container["resources"]) && { resources: withRequests(container["resources"]) }),
  };
}

/** What is limited and not requested is requested as limited. */
function withRequests(resources: Plain): Plain {
  const { limits, requests } = resources;
  return isPlain(limits) ? { ...resources, requests: { ...limits, ...plain(requests) } } : resources;
}

function withDefaultTolerations(given: readonly unknown[]): readonly unknown[] {
  const added = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].filter(
    (key) => !given.some((one) => tolerates(plain(one), key)),
  );
  return [...given, ...added.map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }))];
}

function tolerates({ key, effect }: Plain, taint: string): boolean {
  return (key === taint || !key) && (effect === "NoExecute" || !effect);
}

function withToken(spec: Plain): Plain {
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    {
      downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] },
    },
  ];
  const volume = { name: "kube-api-access", projected: { sources, defaultMode: 420 } };
  return {
    ...spec,
    volumes: [...list(spec["volumes"]), volume],
    containers: list(spec["containers"]).map(withTokenMount),
    ...(spec["initContainers"] !== undefined && { initContainers: list(spec["initContainers"]).map(withTokenMount) }),
  };
}

function withTokenMount(container: unknown): unknown {
  if (!isPlain(container)) return container;
  const mounts = list(container["volumeMounts"]);
  if (mounts.some((mount) => plain(mount)["mountPath"] === tokenPath)) return container;
  const volumeMount = { name: "kube-api-access", readOnly: true, mountPath: tokenPath };
  return { ...container, volumeMounts: [...mounts, volumeMount] };
}

function qosClassOf(spec: Plain): string {
  const resources = list(spec["containers"]).map((container) => plain(plain(container)["resources"]));
  const names = ["cpu", "memory"];
  const isEmpty = resources.every(
    ({ limits, requests }) => !names.some((n) => n in plain(limits) || n in plain(requests)),
  );
  if (isEmpty) return "BestEffort";
  const isGuaranteed = resources.every(({ limits, requests }) =>
    names.every((name) => {
      const limit = plain(limits)[name];
      return limit !== undefined && (plain(requests)[name] ?? limit) === limit;
    }),
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

/** The qosClass stays whoever writes the status. */
function revise(next: KubeObject, before: KubeObject): KubeObject {
  return { ...next, status: { qosClass: at(before["status"], "qosClass"), ...plain(next["status"]) } };
}

function judge({ spec }: KubeObject, before: KubeObject | undefined): readonly Cause[] {
  if (before) return immutableCauses(plain(spec), plain(before["spec"]));
  const containers = list(plain(spec)["containers"]);
  if (containers.length === 0) return [required("spec.containers")];
  return containers.flatMap((container, index) =>
    ["name", "image"]
      .filter((member) => !text(plain(container)[member]))
      .map((member) => required(`spec.containers[${index}].${member}`)),
  );
}

function required(field: string): Cause {
  return { reason: "FieldValueRequired", message: "Required value", field };
}

const mutableFields = [
  "activeDeadlineSeconds",
  "tolerations",
  "terminationGracePeriodSeconds",
  "schedulingGates",
  "nodeName",
];

function immutableCauses(spec: Plain, before: Plain): readonly Cause[] {
  if (isDeepStrictEqual(fixedPart(spec), fixedPart(before))) return [];
  const fields =
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
  const message = `Forbidden: pod updates may not change fields other than ${fields}`;
  return [{ reason: "FieldValueForbidden", message, field: "spec" }];
}

function fixedPart(spec: Plain): unknown {
  const fixed = Object.entries(spec).filter(([name]) => !mutableFields.includes(name));
  const containers = list(spec["containers"]).map((container) => ({ ...plain(container), image: "" }));
  return { ...Object.fromEntries(fixed), containers };
}

/** A pod that no kubelet holds, or that has ended, goes at once. */
function graceSeconds({ spec, status }: KubeObject, asked: number | undefined): number {
  const { nodeName, terminationGracePeriodSeconds } = plain(spec);
  const { phase } = plain(status);
  if (!nodeName || phase === "Succeeded" || phase === "Failed") return 0;
  return asked ?? (typeof terminationGracePeriodSeconds === "number" ? terminationGracePeriodSeconds : 30);
}
