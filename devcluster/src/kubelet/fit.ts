// Whether a pod fits on a node: what the scheduler asks before it binds, and the kubelet before it starts.
//
//   F1. Free room is computed from the pods that are there at each look, never carried from one look to the next.
//   F2. A pod counts with what it requests, and a limit without a request is one. Who asks leaves terminal pods out.
import type { Node, NodeRequirement, Pod, PodSpec, ResourceMap, Taint } from "./pod.ts";
import { parseQuantity } from "./quantity.ts";

/** By resource, in base units. */
export type Amounts = ReadonlyMap<string, number>;

/** A resource of which the node has too little left, in base units. */
export interface Shortage {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

const known = new WeakMap<PodSpec, Amounts>(); // a spec is never changed in place, and is asked for at every look

/** What a pod asks for, in base units, `pods: 1` included. */
function requestsOf({ spec }: Pod): Amounts {
  const found = known.get(spec);
  if (found) return found;
  const sum = new Map<string, number>([["pods", 1]]);
  for (const { resources } of spec.containers) {
    const requests: ResourceMap = { ...resources?.limits, ...resources?.requests }; // F2
    for (const [resource, quantity] of Object.entries(requests)) add(sum, resource, parseQuantity(quantity));
  }
  known.set(spec, sum);
  return sum;
}

/** Sum of what the pods request. */
export function usedBy(pods: readonly Pod[]): Amounts {
  const used = new Map<string, number>();
  for (const pod of pods) addRequests(used, pod);
  return used;
}

/** Counts one more pod. */
export function addRequests(used: Map<string, number>, pod: Pod): void {
  for (const [resource, amount] of requestsOf(pod)) add(used, resource, amount);
}

function add(sum: Map<string, number>, resource: string, amount: number): void {
  sum.set(resource, (sum.get(resource) ?? 0) + amount);
}

/** What `pod` lacks on `node` beside what is `used` there; empty if it fits. */
export function shortages(pod: Pod, node: Node, used: Amounts): readonly Shortage[] {
  return [...requestsOf(pod)].flatMap(([resource, requested]) => {
    const shortage = {
      resource,
      requested,
      used: used.get(resource) ?? 0,
      capacity: parseQuantity(node.status?.allocatable?.[resource] ?? 0),
    };
    // Rounded, since three times 100m is more than 300m in floating point.
    const isFree = requested === 0 || thousandths(shortage.used + requested) <= thousandths(shortage.capacity);
    return isFree ? [] : [shortage];
  });
}

function thousandths(amount: number): number {
  return Math.round(amount * 1000);
}

/** Whether the node has the labels that the pod selects by: its selector, and the required part of its affinity. */
export function matchesNode({ spec }: Pod, { metadata: { name, labels = {} } }: Node): boolean {
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!selected || terms === undefined) return selected;
  return terms.some(({ matchExpressions = [], matchFields = [] }) => {
    if (matchExpressions.length + matchFields.length === 0) return false; // an empty term selects no node
    return (
      matchExpressions.every((requirement) => isMet(requirement, labels[requirement.key])) &&
      matchFields.every((requirement) => isMet(requirement, name))
    );
  });
}

function isMet({ operator, values = [] }: NodeRequirement, label: string | undefined): boolean {
  switch (operator) {
    case "In":
      return label !== undefined && values.includes(label);
    case "NotIn":
      return label === undefined || !values.includes(label);
    case "Exists":
      return label !== undefined;
    case "DoesNotExist":
      return label === undefined;
    case "Gt":
      return Number(label) > Number(values[0]);
    case "Lt":
      return Number(label) < Number(values[0]);
    default:
      return false;
  }
}

/**
 * For how long the pod bears the taint, in seconds: `Infinity` without a limit, `undefined` not at all.
 *
 * Of several tolerations the shortest limit counts, as in Kubernetes.
 */
export function tolerationSeconds({ spec }: Pod, taint: Taint): number | undefined {
  const matching = (spec.tolerations ?? []).filter(
    ({ key = "", operator = "Equal", value = "", effect = "" }) =>
      (key === "" ? operator === "Exists" : key === taint.key) &&
      (effect === "" || effect === taint.effect) &&
      (operator === "Exists" || value === (taint.value ?? "")),
  );
  if (matching.length === 0) return undefined;
  return Math.min(...matching.map((toleration) => toleration.tolerationSeconds ?? Infinity));
}

/** The first taint that keeps the pod from being placed on the node. */
export function repellingTaint(pod: Pod, { spec }: Node): Taint | undefined {
  return spec?.taints?.find(
    (taint) => taint.effect !== "PreferNoSchedule" && tolerationSeconds(pod, taint) === undefined,
  );
}
