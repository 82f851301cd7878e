// What a pod may be told about itself: fieldRef and resourceFieldRef, in the environment and in files.
import type { FieldSelector, Pod, ResourceSelector } from "./pod.ts";
import { parseQuantity } from "./quantity.ts";

/** Every pod is a process of this machine, so it has this machine's address. */
export const localAddress = "127.0.0.1";

const fields: Readonly<Record<string, (pod: Pod) => string | undefined>> = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace,
  "metadata.uid": ({ metadata }) => metadata.uid,
  "metadata.labels": ({ metadata }) => lines(metadata.labels),
  "metadata.annotations": ({ metadata }) => lines(metadata.annotations),
  "spec.nodeName": ({ spec }) => spec.nodeName,
  "spec.serviceAccountName": ({ spec }) => spec.serviceAccountName ?? "default",
  "status.podIP": () => localAddress,
  "status.podIPs": () => localAddress,
  "status.hostIP": () => localAddress,
  "status.hostIPs": () => localAddress,
};

/** The field's text, empty where the pod has none. Undefined for a path that no pod can offer. */
export function fieldOf(pod: Pod, { fieldPath }: FieldSelector): string | undefined {
  const field = fields[fieldPath];
  if (field) return field(pod) ?? "";
  const member = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath);
  if (!member) return undefined;
  const map = member[1] === "labels" ? pod.metadata.labels : pod.metadata.annotations;
  return map?.[member[2] ?? ""] ?? "";
}

/** `limits.memory` and its kind as a whole number of divisors, rounded up. Without a limit 0 is told. */
export function resourceOf({ spec }: Pod, { containerName, resource, divisor = 1 }: ResourceSelector): string {
  const { resources = {} } = spec.containers.find(({ name }) => name === containerName) ?? {};
  const [, kind = "", name = ""] = /^(limits|requests)\.(.+)$/.exec(resource) ?? [];
  const amounts = kind === "limits" ? resources.limits : resources.requests;
  return String(Math.ceil(parseQuantity(amounts?.[name] ?? 0) / (parseQuantity(divisor) || 1)));
}

/** How the downward API writes a map into a file: `key="value"`. */
function lines(map: Readonly<Record<string, string>> = {}): string {
  return Object.entries(map)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
    .join("\n");
}
