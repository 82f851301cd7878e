// Where a pod could go: the pure half of the scheduler, with its words for why a pod goes nowhere.
import { addRequests, type Amounts, matchesNode, repellingTaint, shortages, usedBy } from "./fit.ts";
import { isTerminal, type Node, type Pod } from "./pod.ts";
import { priorityOf } from "./priority.ts";
import { parseQuantity } from "./quantity.ts";

/** The pods of each node as one look changes them, with the sum of what they request. */
export class Placement {
  readonly #pods = new Map<string, Pod[]>();
  readonly #used = new Map<string, Map<string, number>>();

  /** Of all pods those count that are on a node and not terminal. */
  constructor(pods: readonly Pod[]) {
    for (const pod of pods) {
      const { nodeName } = pod.spec;
      if (nodeName !== undefined && !isTerminal(pod)) this.add(nodeName, pod);
    }
  }

  add(node: string, pod: Pod): void {
    const pods = this.#pods.get(node) ?? [];
    const used = this.#used.get(node) ?? new Map<string, number>();
    pods.push(pod);
    this.#pods.set(node, pods);
    this.#used.set(node, used);
    try {
      addRequests(used, pod);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // else its kubelet is about to refuse it: nobody can read its wishes
    }
  }

  podsOn({ metadata: { name } }: Node): readonly Pod[] {
    return this.#pods.get(name) ?? [];
  }

  usedOn({ metadata: { name } }: Node): Amounts {
    return this.#used.get(name) ?? new Map();
  }
}

/** Of the nodes that the pod fits on the one with the fewest pods for its size. */
export function roomiest(nodes: readonly Node[], pod: Pod, placement: Placement): Node | undefined {
  const crowding = (node: Node) =>
    placement.podsOn(node).length / (parseQuantity(node.status?.allocatable?.["cpu"] ?? 0) || 1);
  return nodes
    .filter((node) => obstacles(pod, node, placement).length === 0)
    .sort((a, b) => crowding(a) - crowding(b))[0];
}

/** The scheduler's message about a pod that no node takes. */
export function unschedulable(nodes: readonly Node[], pod: Pod, placement: Placement): string {
  if (nodes.length === 0) return "no nodes available to schedule pods";
  const counts = new Map<string, number>();
  for (const obstacle of nodes.flatMap((node) => obstacles(pod, node, placement))) {
    counts.set(obstacle, (counts.get(obstacle) ?? 0) + 1);
  }
  const reasons = [...counts].map(([obstacle, count]) => `${count} ${obstacle}`).sort();
  return `0/${nodes.length} nodes are available: ${reasons.join(", ")}.`;
}

/** Of the filters the first that speaks is heard; of resources every one that is short. */
function obstacles(pod: Pod, node: Node, placement: Placement): readonly string[] {
  const fixed = fixedObstacle(pod, node);
  if (fixed !== undefined) return [fixed];
  return shortages(pod, node, placement.usedOn(node)).map(({ resource }) =>
    resource === "pods" ? "Too many pods" : `Insufficient ${resource}`,
  );
}

/** What no preemption can change. */
function fixedObstacle(pod: Pod, node: Node): string | undefined {
  if (node.spec?.unschedulable) return "node(s) were unschedulable";
  const taint = repellingTaint(pod, node);
  if (taint) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
  return matchesNode(pod, node) ? undefined : "node(s) didn't match Pod's node affinity/selector";
}

/** A node and the pods that have to leave it. */
export interface Preemption {
  readonly node: Node;
  readonly victims: readonly Pod[];
}

/** Whether pods that make room for it are still on their way out. */
export function awaitsVictims(pod: Pod, nodes: readonly Node[], placement: Placement): boolean {
  const nominated = nodes.find(({ metadata }) => metadata.name === pod.status?.nominatedNodeName);
  return (nominated ? placement.podsOn(nominated) : []).some(
    (other) => other.metadata.deletionTimestamp !== undefined && priorityOf(other) < priorityOf(pod),
  );
}

/** Where the fewest pods have to go; undefined if that helps nowhere. */
export function preemptionFor(pod: Pod, nodes: readonly Node[], placement: Placement): Preemption | undefined {
  return nodes
    .filter((node) => fixedObstacle(pod, node) === undefined)
    .map((node) => ({ node, victims: victimsOn(pod, node, placement.podsOn(node)) }))
    .filter(({ victims }) => victims.length > 0)
    .sort((a, b) => a.victims.length - b.victims.length)[0];
}

/** The fewest pods of lower priority that make room by leaving; none if even all of them do not. */
function victimsOn(pod: Pod, node: Node, present: readonly Pod[]): readonly Pod[] {
  const priority = priorityOf(pod);
  const lower = present.filter((other) => priorityOf(other) < priority).sort((a, b) => priorityOf(a) - priorityOf(b));
  const victims = new Set(lower);
  const fits = () => shortages(pod, node, usedBy(present.filter((other) => !victims.has(other)))).length === 0;
  if (lower.length === 0 || !fits()) return [];
  for (const spared of lower.toReversed()) {
    victims.delete(spared); // the most important first: whoever fits beside the pod may stay
    if (!fits()) victims.add(spared);
  }
  return [...victims];
}
