import type { Pod } from "./pod.ts";

/** Classes that every cluster has, although no object describes them here. */
const builtIn: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

/** From here on a pod is critical: its node makes room for it. */
export const criticalPriority = 2_000_000_000;

/** The pod's priority, which the API server takes from its class; 0 if it has none. */
export function priorityOf({ spec: { priority = 0, priorityClassName = "" } }: Pod): number {
  return builtIn[priorityClassName] ?? priority;
}
