// The Eviction API: a deletion that says in the pod why it came. `kubectl drain` asks for it over HTTP, the nodes' own drain in
// this process. Nothing here has a disruption budget, so it is always granted.
import type { Api, DeleteOptions, ObjectRef } from "./api.ts";
import { builtin } from "./builtin.ts";
import type { Clock } from "./clock.ts";
import { markDisrupted } from "./kubelet/pod-write.ts";
import type { Pod } from "./kubelet/pod.ts";
import { assertPreconditions } from "./objects.ts";
import { notFound } from "./refusal.ts";

/** @throws {Refusal} if the pod is gone, or is not the one that the options ask for. */
export function evictPod(api: Api, clock: Clock, ref: ObjectRef, options: DeleteOptions = {}): void {
  const pod = api.get<Pod>("pods", ref);
  if (!pod) throw notFound(builtin("pods"), ref.name);
  assertPreconditions(builtin("pods"), pod, options);
  markDisrupted(api, clock, pod, "EvictionByEvictionAPI");
  // The condition has made another version of it, which nobody could have asked for.
  const { resourceVersion: _, ...asked } = options;
  api.delete("pods", ref, asked);
}
