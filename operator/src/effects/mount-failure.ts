// Why the volumes of a pod do not mount. Its status does not say; only the kubelet's events do (S70).
import type { Cluster, KubernetesObject } from "./cluster.ts";
import { events } from "./resources.ts";

/** The message of the pod's last FailedMount event, if the API server still keeps one. */
export async function mountFailureOf(cluster: Cluster, { metadata }: KubernetesObject): Promise<string | undefined> {
  const { namespace = "", uid } = metadata;
  const { items } = await cluster.list(events, { namespace, fieldSelector: `regarding.uid=${uid},reason=FailedMount` });
  return items.at(-1)?.note;
}
