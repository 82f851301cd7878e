// Whether a kubelet takes a pod that is bound to its node. The scheduler has asked the same, but a pod may come past it,
// and the room may be gone meanwhile.
import { type Amounts, matchesNode, shortages } from "./fit.ts";
import type { Node, Pod } from "./pod.ts";
import { toUnits } from "./quantity.ts";

/** What a pod that is not taken has in its status. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** Why the pod is not taken beside what is `used`; undefined if it is. Source: `canAdmitPod` of the kubelet and its messages. */
export function refusalOf(pod: Pod, node: Node, used: Amounts): Refusal | undefined {
  return unsupported(pod) ?? misplaced(pod, node) ?? outOfRoom(pod, node, used);
}

/** This kubelet runs a pod's containers once, all of them at the same time. */
function unsupported({ spec: { restartPolicy = "Always", initContainers = [] } }: Pod): Refusal | undefined {
  const what =
    restartPolicy === "Never" ? (initContainers.length > 0 ? "initContainers" : "") : `restartPolicy ${restartPolicy}`;
  return what ? refused("UnexpectedAdmissionError", `${what} not supported by this kubelet`) : undefined;
}

function misplaced(pod: Pod, node: Node): Refusal | undefined {
  if (matchesNode(pod, node)) return undefined;
  return refused("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
}

function outOfRoom(pod: Pod, node: Node, used: Amounts): Refusal | undefined {
  const [shortage] = shortages(pod, node, used);
  if (!shortage) return undefined;
  const { resource } = shortage;
  const [requested, taken, capacity] = [shortage.requested, shortage.used, shortage.capacity].map((amount) =>
    toUnits(resource, amount),
  );
  const room = `requested: ${requested}, used: ${taken}, capacity: ${capacity}`;
  return refused(`OutOf${resource}`, `Node didn't have enough resource: ${resource}, ${room}`);
}

/** The kubelet's words for a pod that came as its node goes. */
export const shuttingDown = refused("NodeShutdown", "Pod was rejected as the node is shutting down.");

function refused(reason: string, message: string): Refusal {
  return { reason, message: message.startsWith("Pod was rejected") ? message : `Pod was rejected: ${message}` };
}
